package sqldb

import (
	"context"
	"database/sql"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// eventRow is a row of the table events.
type eventRow struct {
	id        string
	projectID string
	key       string
	status    int32
	createdAt int64
	updatedAt int64
	document  string
}

type eventDocument struct {
	Name              string            `json:"name"`
	Data              string            `json:"data"`
	Labels            map[string]string `json:"labels,omitempty"`
	StatusDescription string            `json:"statusDescription,omitzero"`
	Contexts          map[string]string `json:"contexts,omitempty"`
	TriggerCommitHash string            `json:"triggerCommitHash,omitzero"`
	HandledAt         int64             `json:"handledAt,omitzero"`
}

func events() *entity[model.Event, eventRow] {
	return &entity[model.Event, eventRow]{
		noun:    "event",
		table:   "events",
		columns: []string{"id", "project_id", "event_key", "status", "created_at", "updated_at", "document"},
		fields: func(r *eventRow) []any {
			return []any{&r.id, &r.projectID, &r.key, &r.status, &r.createdAt, &r.updatedAt, &r.document}
		},
		id:      func(r *eventRow) string { return r.id },
		toRow:   eventToRow,
		toModel: eventToModel,
	}
}

func eventToRow(e *model.Event) (*eventRow, error) {
	what := "event " + e.ID
	if err := checkColumns(what, column{"id", e.ID}, column{"project", e.ProjectID}); err != nil {
		return nil, err
	}
	document, err := encode(what, eventDocument{
		Name:              e.Name,
		Data:              e.Data,
		Labels:            e.Labels,
		StatusDescription: e.StatusDescription,
		Contexts:          e.Contexts,
		TriggerCommitHash: e.TriggerCommitHash,
		HandledAt:         toMicros(e.HandledAt),
	})
	return &eventRow{
		id: e.ID, projectID: e.ProjectID, key: e.Key(), status: int32(e.Status),
		createdAt: toMicros(e.CreatedAt), updatedAt: toMicros(e.UpdatedAt), document: document,
	}, err
}

func eventToModel(r *eventRow) (*model.Event, error) {
	var d eventDocument
	if err := decode("event "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	return &model.Event{
		ID: r.id, Name: d.Name, Data: d.Data, ProjectID: r.projectID, Labels: d.Labels,
		Status:            model.EventStatus(r.status),
		StatusDescription: d.StatusDescription,
		Contexts:          d.Contexts,
		TriggerCommitHash: d.TriggerCommitHash,
		HandledAt:         fromMicros(d.HandledAt),
		CreatedAt:         fromMicros(r.createdAt),
		UpdatedAt:         fromMicros(r.updatedAt),
	}, nil
}

// AddEvent implements datastore.Events.
func (s *Store) AddEvent(ctx context.Context, e *model.Event) error {
	row, err := eventToRow(e)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, "adding event "+e.ID, func(tx *sql.Tx, inDoubt bool) error {
		return events().insert(ctx, s, tx, row, inDoubt)
	})
}

// GetEvent implements datastore.Events.
func (s *Store) GetEvent(ctx context.Context, id string) (*model.Event, error) {
	return events().get(ctx, s, id)
}

// LatestEvent implements datastore.Events.
func (s *Store) LatestEvent(ctx context.Context, projectID, key string) (*model.Event, error) {
	list, _, err := events().list(ctx, s, latestEventListing(projectID, key))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, model.Errorf(model.CodeNotFound, "project %q has no event with the key %s", projectID, key)
	}
	return list[0], nil
}

func latestEventListing(projectID, key string) listing {
	var where conditions
	where.add("t.project_id = ?", projectID)
	where.add("t.event_key = ?", key)
	return listing{
		name:     "events of a key",
		filter:   []string{projectID, key},
		branches: []branch{eventBranch(where)},
		page:     datastore.Page{Size: 1},
	}
}

func eventBranch(where conditions) branch {
	return branch{from: "events t", id: "t.id", at: "t.created_at", key: "t.id", where: where}
}

// ListEvents implements datastore.Events.
func (s *Store) ListEvents(ctx context.Context, f datastore.EventFilter, page datastore.Page) ([]*model.Event, string, error) {
	return events().list(ctx, s, eventListing(f, page))
}

func eventListing(f datastore.EventFilter, page datastore.Page) listing {
	var where conditions
	addIf(&where, "t.project_id", f.ProjectID)
	if f.Status != nil {
		where.add("t.status = ?", int64(*f.Status))
	}
	if !f.From.IsZero() {
		where.add("t.created_at >= ?", toMicros(f.From))
	}
	if !f.To.IsZero() {
		where.add("t.created_at < ?", toMicros(f.To))
	}
	return listing{name: "events", filter: f, branches: []branch{eventBranch(where)}, ascending: f.Ascending, page: page}
}

// UpdateEvent implements datastore.Events.
func (s *Store) UpdateEvent(ctx context.Context, fence model.Fence, id string, mutate func(*model.Event) error) (*model.Event, error) {
	return events().update(ctx, s, change[model.Event, eventRow]{id: id, fence: fence, mutate: mutate})
}
