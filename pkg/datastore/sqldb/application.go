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
			"id", "project_id", "piped_id", "name", "sync_status", "disabled", "deleted", "place", "kind", "created_at", "updated_at", "document",
		},
		fields: func(r *applicationRow) []any {
			return []any{
				&r.id, &r.projectID, &r.pipedID, &r.name, &r.syncStatus, &r.disabled, &r.deleted, &r.place, &r.kind, &r.createdAt, &r.updatedAt, &r.document,
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
	return s.rewrite(ctx, "adding application "+a.ID, func(tx *sql.Tx, inDoubt bool) error {
		if err := applications().insert(ctx, s, tx, row, inDoubt); err != nil {
			return err
		}
		return applicationLabels().insert(ctx, tx, row.labelled())
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
	f.SyncStatuses, f.Kinds = set(f.SyncStatuses), set(f.Kinds) // the same set in another order is the same list
	l := listing{name: "applications", filter: f, page: page}
	where := applicationConditions(f)
	switch {
	case len(f.Labels) > 0:
		addIn(&where, "t.sync_status", f.SyncStatuses)
		l.branches = []branch{applicationLabels().branch(f.ProjectID, f.Labels, where)} // deleted applications have no rows there
	case len(f.SyncStatuses) > 0 && f.PipedID == "":
		// Most applications are synced, and people look for the few that are not: one index range for each status.
		for _, status := range f.SyncStatuses {
			one := listed(f.ProjectID)
			one.add("t.sync_status = ?", int64(status))
			l.branches = append(l.branches, applicationBranch(append(one, where...)))
		}
	default:
		addIn(&where, "t.sync_status", f.SyncStatuses)
		l.branches = []branch{applicationBranch(append(listed(f.ProjectID), where...))}
		l.direct = f.NamePart == "" && len(f.Kinds)+len(f.SyncStatuses) == 0 && f.Disabled == nil
	}
	return l
}

func applicationBranch(where conditions) branch {
	return branch{from: "applications t", id: "t.id", at: "t.updated_at", key: "t.id", where: where}
}

// listed is the condition for the applications that are not deleted.
func listed(projectID string) conditions {
	var where conditions
	addIf(&where, "t.project_id", projectID)
	where.add("t.deleted = ?", false)
	return where
}

// applicationConditions are those of the filter that have no index range of
// their own.
func applicationConditions(f datastore.ApplicationFilter) conditions {
	var where conditions
	addIf(&where, "t.piped_id", f.PipedID)
	addContains(&where, "t.name", f.NamePart)
	addIn(&where, "t.kind", f.Kinds)
	if f.Disabled != nil {
		where.add("t.disabled = ?", *f.Disabled)
	}
	return where
}

// CountApplications implements datastore.Applications.
func (s *Store) CountApplications(ctx context.Context, f datastore.ApplicationFilter) (map[model.SyncStatus]int, error) {
	counts, err := tallies[model.SyncStatus](ctx, s.reader, applicationCount(f))
	return counts, s.coded(ctx, err, "counting applications")
}

func applicationCount(f datastore.ApplicationFilter) query {
	where := applicationConditions(f)
	addIn(&where, "t.sync_status", set(f.SyncStatuses))
	from := "applications t"
	if len(f.Labels) > 0 {
		where.add("t.deleted = ?", false) // also makes the branch join the applications
		b := applicationLabels().branch(f.ProjectID, f.Labels, where)
		from, where = b.from, b.where
	} else {
		where = append(listed(f.ProjectID), where...)
	}
	clause, args := where.clause()
	return query{"SELECT t.sync_status, COUNT(*) FROM " + from + clause + " GROUP BY t.sync_status", args}
}

// CountApplicationsOf implements datastore.Applications.
func (s *Store) CountApplicationsOf(ctx context.Context, pipedIDs []string) (map[string]int, error) {
	if len(pipedIDs) == 0 {
		return map[string]int{}, nil
	}
	if err := checkBatch("piped", pipedIDs); err != nil {
		return nil, err
	}
	q := applicationsOf(pipedIDs)
	counts, err := tallies[string](ctx, s.reader, q)
	return counts, s.coded(ctx, err, "counting the applications of pipeds")
}

func applicationsOf(pipedIDs []string) query {
	var where conditions
	addIn(&where, "piped_id", pipedIDs)
	where.add("deleted = ?", false)
	clause, args := where.clause()
	return query{"SELECT piped_id, COUNT(*) FROM applications" + clause + " GROUP BY piped_id", args}
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
			return applicationLabels().replace(ctx, tx, after.labelled())
		},
	})
}
