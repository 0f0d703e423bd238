package datastore

import (
	"context"

	"pipecd/pkg/model"
)

// Suggestions holds the applications that agents found in Git and that nobody
// added yet.
type Suggestions interface {
	// PutSuggestions replaces what the agent suggested before, under the fence. An empty list removes it. CodeInvalid
	// for more than model.MaxSuggestions.
	PutSuggestions(ctx context.Context, fence model.Fence, pipedID string, found []model.ApplicationInfo) error
	// ListSuggestions returns what the project's agents suggest, by repository and path, without what is an application
	// meanwhile. What several agents found is there once for each; PipedID says whose it is.
	ListSuggestions(ctx context.Context, projectID string) ([]model.ApplicationInfo, error)
}
