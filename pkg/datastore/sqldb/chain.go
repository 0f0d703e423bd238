package sqldb

import (
	"context"
	"database/sql"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// chainRow is a row of the table deployment_chains.
type chainRow struct {
	id        string
	projectID string
	createdAt int64
	updatedAt int64
	document  string
}

type chainDocument struct {
	Status      int32                `json:"status"`
	Blocks      []chainBlockDocument `json:"blocks,omitempty"`
	CompletedAt int64                `json:"completedAt,omitzero"`
}

type chainBlockDocument struct {
	Nodes       []chainNodeDocument `json:"nodes,omitempty"`
	Status      int32               `json:"status"`
	StartedAt   int64               `json:"startedAt,omitzero"`
	CompletedAt int64               `json:"completedAt,omitzero"`
}

type chainNodeDocument struct {
	ApplicationID   string                   `json:"applicationId,omitzero"`
	ApplicationName string                   `json:"applicationName,omitzero"`
	Deployment      *chainDeploymentDocument `json:"deployment,omitempty"`
}

type chainDeploymentDocument struct {
	ID     string                 `json:"id,omitzero"`
	Status model.DeploymentStatus `json:"status"`
	Reason string                 `json:"reason,omitzero"`
}

func chains() *entity[model.DeploymentChain, chainRow] {
	return &entity[model.DeploymentChain, chainRow]{
		noun:    "deployment chain",
		table:   "deployment_chains",
		columns: []string{"id", "project_id", "created_at", "updated_at", "document"},
		fields: func(r *chainRow) []any {
			return []any{&r.id, &r.projectID, &r.createdAt, &r.updatedAt, &r.document}
		},
		id:      func(r *chainRow) string { return r.id },
		toRow:   chainToRow,
		toModel: chainToModel,
	}
}

func chainToRow(c *model.DeploymentChain) (*chainRow, error) {
	what := "deployment chain " + c.ID
	if err := checkColumns(what, column{"id", c.ID}, column{"project", c.ProjectID}); err != nil {
		return nil, err
	}
	document, err := encode(what, chainDocument{
		Status:      int32(c.Status),
		Blocks:      mapSlice(c.Blocks, chainBlockToDocument),
		CompletedAt: toMicros(c.CompletedAt),
	})
	return &chainRow{
		id: c.ID, projectID: c.ProjectID, createdAt: toMicros(c.CreatedAt), updatedAt: toMicros(c.UpdatedAt), document: document,
	}, err
}

func chainBlockToDocument(b model.ChainBlock) chainBlockDocument {
	return chainBlockDocument{
		Nodes: mapSlice(b.Nodes, func(n model.ChainNode) chainNodeDocument {
			return chainNodeDocument{n.ApplicationID, n.ApplicationName, (*chainDeploymentDocument)(n.Deployment)}
		}),
		Status: int32(b.Status), StartedAt: toMicros(b.StartedAt), CompletedAt: toMicros(b.CompletedAt),
	}
}

func chainToModel(r *chainRow) (*model.DeploymentChain, error) {
	var d chainDocument
	if err := decode("deployment chain "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	return &model.DeploymentChain{
		ID: r.id, ProjectID: r.projectID,
		Status:      model.ChainStatus(d.Status),
		Blocks:      mapSlice(d.Blocks, chainBlockToModel),
		CompletedAt: fromMicros(d.CompletedAt),
		CreatedAt:   fromMicros(r.createdAt),
		UpdatedAt:   fromMicros(r.updatedAt),
	}, nil
}

func chainBlockToModel(b chainBlockDocument) model.ChainBlock {
	return model.ChainBlock{
		Nodes: mapSlice(b.Nodes, func(n chainNodeDocument) model.ChainNode {
			return model.ChainNode{ApplicationID: n.ApplicationID, ApplicationName: n.ApplicationName, Deployment: (*model.ChainDeployment)(n.Deployment)}
		}),
		Status: model.ChainStatus(b.Status), StartedAt: fromMicros(b.StartedAt), CompletedAt: fromMicros(b.CompletedAt),
	}
}

// StartChain implements datastore.Chains.
func (s *Store) StartChain(ctx context.Context, fence model.Fence, start datastore.ChainStart) error {
	chain, err := chainToRow(start.Chain)
	if err != nil {
		return err
	}
	first, err := deploymentToRow(start.First)
	if err != nil {
		return err
	}
	asked := make([]*commandRow, len(start.Commands))
	for i, c := range start.Commands {
		if asked[i], err = commandToRow(c); err != nil {
			return err
		}
	}
	return s.rewrite(ctx, "starting deployment chain "+chain.id, func(tx *sql.Tx, inDoubt bool) error {
		if err := s.checkFence(ctx, tx, fence); err != nil {
			return err
		}
		if err := chains().insert(ctx, s, tx, chain, inDoubt); err != nil {
			return err
		}
		if err := deployments().insert(ctx, s, tx, first, false); err != nil {
			return err
		}
		if err := deploymentLabels().insert(ctx, tx, first.labelled()); err != nil {
			return err
		}
		for _, row := range asked {
			if err := commands().insert(ctx, s, tx, row, false); err != nil {
				return err
			}
		}
		return nil
	})
}

// GetChain implements datastore.Chains.
func (s *Store) GetChain(ctx context.Context, id string) (*model.DeploymentChain, error) {
	return chains().get(ctx, s, id)
}

// ListChains implements datastore.Chains.
func (s *Store) ListChains(ctx context.Context, projectID string, page datastore.Page) ([]*model.DeploymentChain, string, error) {
	return chains().list(ctx, s, chainListing(projectID, page))
}

func chainListing(projectID string, page datastore.Page) listing {
	var where conditions
	where.add("t.project_id = ?", projectID)
	return listing{
		name:     "deployment chains",
		filter:   projectID,
		branches: []branch{{from: "deployment_chains t", id: "t.id", at: "t.created_at", key: "t.id", where: where}},
		page:     page,
	}
}

// UpdateChain implements datastore.Chains.
func (s *Store) UpdateChain(
	ctx context.Context, fence model.Fence, id string, mutate func(*model.DeploymentChain) error,
) (*model.DeploymentChain, error) {
	return chains().update(ctx, s, change[model.DeploymentChain, chainRow]{id: id, fence: fence, mutate: mutate})
}
