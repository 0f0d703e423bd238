package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func pipeds() *entity[model.Piped, pipedRow] {
	return &entity[model.Piped, pipedRow]{
		noun:    "piped",
		table:   "pipeds",
		columns: []string{"id", "project_id", "name", "created_at", "updated_at", "document"},
		// Signs of life come several times a minute. They have a table of their own, so that they
		// neither rewrite the agent's document nor get in the way of a compare-and-set on it.
		join:   "JOIN piped_seen s ON s.piped_id = t.id",
		joined: []string{"s.seen_at"},
		fields: func(r *pipedRow) []any {
			return []any{&r.id, &r.projectID, &r.name, &r.createdAt, &r.updatedAt, &r.document, &r.seenAt}
		},
		id:      func(r *pipedRow) string { return r.id },
		toRow:   pipedToRow,
		toModel: pipedToModel,
		taken: func(r *pipedRow) string {
			return fmt.Sprintf("project %q has a piped with the name %q already; choose another name", r.projectID, r.name)
		},
	}
}

// AddPiped implements datastore.Pipeds.
func (s *Store) AddPiped(ctx context.Context, p *model.Piped) error {
	row, err := pipedToRow(p)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, "adding piped "+p.ID, func(tx *sql.Tx, inDoubt bool) error {
		if err := pipeds().insert(ctx, s, tx, row, inDoubt); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO piped_seen (piped_id, seen_at) VALUES (?, ?)", row.id, row.seenAt)
		return err
	})
}

// GetPiped implements datastore.Pipeds.
func (s *Store) GetPiped(ctx context.Context, id string) (*model.Piped, error) {
	return pipeds().get(ctx, s, id)
}

// GetPipeds implements datastore.Pipeds.
func (s *Store) GetPipeds(ctx context.Context, ids []string) ([]*model.Piped, error) {
	return pipeds().some(ctx, s, ids)
}

// ListPipeds implements datastore.Pipeds.
func (s *Store) ListPipeds(ctx context.Context, projectID string, page datastore.Page) ([]*model.Piped, string, error) {
	return pipeds().list(ctx, s, pipedListing(projectID, page))
}

func pipedListing(projectID string, page datastore.Page) listing {
	var where conditions
	where.add("t.project_id = ?", projectID)
	return listing{
		name:      "pipeds",
		filter:    projectID,
		branches:  []branch{{from: "pipeds t", id: "t.id", key: "t.name", where: where}},
		ascending: true,
		page:      page,
	}
}

// UpdatePiped implements datastore.Pipeds.
func (s *Store) UpdatePiped(ctx context.Context, id string, mutate func(*model.Piped) error) (*model.Piped, error) {
	return pipeds().update(ctx, s, change[model.Piped, pipedRow]{
		id:     id,
		mutate: mutate,
		also: func(ctx context.Context, tx *sql.Tx, before, after *pipedRow) error {
			if after.seenAt <= before.seenAt {
				after.seenAt = before.seenAt // the time never moves back
				return nil
			}
			_, err := tx.ExecContext(ctx, touch, after.seenAt, id, after.seenAt)
			return err
		},
	})
}

const touch = "UPDATE piped_seen SET seen_at = ? WHERE piped_id = ? AND seen_at < ?"

// TouchPiped implements datastore.Pipeds.
func (s *Store) TouchPiped(ctx context.Context, id string, now time.Time) error {
	doing := "recording a sign of life of piped " + id
	at := toMicros(now)
	n, err := s.execute(ctx, doing, query{touch, []any{at, id, at}})
	if err != nil || n > 0 {
		return err
	}
	var seen int64 // nothing written: there is a later sign of life, or no such agent
	err = s.reader.QueryRowContext(ctx, "SELECT seen_at FROM piped_seen WHERE piped_id = ?", id).Scan(&seen)
	if errors.Is(err, sql.ErrNoRows) {
		return pipeds().missing(id)
	}
	return s.coded(ctx, err, doing)
}

// TouchPipeds implements datastore.Pipeds.
func (s *Store) TouchPipeds(ctx context.Context, ids []string, now time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	if err := checkBatch("piped", ids); err != nil {
		return err
	}
	at := toMicros(now)
	var where conditions
	addIn(&where, "piped_id", slices.Sorted(slices.Values(ids)))
	where.add("seen_at < ?", at)
	clause, args := where.clause()
	_, err := s.execute(ctx, "recording signs of life", query{"UPDATE piped_seen SET seen_at = ?" + clause, append([]any{at}, args...)})
	return err
}
