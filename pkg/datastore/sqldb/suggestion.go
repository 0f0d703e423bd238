package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"pipecd/pkg/model"
)

type suggestionDocument struct {
	Name           string            `json:"name,omitzero"`
	Kind           int32             `json:"kind"`
	Labels         map[string]string `json:"labels,omitempty"`
	Description    string            `json:"description,omitzero"`
	RepoID         string            `json:"repoId,omitzero"`
	Path           string            `json:"path,omitzero"`
	ConfigFilename string            `json:"configFilename,omitzero"`
}

func suggestionToDocument(i model.ApplicationInfo) suggestionDocument {
	return suggestionDocument{
		Name: i.Name, Kind: int32(i.Kind), Labels: i.Labels, Description: i.Description,
		RepoID: i.RepoID, Path: i.Path, ConfigFilename: i.ConfigFilename,
	}
}

func (d suggestionDocument) toModel(pipedID string) model.ApplicationInfo {
	labels := d.Labels
	if len(labels) == 0 {
		labels = nil
	}
	return model.ApplicationInfo{
		Name: d.Name, Kind: model.ApplicationKind(d.Kind), Labels: labels, Description: d.Description, PipedID: pipedID,
		RepoID: d.RepoID, Path: d.Path, ConfigFilename: d.ConfigFilename,
	}
}

// PutSuggestions implements datastore.Suggestions. All of an agent's are one
// row: they are only ever replaced together.
func (s *Store) PutSuggestions(ctx context.Context, fence model.Fence, pipedID string, found []model.ApplicationInfo) error {
	what := "the suggestions of piped " + pipedID
	if len(found) > model.MaxSuggestions {
		return model.Errorf(model.CodeInvalid, "%s are %d applications; at most %d are kept", what, len(found), model.MaxSuggestions)
	}
	document, err := encode(what, mapSlice(found, suggestionToDocument))
	if err != nil {
		return err
	}
	return s.rewrite(ctx, "storing "+what, func(tx *sql.Tx, _ bool) error {
		if err := s.checkFence(ctx, tx, fence); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM suggestions WHERE piped_id = ?", pipedID); err != nil {
			return fmt.Errorf("removing the earlier ones: %w", err)
		}
		if len(found) == 0 {
			return nil
		}
		var projectID string
		err := tx.QueryRowContext(ctx, "SELECT project_id FROM pipeds WHERE id = ?", pipedID).Scan(&projectID)
		if errors.Is(err, sql.ErrNoRows) {
			return pipeds().missing(pipedID)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO suggestions (piped_id, project_id, document) VALUES (?, ?, ?)", pipedID, projectID, document)
		return err
	})
}

// ListSuggestions implements datastore.Suggestions.
func (s *Store) ListSuggestions(ctx context.Context, projectID string) ([]model.ApplicationInfo, error) {
	doing := "reading the suggestions of project " + projectID
	var found []model.ApplicationInfo
	q := query{"SELECT piped_id, document FROM suggestions WHERE project_id = ?", []any{projectID}}
	err := each(ctx, s.reader, q, func(scan scanner) error {
		var (
			id, document string
			list         []suggestionDocument
		)
		if err := scan(&id, &document); err != nil {
			return err
		}
		if err := decode("suggestion of piped "+id, document, &list); err != nil {
			return err
		}
		for _, d := range list {
			found = append(found, d.toModel(id))
		}
		return nil
	})
	if err != nil {
		return nil, s.coded(ctx, err, doing)
	}
	taken, err := s.taken(ctx, projectID, found)
	if err != nil {
		return nil, s.coded(ctx, err, doing)
	}
	found = slices.DeleteFunc(found, func(i model.ApplicationInfo) bool { return taken[placeOf(projectID, i.GitPath())] })
	model.SortSuggestions(found)
	return found, nil
}

// taken returns the places among those found where an application lives.
func (s *Store) taken(ctx context.Context, projectID string, found []model.ApplicationInfo) (map[string]bool, error) {
	const perQuery = 500
	taken := make(map[string]bool)
	for chunk := range slices.Chunk(found, perQuery) {
		var where conditions
		addIn(&where, "place", mapSlice(chunk, func(i model.ApplicationInfo) string { return placeOf(projectID, i.GitPath()) }))
		clause, args := where.clause()
		err := each(ctx, s.reader, query{"SELECT place FROM applications" + clause, args}, func(scan scanner) error {
			var place string
			err := scan(&place)
			taken[place] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return taken, nil
}
