package sqldb

import (
	"context"
	"database/sql"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func deployments() *entity[model.Deployment, deploymentRow] {
	return &entity[model.Deployment, deploymentRow]{
		noun:  "deployment",
		table: "deployments",
		columns: []string{
			"id", "project_id", "piped_id", "application_id", "application_name", "status", "completed", "kind", "created_at", "updated_at", "document",
		},
		fields: func(r *deploymentRow) []any {
			return []any{
				&r.id, &r.projectID, &r.pipedID, &r.applicationID, &r.applicationName, &r.status, &r.completed, &r.kind, &r.createdAt, &r.updatedAt, &r.document,
			}
		},
		id:      func(r *deploymentRow) string { return r.id },
		toRow:   deploymentToRow,
		toModel: deploymentToModel,
	}
}

// CreateDeployment implements datastore.Deployments.
func (s *Store) CreateDeployment(ctx context.Context, fence model.Fence, d *model.Deployment) error {
	row, err := deploymentToRow(d)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, "creating deployment "+d.ID, func(tx *sql.Tx, inDoubt bool) error {
		if err := s.checkFence(ctx, tx, fence); err != nil {
			return err
		}
		if err := deployments().insert(ctx, s, tx, row, inDoubt); err != nil {
			return err
		}
		return deploymentLabels().insert(ctx, tx, row.labelled())
	})
}

// GetDeployment implements datastore.Deployments.
func (s *Store) GetDeployment(ctx context.Context, id string) (*model.Deployment, error) {
	return deployments().get(ctx, s, id)
}

// GetDeployments implements datastore.Deployments.
func (s *Store) GetDeployments(ctx context.Context, ids []string) ([]*model.Deployment, error) {
	return deployments().some(ctx, s, ids)
}

// ListDeployments implements datastore.Deployments.
func (s *Store) ListDeployments(ctx context.Context, f datastore.DeploymentFilter, page datastore.Page) ([]*model.Deployment, string, error) {
	return deployments().list(ctx, s, deploymentListing(f, page))
}

func deploymentListing(f datastore.DeploymentFilter, page datastore.Page) listing {
	f.Statuses, f.Kinds = set(f.Statuses), set(f.Kinds) // the same set in another order is the same list
	var where conditions
	addIf(&where, "t.piped_id", f.PipedID)
	addIf(&where, "t.application_id", f.ApplicationID)
	owned := len(where) > 0
	addContains(&where, "t.application_name", f.ApplicationNamePart)
	l := listing{name: "deployments", filter: f, page: page}
	switch {
	case len(f.Labels) > 0:
		addIn(&where, "t.kind", f.Kinds)
		addIn(&where, "t.status", f.Statuses)
		l.branches = []branch{deploymentLabels().branch(f.ProjectID, f.Labels, where)}
	case !owned && len(f.Statuses)+len(f.Kinds) > 0:
		l.branches = rareBranches(f, where)
	default:
		addIf(&where, "t.project_id", f.ProjectID)
		addIn(&where, "t.kind", f.Kinds)
		addIn(&where, "t.status", f.Statuses)
		l.branches = []branch{deploymentBranch(where)}
		l.direct = f.ApplicationNamePart == "" && len(f.Kinds)+len(f.Statuses) == 0
	}
	return l
}

// rareBranches are one index range for each status and kind: the history of a
// project is long, and the deployments of a status or a kind may be few.
func rareBranches(f datastore.DeploymentFilter, where conditions) []branch {
	var branches []branch
	add := func(status model.DeploymentStatus, kinds ...model.ApplicationKind) {
		one := make(conditions, 0, 3+len(where))
		addIf(&one, "t.project_id", f.ProjectID)
		for _, kind := range kinds {
			one.add("t.kind = ?", int64(kind))
		}
		one.add("t.status = ?", int64(status))
		branches = append(branches, deploymentBranch(append(one, where...)))
	}
	statuses := f.Statuses
	if len(statuses) == 0 {
		statuses = model.DeploymentStatuses()
	}
	for _, status := range statuses {
		for _, kind := range f.Kinds {
			add(status, kind)
		}
		if len(f.Kinds) == 0 {
			add(status)
		}
	}
	return branches
}

func deploymentBranch(where conditions) branch {
	return branch{from: "deployments t", id: "t.id", at: "t.created_at", key: "t.id", where: where}
}

// ListOpenDeployments implements datastore.Deployments.
func (s *Store) ListOpenDeployments(ctx context.Context, pipedID string, page datastore.Page) ([]*model.Deployment, string, error) {
	return deployments().list(ctx, s, openListing(pipedID, page))
}

func openListing(pipedID string, page datastore.Page) listing {
	var where conditions
	where.add("t.piped_id = ?", pipedID)
	where.add("t.completed = ?", false)
	return listing{
		name:      "open deployments",
		direct:    true,
		filter:    pipedID,
		branches:  []branch{deploymentBranch(where)},
		ascending: true,
		page:      page,
	}
}

// UpdateDeployment implements datastore.Deployments.
func (s *Store) UpdateDeployment(
	ctx context.Context, fence model.Fence, id string, mutate func(*model.Deployment) error,
) (*model.Deployment, error) {
	return deployments().update(ctx, s, change[model.Deployment, deploymentRow]{
		id:     id,
		fence:  fence,
		mutate: mutate,
		also: func(ctx context.Context, tx *sql.Tx, before, after *deploymentRow) error {
			if before.sameLabels(after) {
				return nil
			}
			return deploymentLabels().replace(ctx, tx, after.labelled())
		},
	})
}
