package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// Options are what New needs. All fields but Close are required.
type Options struct {
	// Writer runs the transactions that write, Reader everything else. They may be the same pool.
	Writer, Reader *sql.DB
	Dialect        Dialect
	Logger         *slog.Logger
	// Together lets writes that wait for each other share a transaction. It is for databases that have one writer
	// at a time and know savepoints.
	Together bool
	// Close, if set, runs after both pools were closed.
	Close func() error
}

// Store is a datastore.Store on database/sql. It is safe for concurrent use.
type Store struct {
	writer  *sql.DB
	reader  reader
	dialect Dialect
	logger  *slog.Logger
	group   *group // nil where every write has a transaction of its own
	close   func() error
	closed  atomic.Bool
}

var _ datastore.Store = (*Store)(nil)

// New returns a store on a database whose migrations were applied; see Migrate.
// The store owns the pools from then on.
func New(o Options) *Store {
	s := &Store{writer: o.Writer, reader: reader{o.Reader, o.Dialect}, dialect: o.Dialect, logger: o.Logger, close: o.Close}
	if o.Together {
		s.group = newGroup(s)
	}
	return s
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	err := s.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	return s.coded(ctx, err, "asking the database for a sign of life")
}

// Now implements datastore.Clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	now, args := s.dialect.Now()
	var at int64
	err := s.reader.QueryRowContext(ctx, "SELECT "+now, args...).Scan(&at)
	return fromMicros(at), s.coded(ctx, err, "asking the database for its time")
}

// Close closes both pools. Calls that are under way finish first; later ones
// fail with model.CodeUnavailable. Closing twice is harmless.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	var errs []error
	if s.reader.pool != s.writer {
		errs = append(errs, s.reader.pool.Close())
	}
	errs = append(errs, s.writer.Close())
	awaitClosed(s.reader.pool, s.writer)
	if s.close != nil {
		errs = append(errs, s.close())
	}
	return model.Wrap(model.CodeInternal, errors.Join(errs...), "closing the database")
}

// awaitClosed waits for connections that a call still uses: sql.DB closes them
// when the call gives them back, and its Close does not wait for that.
func awaitClosed(pools ...*sql.DB) {
	const (
		most  = 5 * time.Second
		again = time.Millisecond
	)
	for began := time.Now(); time.Since(began) < most; time.Sleep(again) {
		open := 0
		for _, pool := range pools {
			open += pool.Stats().OpenConnections
		}
		if open == 0 {
			return
		}
	}
}
