package sqldb

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// commandRow is a row of the table commands.
type commandRow struct {
	id        string
	projectID string
	pipedID   string
	status    int32
	createdAt int64
	updatedAt int64
	document  string
}

type commandDocument struct {
	ApplicationID string            `json:"applicationId,omitzero"`
	DeploymentID  string            `json:"deploymentId,omitzero"`
	StageID       string            `json:"stageId,omitzero"`
	Commander     string            `json:"commander,omitzero"`
	Type          int32             `json:"type"`
	SyncStrategy  int32             `json:"syncStrategy"`
	ChainID       string            `json:"chainId,omitzero"`
	ChainBlock    uint32            `json:"chainBlock,omitzero"`
	Rollback      int32             `json:"rollback,omitzero"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	HandledAt     int64             `json:"handledAt,omitzero"`
}

func commands() *entity[model.Command, commandRow] {
	return &entity[model.Command, commandRow]{
		noun:    "command",
		table:   "commands",
		columns: []string{"id", "project_id", "piped_id", "status", "created_at", "updated_at", "document"},
		fields: func(r *commandRow) []any {
			return []any{&r.id, &r.projectID, &r.pipedID, &r.status, &r.createdAt, &r.updatedAt, &r.document}
		},
		id:      func(r *commandRow) string { return r.id },
		toRow:   commandToRow,
		toModel: commandToModel,
	}
}

func commandToRow(c *model.Command) (*commandRow, error) {
	what := "command " + c.ID
	if err := checkColumns(what, column{"id", c.ID}, column{"project", c.ProjectID}, column{"piped", c.PipedID}); err != nil {
		return nil, err
	}
	document, err := encode(what, commandDocument{
		ApplicationID: c.ApplicationID,
		DeploymentID:  c.DeploymentID,
		StageID:       c.StageID,
		Commander:     c.Commander,
		Type:          int32(c.Type),
		SyncStrategy:  int32(c.SyncStrategy),
		ChainID:       c.ChainID,
		ChainBlock:    c.ChainBlock,
		Rollback:      int32(c.Rollback),
		Metadata:      c.Metadata,
		HandledAt:     toMicros(c.HandledAt),
	})
	return &commandRow{
		id: c.ID, projectID: c.ProjectID, pipedID: c.PipedID, status: int32(c.Status),
		createdAt: toMicros(c.CreatedAt), updatedAt: toMicros(c.UpdatedAt), document: document,
	}, err
}

func commandToModel(r *commandRow) (*model.Command, error) {
	var d commandDocument
	if err := decode("command "+r.id, r.document, &d); err != nil {
		return nil, err
	}
	return &model.Command{
		ID: r.id, PipedID: r.pipedID, ProjectID: r.projectID,
		ApplicationID: d.ApplicationID, DeploymentID: d.DeploymentID, StageID: d.StageID,
		Commander:    d.Commander,
		Type:         model.CommandType(d.Type),
		SyncStrategy: model.SyncStrategy(d.SyncStrategy),
		ChainID:      d.ChainID,
		ChainBlock:   d.ChainBlock,
		Rollback:     model.RollbackChoice(d.Rollback),
		Status:       model.CommandStatus(r.status),
		Metadata:     d.Metadata,
		HandledAt:    fromMicros(d.HandledAt),
		CreatedAt:    fromMicros(r.createdAt),
		UpdatedAt:    fromMicros(r.updatedAt),
	}, nil
}

// AddCommand implements datastore.Commands.
func (s *Store) AddCommand(ctx context.Context, c *model.Command) error {
	row, err := commandToRow(c)
	if err != nil {
		return err
	}
	return s.rewrite(ctx, "adding command "+c.ID, func(tx *sql.Tx, inDoubt bool) error {
		return commands().insert(ctx, s, tx, row, inDoubt)
	})
}

// GetCommand implements datastore.Commands.
func (s *Store) GetCommand(ctx context.Context, id string) (*model.Command, error) {
	return commands().get(ctx, s, id)
}

// ListUnhandledCommands implements datastore.Commands.
func (s *Store) ListUnhandledCommands(ctx context.Context, pipedID string) ([]*model.Command, error) {
	list, _, err := commands().list(ctx, s, unhandledListing(pipedID))
	return list, err
}

func unhandledListing(pipedID string) listing {
	var where conditions
	where.add("t.piped_id = ?", pipedID)
	where.add("t.status = ?", int64(model.CommandNotHandled))
	return listing{
		name:      "unhandled commands",
		direct:    true,
		filter:    pipedID,
		branches:  []branch{{from: "commands t", id: "t.id", at: "t.created_at", key: "t.id", where: where}},
		ascending: true,
		page:      datastore.Page{Size: datastore.MaxPageSize},
	}
}

// WaitingCommands implements datastore.Commands.
func (s *Store) WaitingCommands(ctx context.Context) (map[string]string, error) {
	waiting := make(map[string]string)
	err := each(ctx, s.reader, waitingQuery(), func(scan scanner) error {
		var id, pipedID string
		if err := scan(&id, &pipedID); err != nil {
			return err
		}
		waiting[id] = pipedID
		return nil
	})
	if err != nil {
		return nil, s.coded(ctx, err, "looking for unanswered commands")
	}
	return waiting, nil
}

func waitingQuery() query {
	return query{
		"SELECT id, piped_id FROM commands WHERE status = ? ORDER BY created_at DESC, id DESC LIMIT " + strconv.Itoa(datastore.MaxPageSize),
		[]any{int64(model.CommandNotHandled)},
	}
}

// ListForgottenCommands implements datastore.Commands.
func (s *Store) ListForgottenCommands(ctx context.Context, before time.Time) ([]*model.Command, error) {
	list, _, err := commands().list(ctx, s, forgottenListing(before))
	return list, err
}

func forgottenListing(before time.Time) listing {
	var where conditions
	where.add("t.status = ?", int64(model.CommandNotHandled))
	where.add("t.created_at < ?", toMicros(before))
	return listing{
		name:      "forgotten commands",
		filter:    toMicros(before),
		branches:  []branch{{from: "commands t", id: "t.id", at: "t.created_at", key: "t.id", where: where}},
		ascending: true,
		page:      datastore.Page{Size: datastore.MaxPageSize},
	}
}

// UpdateCommand implements datastore.Commands.
func (s *Store) UpdateCommand(
	ctx context.Context, fence model.Fence, id string, mutate func(*model.Command) error,
) (*model.Command, error) {
	return commands().update(ctx, s, change[model.Command, commandRow]{id: id, fence: fence, mutate: mutate})
}
