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

// errStored says that an attempt which got no answer to its commit was stored
// after all.
var errStored = errors.New("an earlier attempt was stored")

// commitError is what went wrong when the commit was asked for.
type commitError struct{ cause error }

func (e commitError) Error() string { return "committing: " + e.cause.Error() }
func (e commitError) Unwrap() error { return e.cause }

// write runs fn in one transaction, starting over when another transaction was
// in the way, or the connection was lost before the commit was asked for. fn may
// run several times, in another goroutine too. Nothing waits while a transaction
// is open.
func (s *Store) write(ctx context.Context, doing string, fn func(*sql.Tx) error) error {
	return s.attempt(ctx, doing, false, func(tx *sql.Tx, _ bool) error { return fn(tx) })
}

// rewrite is write for an fn that can also run after an attempt of which nobody
// knows whether it was stored, because the connection was lost during its commit:
// it is told inDoubt then and in every later attempt, and returns errStored when
// it finds that it was.
func (s *Store) rewrite(ctx context.Context, doing string, fn func(tx *sql.Tx, inDoubt bool) error) error {
	return s.attempt(ctx, doing, true, fn)
}

func (s *Store) attempt(ctx context.Context, doing string, decides bool, fn func(tx *sql.Tx, inDoubt bool) error) error {
	inDoubt := false
	for attempt := 1; ; attempt++ {
		err := s.transact(ctx, func(tx *sql.Tx) error { return fn(tx, inDoubt) })
		if err == nil || errors.Is(err, errStored) {
			return nil
		}
		again := s.lostRace(err)
		if s.lostCommit(err) {
			inDoubt, again = true, decides
		}
		if attempt == maxAttempts || !again {
			return s.coded(ctx, err, doing)
		}
		s.logger.DebugContext(ctx, "starting a transaction over", slog.String("doing", doing), slog.Int("attempt", attempt), slog.Any("error", err))
		if err := pause(ctx, attempt); err != nil {
			return s.coded(ctx, err, doing)
		}
	}
}

// lostRace reports whether nothing was stored and the next attempt may get
// through.
func (s *Store) lostRace(err error) bool {
	if _, ok := errors.AsType[*model.Error](err); ok {
		return false
	}
	if errors.Is(err, errChanged) {
		return true
	}
	switch s.dialect.Classify(err) {
	case FailureConflict, FailureDisconnected:
		return true
	default:
		return false
	}
}

// lostCommit reports whether a commit was asked for and not answered.
func (s *Store) lostCommit(err error) bool {
	commit, ok := errors.AsType[commitError](err)
	return ok && s.dialect.Classify(commit.cause) == FailureDisconnected
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
		return commitError{err}
	}
	return nil
}

// execute runs one statement that may also run twice, and returns how many rows
// it wrote, or would have if they had not had these values already.
func (s *Store) execute(ctx context.Context, doing string, q query) (rows int64, err error) {
	for attempt := 1; ; attempt++ {
		result, err := s.writer.ExecContext(ctx, q.sql, q.args...)
		if err == nil {
			rows, err = result.RowsAffected()
		}
		if err == nil || attempt == maxAttempts || !s.lostRace(err) || pause(ctx, attempt) != nil {
			return rows, s.coded(ctx, err, doing)
		}
	}
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
