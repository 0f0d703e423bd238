package sqldb

import (
	"context"
	"database/sql"
	"slices"
	"sync"
)

// maxGroup is how many writes share a transaction, so that what one of them
// waits for the others stays short.
const maxGroup = 64

// group lets writes that wait for one writer share a transaction: the disk is
// waited for once for all of them. Each runs behind a savepoint of its own, so
// that one that fails takes nothing of the others back, and nobody is answered
// before the commit. The order of the writes is that of their arrival.
type group struct {
	store *Store
	turn  chan struct{} // has room for the one that makes a transaction

	mu      sync.Mutex
	waiting []*grouped
}

func newGroup(s *Store) *group { return &group{store: s, turn: make(chan struct{}, 1)} }

// grouped is a write that waits, or is being made.
type grouped struct {
	ctx  context.Context //nolint:containedctx // the caller's, who waits
	fn   func(*sql.Tx) error
	done chan struct{} // closed when what follows is final

	err      error
	panicked any
}

// do runs fn in a transaction, which others may share, and returns its own
// error or that of the commit. Whoever comes while nobody makes a transaction
// makes one of all that wait.
func (g *group) do(ctx context.Context, fn func(*sql.Tx) error) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	w := &grouped{ctx: ctx, fn: fn, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	select {
	case <-w.done:
	case g.turn <- struct{}{}:
		g.makeUntil(w) //nolint:contextcheck // each write has its own context
		<-g.turn
	case <-ctx.Done():
		if g.leave(w) {
			return stopped(ctx)
		}
		<-w.done // it is being made, and what becomes of it is the answer
	}
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}

// leave takes back a write that nobody has begun to make.
func (g *group) leave(w *grouped) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// makeUntil makes transactions of what waits until w was in one.
func (g *group) makeUntil(w *grouped) {
	for {
		select {
		case <-w.done:
			return
		default:
		}
		writes := g.take()
		if len(writes) == 1 || !g.together(writes) {
			for _, one := range writes {
				g.alone(one)
			}
		}
		for _, one := range writes {
			close(one.done)
		}
	}
}

func (g *group) take() []*grouped {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), maxGroup)
	writes := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return writes
}

// alone makes a write in a transaction of its own.
func (g *group) alone(w *grouped) {
	defer func() { w.panicked = recover() }()
	w.err = g.store.writeOnce(w.ctx, w.fn)
}

// together makes the writes in one transaction. It reports false when the
// database ended that, or did not begin it: then nothing is stored, and each has
// to be made alone.
func (g *group) together(writes []*grouped) bool {
	tx, err := g.store.writer.BeginTx(context.WithoutCancel(writes[0].ctx), nil) // it is not one caller's to end
	if err != nil {
		return false
	}
	for _, w := range writes {
		if !behindSavepoint(tx, w) {
			_ = tx.Rollback() // it was ended already
			return false
		}
	}
	if err := tx.Commit(); err != nil {
		// Also for those that failed by themselves: they may have failed because of what the others wrote.
		for _, w := range writes {
			w.err = commitError{err}
		}
	}
	return true
}

// behindSavepoint makes a write so that it alone can be taken back, and does if
// it fails. It reports false when the transaction cannot go on.
func behindSavepoint(tx *sql.Tx, w *grouped) (goesOn bool) {
	if w.ctx.Err() != nil {
		w.err = stopped(w.ctx)
		return true
	}
	ctx := context.WithoutCancel(w.ctx)
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return false
	}
	end := "RELEASE one"
	func() {
		defer func() { w.panicked = recover() }()
		w.err = w.fn(tx)
	}()
	if w.err != nil || w.panicked != nil {
		end = "ROLLBACK TO one; RELEASE one"
	}
	_, err := tx.ExecContext(ctx, end)
	return err == nil
}
