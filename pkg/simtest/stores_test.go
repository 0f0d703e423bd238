package simtest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// openStore opens a database of its own for a scenario. In memory it is faster
// than a copy of a file whose tables are made already.
func openStore(t *testing.T) datastore.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// blobs is a file store in memory. It is safe for concurrent use.
type blobs struct {
	mu      sync.Mutex
	objects map[string][]byte
}

var _ filestore.Store = (*blobs)(nil)

func newBlobs() *blobs { return &blobs{objects: map[string][]byte{}} }

// Put implements filestore.Store.
func (b *blobs) Put(_ context.Context, path string, content []byte) error {
	if err := filestore.CheckPath(path); err != nil {
		return err
	}
	if len(content) > filestore.MaxObjectSize {
		return model.Errorf(model.CodeInvalid, "object %s is too large", path)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[path] = slices.Clone(content)
	return nil
}

// Get implements filestore.Store.
func (b *blobs) Get(_ context.Context, path string) ([]byte, error) {
	if err := filestore.CheckPath(path); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	content, ok := b.objects[path]
	if !ok {
		return nil, model.Errorf(model.CodeNotFound, "object %s does not exist", path)
	}
	return slices.Clone(content), nil
}

// List implements filestore.Store.
func (b *blobs) List(_ context.Context, prefix, startAfter string, limit int) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for path := range b.objects {
		if strings.HasPrefix(path, prefix) && path > startAfter {
			found = append(found, path)
		}
	}
	slices.Sort(found)
	return found[:min(len(found), limit)], nil
}

// Delete implements filestore.Store.
func (b *blobs) Delete(_ context.Context, path string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, path)
	return nil
}

// Ping implements filestore.Store.
func (b *blobs) Ping(context.Context) error { return nil }

// Close implements io.Closer.
func (b *blobs) Close() error { return nil }
