package datastore

import (
	"context"

	"pipecd/pkg/model"
)

// ChainStart is all that begins with a deployment chain.
type ChainStart struct {
	Chain    *model.DeploymentChain
	First    *model.Deployment // of the chain's first block
	Commands []*model.Command  // ask the agents for the deployments of the later blocks
}

// Chains holds the deployment chains.
type Chains interface {
	// StartChain stores the chain, its first deployment and its commands under the fence: all of them or none.
	// CodeAlreadyExists when one of the ids is taken.
	StartChain(ctx context.Context, fence model.Fence, start ChainStart) error
	// GetChain returns the chain. CodeNotFound.
	GetChain(ctx context.Context, id string) (*model.DeploymentChain, error)
	// ListChains returns one page of a project's chains by (CreatedAt, ID), newest first.
	ListChains(ctx context.Context, projectID string, page Page) ([]*model.DeploymentChain, string, error)
	// UpdateChain changes a chain by compare-and-set under the fence.
	UpdateChain(ctx context.Context, fence model.Fence, id string, mutate func(*model.DeploymentChain) error) (*model.DeploymentChain, error)
}
