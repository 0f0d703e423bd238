package stagelog

import (
	"context"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

const (
	// What one commit has at most: enough that many agents share it, little enough for the database's packets and for
	// those who wait. A write that is larger by itself has a commit of its own.
	maxCommitRecords = 500
	maxCommitBytes   = 4 << 20

	commitTimeout = 30 * time.Second

	// patience is how long a commit waits for callers who were in the last one, and
	// probably have the next line ready: a fraction of what a commit takes.
	patience = time.Millisecond
)

// writer stores the records of calls that come at the same time with one
// commit: who comes while there is none under way makes one at once, of all that
// wait; who comes later waits for it, and is in the next. When several shared the
// last commit, the next one gives them a moment: otherwise those who just missed
// one and those who were in it take turns, with half the callers in each.
type writer struct {
	journal datastore.LogJournal
	turn    chan struct{} // has room for the one that makes a commit
	arrived chan struct{} // gets a value when something was added to waiting

	mu      sync.Mutex
	waiting []*write
	shared  int // how many were in the last commit
}

func newWriter(journal datastore.LogJournal) *writer {
	return &writer{journal: journal, turn: make(chan struct{}, 1), arrived: make(chan struct{}, 1)}
}

// write is what one call writes, to one log.
type write struct {
	records []datastore.LogRecord
	bytes   int
	ends    bool
	done    chan struct{} // closed when what follows is final

	ended bool // the log was ended before, and nothing was stored
	err   error
}

// write stores the records, which are of one log, and returns when they are
// committed. ended says that they were not, because the log was ended before. When
// ctx ends first, it is not known whether they are stored.
func (w *writer) write(ctx context.Context, records []datastore.LogRecord) (ended bool, err error) {
	one := &write{records: records, done: make(chan struct{})}
	for _, r := range records {
		one.bytes += len(r.Content)
		one.ends = one.ends || r.Name == datastore.LogEnd
	}
	w.mu.Lock()
	w.waiting = append(w.waiting, one)
	w.mu.Unlock()
	select {
	case w.arrived <- struct{}{}:
	default: // known already
	}
	select {
	case <-one.done:
	case w.turn <- struct{}{}:
		w.commitUntil(ctx, one)
		<-w.turn
	case <-ctx.Done():
		w.leave(one)
		return false, model.Wrap(model.CodeUnavailable, context.Cause(ctx), "waiting for the log to be written")
	}
	return one.ended, one.err
}

// leave takes back a write that is in no commit yet.
func (w *writer) leave(one *write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = slices.DeleteFunc(w.waiting, func(other *write) bool { return other == one })
}

// commitUntil makes commits of what waits until one was in one of them.
func (w *writer) commitUntil(ctx context.Context, one *write) {
	for {
		select {
		case <-one.done:
			return
		default:
			w.gather()
			w.commit(ctx, w.take())
		}
	}
}

// gather returns when as many wait as were in the last commit, or after a moment.
func (w *writer) gather() {
	if w.isComplete() {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-w.arrived:
			if w.isComplete() {
				return
			}
		}
	}
}

func (w *writer) isComplete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shared < 2 || len(w.waiting) >= w.shared
}

// take returns the writes of the next commit, at least one if any waits. What
// comes after the end of its log is for a later commit, which refuses it.
func (w *writer) take() []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	var (
		n, records, bytes int
		ended             = map[string]bool{}
	)
	for _, one := range w.waiting {
		records, bytes = records+len(one.records), bytes+one.bytes
		log := one.records[0].Log
		if n > 0 && (records > maxCommitRecords || bytes > maxCommitBytes || ended[log]) {
			break
		}
		if one.ends {
			ended[log] = true
		}
		n++
	}
	writes := slices.Clone(w.waiting[:n])
	w.waiting, w.shared = slices.Delete(w.waiting, 0, n), n
	return writes
}

// commit stores the writes together. What the datastore does not take for what it
// is must not keep the others from being stored, so it is found by itself.
func (w *writer) commit(ctx context.Context, writes []*write) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout) // it is not one caller's to end
	defer cancel()
	err := w.store(ctx, writes)
	if model.CodeOf(err) == model.CodeInvalid && len(writes) > 1 {
		for _, one := range writes {
			one.err = w.store(ctx, []*write{one})
		}
	} else {
		for _, one := range writes {
			one.err = err
		}
	}
	for _, one := range writes {
		close(one.done)
	}
}

func (w *writer) store(ctx context.Context, writes []*write) error {
	var records []datastore.LogRecord
	for _, one := range writes {
		records = append(records, one.records...)
	}
	ended, err := w.journal.AppendLogs(ctx, records)
	if err != nil || len(ended) == 0 {
		return err
	}
	logs := make(map[string]bool, len(ended))
	for _, log := range ended {
		logs[log] = true
	}
	for _, one := range writes {
		one.ended = logs[one.records[0].Log]
	}
	return nil
}
