package datastore

import (
	"context"
	"time"
)

// Noun is a kind of thing that the store holds.
type Noun string

// The nouns that people follow.
const (
	NounApplication Noun = "application"
	NounDeployment  Noun = "deployment"
	NounPiped       Noun = "piped"
	NounCommand     Noun = "command"
)

// Revisions tells cheaply whether something changed, for those who look again
// and again. No document is read.
type Revisions interface {
	// Revisions returns when those of the things that exist changed last, by id, in one query. CodeInvalid for more than
	// MaxPageSize ids.
	Revisions(ctx context.Context, noun Noun, ids []string) (map[string]Revision, error)
	// ListRevision returns what differs from an earlier answer if something of the project's list was added, changed or
	// removed in between, or an agent came or went. Only the nouns application, deployment and piped have lists.
	ListRevision(ctx context.Context, noun Noun, projectID string, online time.Time) (ListRevision, error)
}

// Revision is when something changed last.
type Revision struct {
	UpdatedAt time.Time
	SeenAt    time.Time // an agent's last sign of life
}

// ListRevision is a mark of a list's state, to be compared and for nothing
// else.
type ListRevision struct {
	ChangedAt time.Time // the newest UpdatedAt, also of what is deleted
	Rows      int       // of agents only
	Online    int       // agents seen at or after the time asked for
	LostAt    time.Time // the last sign of life among the others
}
