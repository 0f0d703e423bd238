package datastore

import (
	"context"
	"time"

	"pipecd/pkg/model"
)

// EventFilter narrows a list of events; zero fields do not narrow.
type EventFilter struct {
	ProjectID string
	Status    *model.EventStatus
	From      time.Time // created at or after
	To        time.Time // created before
	Ascending bool      // oldest first
}

// Events holds what happened outside.
type Events interface {
	// AddEvent stores a new event. CodeAlreadyExists when the id is taken.
	AddEvent(ctx context.Context, e *model.Event) error
	// GetEvent returns the event. CodeNotFound.
	GetEvent(ctx context.Context, id string) (*model.Event, error)
	// LatestEvent returns the newest event of the project with the key (model.EventKey). CodeNotFound when there is none.
	LatestEvent(ctx context.Context, projectID, key string) (*model.Event, error)
	// ListEvents returns one page by (CreatedAt, ID), newest first unless the filter says otherwise.
	ListEvents(ctx context.Context, f EventFilter, page Page) ([]*model.Event, string, error)
	// UpdateEvent changes an event by compare-and-set under the fence.
	UpdateEvent(ctx context.Context, fence model.Fence, id string, mutate func(*model.Event) error) (*model.Event, error)
}
