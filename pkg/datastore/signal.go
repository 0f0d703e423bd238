package datastore

import (
	"context"
	"time"
)

// Signal says that one process changed something, to the others that share the
// store.
type Signal struct {
	ID     int64 // given by the store
	Sender string
	Topics []string // what may have changed
}

// MaxSignalTopics is the most topics of one signal.
const MaxSignalTopics = 500

// Signals passes words between the processes that share a store. Ids grow, but
// not in the order of the commits: a signal may appear after one of a higher id.
type Signals interface {
	// AddSignal stores a signal of the sender. CodeInvalid without a topic or with more than MaxSignalTopics.
	AddSignal(ctx context.Context, sender string, topics []string) error
	// LastSignal returns the highest id there is, 0 for none.
	LastSignal(ctx context.Context) (int64, error)
	// ListSignals returns the signals with an id above after, in their order, at most MaxPageSize. Those of the reader
	// itself come without topics.
	ListSignals(ctx context.Context, after int64, reader string) ([]Signal, error)
	// ForgetSignals removes signals that are older than age by the store's clock, but never the last one.
	ForgetSignals(ctx context.Context, age time.Duration) error
}
