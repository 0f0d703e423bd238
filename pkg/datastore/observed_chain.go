package datastore

import (
	"context"

	"pipecd/pkg/model"
)

// Aggregates of events and chains, as the metrics call them.
const (
	aggregateEvents = "events"
	aggregateChains = "chains"
)

// AddEvent implements Events.
func (s observed) AddEvent(ctx context.Context, e *model.Event) (err error) {
	ctx, end := s.begin(ctx, aggregateEvents, "AddEvent")
	defer func() { end("", err) }()
	return s.Store.AddEvent(ctx, e)
}

// GetEvent implements Events.
func (s observed) GetEvent(ctx context.Context, id string) (found *model.Event, err error) {
	ctx, end := s.begin(ctx, aggregateEvents, "GetEvent")
	defer func() { end("", err) }()
	return s.Store.GetEvent(ctx, id)
}

// LatestEvent implements Events.
func (s observed) LatestEvent(ctx context.Context, projectID, key string) (found *model.Event, err error) {
	ctx, end := s.begin(ctx, aggregateEvents, "LatestEvent")
	defer func() { end("", err) }()
	return s.Store.LatestEvent(ctx, projectID, key)
}

// ListEvents implements Events.
func (s observed) ListEvents(ctx context.Context, f EventFilter, page Page) (list []*model.Event, next string, err error) {
	ctx, end := s.begin(ctx, aggregateEvents, "ListEvents")
	defer func() { end("", err) }()
	return s.Store.ListEvents(ctx, f, page)
}

// UpdateEvent implements Events.
func (s observed) UpdateEvent(ctx context.Context, fence model.Fence, id string, mutate func(*model.Event) error) (found *model.Event, err error) {
	ctx, end := s.begin(ctx, aggregateEvents, "UpdateEvent")
	defer func() { end("", err) }()
	return s.Store.UpdateEvent(ctx, fence, id, mutate)
}

// StartChain implements Chains.
func (s observed) StartChain(ctx context.Context, fence model.Fence, start ChainStart) (err error) {
	ctx, end := s.begin(ctx, aggregateChains, "StartChain")
	defer func() { end("", err) }()
	return s.Store.StartChain(ctx, fence, start)
}

// GetChain implements Chains.
func (s observed) GetChain(ctx context.Context, id string) (found *model.DeploymentChain, err error) {
	ctx, end := s.begin(ctx, aggregateChains, "GetChain")
	defer func() { end("", err) }()
	return s.Store.GetChain(ctx, id)
}

// ListChains implements Chains.
func (s observed) ListChains(ctx context.Context, projectID string, page Page) (list []*model.DeploymentChain, next string, err error) {
	ctx, end := s.begin(ctx, aggregateChains, "ListChains")
	defer func() { end("", err) }()
	return s.Store.ListChains(ctx, projectID, page)
}

// UpdateChain implements Chains.
func (s observed) UpdateChain(ctx context.Context, fence model.Fence, id string, mutate func(*model.DeploymentChain) error) (found *model.DeploymentChain, err error) {
	ctx, end := s.begin(ctx, aggregateChains, "UpdateChain")
	defer func() { end("", err) }()
	return s.Store.UpdateChain(ctx, fence, id, mutate)
}
