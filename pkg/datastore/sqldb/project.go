package sqldb

import (
	"context"
	"database/sql"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// projectRow is a row of the table projects.
type projectRow struct {
	id        string
	createdAt int64
	updatedAt int64
	document  string
}

type projectDocument struct {
	Description string               `json:"description,omitzero"`
	StaticAdmin *staticAdminDocument `json:"staticAdmin,omitempty"`
}

type staticAdminDocument struct {
	Username     string `json:"username,omitzero"`
	PasswordHash string `json:"passwordHash,omitzero"`
}

func projects() *entity[model.Project, projectRow] {
	return &entity[model.Project, projectRow]{
		noun:    "project",
		table:   "projects",
		columns: []string{"id", "created_at", "updated_at", "document"},
		fields:  func(r *projectRow) []any { return []any{&r.id, &r.createdAt, &r.updatedAt, &r.document} },
		id:      func(r *projectRow) string { return r.id },
		toRow:   projectToRow,
		toModel: projectToModel,
	}
}

func projectToRow(p *model.Project) (*projectRow, error) {
	what := "project " + p.ID
	r := &projectRow{id: p.ID, createdAt: toMicros(p.CreatedAt), updatedAt: toMicros(p.UpdatedAt)}
	if err := checkColumns(what, column{"id", p.ID}); err != nil {
		return nil, err
	}
	d := projectDocument{Description: p.Description}
	if p.StaticAdmin != nil {
		d.StaticAdmin = &staticAdminDocument{Username: p.StaticAdmin.Username, PasswordHash: p.StaticAdmin.PasswordHash}
	}
	var err error
	r.document, err = encode(what, d)
	return r, err
}

func projectToModel(r *projectRow) (*model.Project, error) {
	var d projectDocument
	if err := decode("project "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	p := &model.Project{ID: r.id, Description: d.Description, CreatedAt: fromMicros(r.createdAt), UpdatedAt: fromMicros(r.updatedAt)}
	if d.StaticAdmin != nil {
		p.StaticAdmin = &model.StaticAdmin{Username: d.StaticAdmin.Username, PasswordHash: d.StaticAdmin.PasswordHash}
	}
	return p, nil
}

// AddProject implements datastore.Projects.
func (s *Store) AddProject(ctx context.Context, p *model.Project) error {
	row, err := projectToRow(p)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, "adding project "+p.ID, func(tx *sql.Tx, inDoubt bool) error {
		return projects().insert(ctx, s, tx, row, inDoubt)
	})
}

// GetProject implements datastore.Projects.
func (s *Store) GetProject(ctx context.Context, id string) (*model.Project, error) {
	return projects().get(ctx, s, id)
}

// ListProjects implements datastore.Projects.
func (s *Store) ListProjects(ctx context.Context, page datastore.Page) ([]*model.Project, string, error) {
	return projects().list(ctx, s, listing{
		name:      "projects",
		branches:  []branch{{from: "projects", id: "id", key: "id"}},
		ascending: true,
		page:      page,
	})
}

// UpdateProject implements datastore.Projects.
func (s *Store) UpdateProject(ctx context.Context, id string, mutate func(*model.Project) error) (*model.Project, error) {
	return projects().update(ctx, s, change[model.Project, projectRow]{id: id, mutate: mutate})
}
