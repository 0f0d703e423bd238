package sqldb

import (
	"context"
	"database/sql"
	"fmt"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func applications() *entity[model.Application, applicationRow] {
	return &entity[model.Application, applicationRow]{
		noun:  "application",
		table: "applications",
		columns: []string{
			"id", "project_id", "piped_id", "name", "sync_status", "disabled", "deleted", "place", "created_at", "updated_at", "document",
		},
		fields: func(r *applicationRow) []any {
			return []any{
				&r.id, &r.projectID, &r.pipedID, &r.name, &r.syncStatus, &r.disabled, &r.deleted, &r.place, &r.createdAt, &r.updatedAt, &r.document,
			}
		},
		id:      func(r *applicationRow) string { return r.id },
		toRow:   applicationToRow,
		toModel: applicationToModel,
		taken: func(r *applicationRow) string {
			return fmt.Sprintf("project %q has an application with the configuration file %s already; each configuration file is one application",
				r.projectID, r.placeName)
		},
	}
}

// AddApplication implements datastore.Applications.
func (s *Store) AddApplication(ctx context.Context, a *model.Application) error {
	row, err := applicationToRow(a)
	if err != nil {
		return err
	}
	return s.write(ctx, "adding application "+a.ID, func(tx *sql.Tx) error {
		if err := applications().insert(ctx, s, tx, row); err != nil {
			return err
		}
		return applicationLabels.insert(ctx, tx, row.labelled())
	})
}

// GetApplication implements datastore.Applications.
func (s *Store) GetApplication(ctx context.Context, id string) (*model.Application, error) {
	return applications().get(ctx, s, id)
}

// ListApplications implements datastore.Applications.
func (s *Store) ListApplications(ctx context.Context, f datastore.ApplicationFilter, page datastore.Page) ([]*model.Application, string, error) {
	return applications().list(ctx, s, applicationListing(f, page))
}

func applicationListing(f datastore.ApplicationFilter, page datastore.Page) listing {
	var where conditions
	addIf(&where, "t.piped_id", f.PipedID)
	addIf(&where, "t.name", f.Name)
	if f.SyncStatus != nil {
		where.add("t.sync_status = ?", int64(*f.SyncStatus))
	}
	if f.Disabled != nil {
		where.add("t.disabled = ?", *f.Disabled)
	}
	l := listing{name: "applications", filter: f, page: page}
	if len(f.Labels) > 0 { // deleted applications have no rows there
		l.branches = []branch{applicationLabels.branch(f.ProjectID, f.Labels, where)}
		return l
	}
	addIf(&where, "t.project_id", f.ProjectID)
	where.add("t.deleted = ?", false)
	l.branches = []branch{{from: "applications t", id: "t.id", at: "t.updated_at", key: "t.id", where: where}}
	return l
}

// UpdateApplication implements datastore.Applications.
func (s *Store) UpdateApplication(
	ctx context.Context, fence model.Fence, id string, mutate func(*model.Application) error,
) (*model.Application, error) {
	return applications().update(ctx, s, change[model.Application, applicationRow]{
		id:     id,
		fence:  fence,
		mutate: mutate,
		also: func(ctx context.Context, tx *sql.Tx, before, after *applicationRow) error {
			if before.sameLabels(after) {
				return nil
			}
			return applicationLabels.replace(ctx, tx, after.labelled())
		},
	})
}
