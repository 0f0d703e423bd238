package sqldb

import (
	"context"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// Revisions implements datastore.Revisions.
func (s *Store) Revisions(ctx context.Context, noun datastore.Noun, ids []string) (map[string]datastore.Revision, error) {
	if len(ids) == 0 {
		return map[string]datastore.Revision{}, nil
	}
	if err := checkBatch(string(noun), ids); err != nil {
		return nil, err
	}
	q, err := revisionQuery(noun, ids)
	if err != nil {
		return nil, err
	}
	revisions := make(map[string]datastore.Revision, len(ids))
	err = each(ctx, s.reader, q, func(scan scanner) error {
		var (
			id              string
			updated, seenAt int64
		)
		if err := scan(&id, &updated, &seenAt); err != nil {
			return err
		}
		revisions[id] = datastore.Revision{UpdatedAt: fromMicros(updated), SeenAt: fromMicros(seenAt)}
		return nil
	})
	if err != nil {
		return nil, s.coded(ctx, err, "looking whether something changed")
	}
	return revisions, nil
}

func revisionQuery(noun datastore.Noun, ids []string) (query, error) {
	var where conditions
	addIn(&where, "t.id", ids)
	clause, args := where.clause()
	switch noun {
	case datastore.NounApplication:
		return query{"SELECT t.id, t.updated_at, 0 FROM applications t" + clause, args}, nil
	case datastore.NounDeployment:
		return query{"SELECT t.id, t.updated_at, 0 FROM deployments t" + clause, args}, nil
	case datastore.NounCommand:
		return query{"SELECT t.id, t.updated_at, 0 FROM commands t" + clause, args}, nil
	case datastore.NounPiped:
		return query{"SELECT t.id, t.updated_at, s.seen_at FROM pipeds t JOIN piped_seen s ON s.piped_id = t.id" + clause, args}, nil
	default:
		return query{}, model.Errorf(model.CodeInvalid, "nobody follows a %q", noun)
	}
}

// ListRevision implements datastore.Revisions.
func (s *Store) ListRevision(ctx context.Context, noun datastore.Noun, projectID string, online time.Time) (datastore.ListRevision, error) {
	q, err := listRevisionQuery(noun, projectID, toMicros(online))
	if err != nil {
		return datastore.ListRevision{}, err
	}
	var (
		changed, lost int64
		r             datastore.ListRevision
	)
	err = s.reader.QueryRowContext(ctx, q.sql, q.args...).Scan(&changed, &r.Rows, &r.Online, &lost)
	r.ChangedAt, r.LostAt = fromMicros(changed), fromMicros(lost)
	return r, s.coded(ctx, err, "looking whether the list of "+string(noun)+"s changed")
}

func listRevisionQuery(noun datastore.Noun, projectID string, online int64) (query, error) {
	switch noun {
	case datastore.NounApplication: // one look at the end of each index range
		const newest = "SELECT MAX(updated_at) AS at FROM applications WHERE project_id = ? AND deleted = ?"
		return query{"SELECT COALESCE(MAX(n.at), 0), 0, 0, 0 FROM (" + newest + " UNION ALL " + newest + ") n",
			[]any{projectID, false, projectID, true}}, nil
	case datastore.NounDeployment:
		return query{"SELECT COALESCE(MAX(updated_at), 0), 0, 0, 0 FROM deployments WHERE project_id = ?", []any{projectID}}, nil
	case datastore.NounPiped:
		return query{"SELECT COALESCE(MAX(t.updated_at), 0), COUNT(*)," +
			" COALESCE(SUM(CASE WHEN s.seen_at >= ? THEN 1 ELSE 0 END), 0), COALESCE(MAX(CASE WHEN s.seen_at < ? THEN s.seen_at ELSE 0 END), 0)" +
			" FROM pipeds t JOIN piped_seen s ON s.piped_id = t.id WHERE t.project_id = ?", []any{online, online, projectID}}, nil
	case datastore.NounCommand:
	}
	return query{}, model.Errorf(model.CodeInvalid, "a project has no list of %ss", noun)
}
