package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"pipecd/pkg/model"
)

const (
	// maxAttempts bounds how often one write is started over. Every round some
	// other writer got through, so this many rounds lost in a row mean overload.
	maxAttempts = 12
	// firstPause is the mean pause before the second attempt; it doubles from there up to maxPause.
	firstPause = time.Millisecond
	maxPause   = 100 * time.Millisecond
)

// errChanged says that the row was written between our read and our write.
var errChanged = errors.New("others keep changing the same row; try again")

// write runs fn in one transaction, starting over when another transaction was
// in the way. fn may run several times, in another goroutine too. Nothing waits while
// a transaction is open.
func (s *Store) write(ctx context.Context, doing string, fn func(*sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.transact(ctx, fn)
		if err == nil {
			return nil
		}
		if attempt == maxAttempts || !s.lostRace(err) {
			return s.coded(ctx, err, doing)
		}
		s.logger.DebugContext(ctx, "starting a transaction over", slog.String("doing", doing), slog.Int("attempt", attempt), slog.Any("error", err))
		if err := pause(ctx, attempt); err != nil {
			return s.coded(ctx, err, doing)
		}
	}
}

func (s *Store) lostRace(err error) bool {
	if _, ok := errors.AsType[*model.Error](err); ok {
		return false
	}
	return errors.Is(err, errChanged) || s.dialect.Classify(err) == FailureConflict
}

// transact runs fn in a transaction, which it may share with others.
func (s *Store) transact(ctx context.Context, fn func(*sql.Tx) error) error {
	if s.group != nil {
		return s.group.do(ctx, fn)
	}
	return s.writeOnce(ctx, fn)
}

func (s *Store) writeOnce(ctx context.Context, fn func(*sql.Tx) error) (err error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	done := false
	defer func() {
		// Also on a panic in the caller's rule: an open transaction would stop every later writer.
		if done {
			return
		}
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) { // done: the context ended it
			err = errors.Join(err, fmt.Errorf("rolling back: %w", undo))
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	done = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// pause waits a random time around the attempt's mean.
func pause(ctx context.Context, attempt int) error {
	mean := min(firstPause<<(attempt-1), maxPause)
	timer := time.NewTimer(mean/2 + rand.N(mean))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return stopped(ctx)
	}
}

// querier is the part of *sql.DB and *sql.Tx that reads.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
