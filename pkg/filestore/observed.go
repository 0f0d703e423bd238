package filestore

import (
	"context"

	"pipecd/pkg/observe"
)

// Observed returns s, whose calls o is told about. Ping is left out: it is what
// health checks do all day.
func Observed(s Store, o observe.Observer) Store { return observed{Store: s, to: observe.Or(o)} }

type observed struct {
	Store

	to observe.Observer
}

func (s observed) begin(ctx context.Context, method string) (context.Context, observe.End) {
	return s.to.Begin(ctx, observe.Operation{Kind: observe.FilestoreCall, Name: method})
}

// Put implements Store.
func (s observed) Put(ctx context.Context, path string, content []byte) (err error) {
	ctx, end := s.begin(ctx, "Put")
	defer func() { end("", err) }()
	return s.Store.Put(ctx, path, content)
}

// Get implements Store.
func (s observed) Get(ctx context.Context, path string) (content []byte, err error) {
	ctx, end := s.begin(ctx, "Get")
	defer func() { end("", err) }()
	return s.Store.Get(ctx, path)
}

// List implements Store.
func (s observed) List(ctx context.Context, prefix, startAfter string, limit int) (paths []string, err error) {
	ctx, end := s.begin(ctx, "List")
	defer func() { end("", err) }()
	return s.Store.List(ctx, prefix, startAfter, limit)
}

// Delete implements Store.
func (s observed) Delete(ctx context.Context, path string) (err error) {
	ctx, end := s.begin(ctx, "Delete")
	defer func() { end("", err) }()
	return s.Store.Delete(ctx, path)
}
