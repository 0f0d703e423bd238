package stagelog

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// Limits of one log.
const (
	MaxLines      = 50_000
	MaxBytes      = 16 << 20 // of text
	MaxLineLength = 64 << 10 // bytes; longer lines are cut, and say so
)

// Text of one batch, JSON escapes not counted: far below what the filestore
// takes, and of the journal what several can share a commit with.
const (
	maxBatchBytes  = 2 << 20
	maxRecordBytes = 512 << 10
)

// Options is what logs work with.
type Options struct {
	Journal datastore.LogJournal
	Files   filestore.Store
	Hub     *notify.Hub  // through which watchers are told
	Logger  *slog.Logger // nil discards
	// MaxBacklog is how many bytes may wait in the journal, of all logs together; 0 for DefaultBacklog.
	MaxBacklog int64
}

// Logs reads and writes stage logs. It is safe for concurrent use.
type Logs struct {
	journal    datastore.LogJournal
	files      filestore.Store
	hub        *notify.Hub
	logger     *slog.Logger
	maxBacklog int64

	writer *writer
	queue  *queue
	full   atomic.Pointer[error] // why nothing can be taken now, nil when it can

	mu        sync.Mutex
	tallies   map[Key]*tally
	awayUntil time.Time // the filestore did not answer, and is not asked again before
}

// New returns the logs in the journal and the filestore.
func New(o Options) *Logs {
	return &Logs{
		journal: o.Journal, files: o.Files, hub: o.Hub, logger: cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		maxBacklog: cmp.Or(o.MaxBacklog, DefaultBacklog),
		writer:     newWriter(o.Journal), queue: newQueue(), tallies: make(map[Key]*tally),
	}
}

// Completed reports whether the log was ended, as far as this process knows: that
// another one ended it, Append finds out.
func (l *Logs) Completed(ctx context.Context, key Key) (bool, error) {
	t, err := l.tally(ctx, key)
	return err == nil && t.isDone(), err
}

// Append adds entries and, with completed, ends the log. Repeating entries is
// harmless, also after the end; a new entry after the end is refused with
// CodeFailedPrecondition. Entries beyond the limits are dropped, and one line
// in the log says so. CodeExhausted when too much waits for the filestore.
func (l *Logs) Append(ctx context.Context, key Key, blocks []model.LogBlock, completed bool) error {
	t, err := l.tally(ctx, key)
	if err != nil {
		return err
	}
	fresh, err := t.fresh(normalize(blocks))
	if err != nil {
		return err
	}
	if t.isDone() {
		return l.afterEnd(ctx, key, fresh)
	}
	if len(fresh) == 0 && !completed {
		return nil
	}
	if why := l.full.Load(); why != nil && len(fresh) > 0 {
		return *why
	}
	kept, dropped := t.fit(fresh)
	if dropped {
		kept = append(kept, fullMark(fresh[len(kept)]))
	}
	ended, err := l.store(ctx, key, t, kept, marks{full: dropped, done: completed})
	if err != nil {
		return err
	}
	if ended {
		t.end()
		return l.afterEnd(ctx, key, fresh)
	}
	l.hub.Notify(notify.StageLog(key.DeploymentID, key.StageID))
	return nil
}

// afterEnd accepts only what is stored already. What this process does not
// remember may have been written by another one, so the stores decide.
func (l *Logs) afterEnd(ctx context.Context, key Key, fresh []model.LogBlock) error {
	if len(fresh) == 0 {
		return nil
	}
	stored, err := l.load(ctx, key)
	if err != nil {
		return err
	}
	fresh, err = stored.fresh(fresh)
	if err != nil || len(fresh) == 0 {
		return err
	}
	return model.Errorf(model.CodeFailedPrecondition,
		"the log of stage %s of deployment %s is complete; %d new lines cannot be added", key.StageID, key.DeploymentID, len(fresh))
}

// marks says what is stored beside entries.
type marks struct{ full, done bool }

func (m marks) records(log string) []datastore.LogRecord {
	var out []datastore.LogRecord
	if m.full {
		out = append(out, datastore.LogRecord{Log: log, Name: markFull})
	}
	if m.done {
		out = append(out, datastore.LogRecord{Log: log, Name: markDone})
	}
	return out
}

// store writes the entries to the journal, the marks together with the last of
// them. ended says that another process ended the log before.
func (l *Logs) store(ctx context.Context, key Key, t *tally, blocks []model.LogBlock, with marks) (ended bool, err error) {
	log := key.Path()
	for {
		n := batchLength(blocks, maxRecordBytes)
		name, records, err := recordsOf(log, blocks[:n])
		if err != nil {
			return false, err
		}
		last := n == len(blocks)
		if last {
			records = append(records, with.records(log)...)
		}
		if ended, err := l.writer.write(ctx, records); err != nil || ended {
			return ended, model.Wrap(model.CodeOf(err), err, "storing the log of stage "+key.StageID)
		}
		if t.stored(blocks[:n], name) || last && with.done {
			l.queue.add(log)
		}
		if last {
			t.mark(with)
			return false, nil
		}
		blocks = blocks[n:]
	}
}

// recordsOf returns the entries as one record, or none if there are none.
func recordsOf(log string, blocks []model.LogBlock) (batchName, []datastore.LogRecord, error) {
	if len(blocks) == 0 {
		return batchName{}, nil, nil
	}
	name, content, err := encode(blocks)
	return name, []datastore.LogRecord{{Log: log, Name: name.String(), Last: name.last, Content: content}}, err
}

// fullMark is the line after which nothing is kept.
func fullMark(first model.LogBlock) model.LogBlock {
	first.Severity = model.LogInfo
	first.Log = "The log of this stage has reached its limit. The lines after this one are not kept."
	return first
}

// batchLength returns how many of the entries have at most so much text, at
// least one if there is any.
func batchLength(blocks []model.LogBlock, most int) int {
	bytes := 0
	for i, b := range blocks {
		bytes += len(b.Log)
		if bytes > most && i > 0 {
			return i
		}
	}
	return len(blocks)
}
