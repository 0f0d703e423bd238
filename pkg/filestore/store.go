package filestore

import (
	"context"
	"io"
)

// MaxObjectSize is the most bytes one object may have.
const MaxObjectSize = 16 << 20

// Store keeps objects. Implementations are safe for concurrent use.
type Store interface {
	io.Closer

	// Put writes the object whole, replacing an older one atomically: a reader sees the old or the new content.
	Put(ctx context.Context, path string, content []byte) error
	// Get returns the object. CodeNotFound.
	Get(ctx context.Context, path string) ([]byte, error)
	// List returns the paths that begin with prefix in byte order, starting after the path startAfter
	// ("" for the beginning), at most limit of them (1..1000).
	List(ctx context.Context, prefix, startAfter string, limit int) ([]string, error)
	// Delete removes the object. Deleting what is not there succeeds.
	Delete(ctx context.Context, path string) error
	// Ping reports whether the store can be written to.
	Ping(ctx context.Context) error
}
