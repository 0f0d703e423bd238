package stagelog

import (
	"context"
	"sync"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// Limits of one log.
const (
	MaxLines      = 50_000
	MaxBytes      = 16 << 20 // of text
	MaxLineLength = 64 << 10 // bytes; longer lines are cut, and say so
)

// maxBatchBytes keeps an object far below what the filestore takes, JSON
// escapes included.
const maxBatchBytes = 2 << 20

// Logs reads and writes stage logs. It is safe for concurrent use.
type Logs struct {
	files filestore.Store
	hub   *notify.Hub

	mu      sync.Mutex
	tallies map[Key]*tally
}

// New returns the logs in files. Watchers are told through hub.
func New(files filestore.Store, hub *notify.Hub) *Logs {
	return &Logs{files: files, hub: hub, tallies: make(map[Key]*tally)}
}

// Completed reports whether the log was ended.
func (l *Logs) Completed(ctx context.Context, key Key) (bool, error) {
	t, err := l.tally(ctx, key)
	if err != nil {
		return false, err
	}
	return l.isDone(ctx, key, t)
}

// Append adds entries and, with completed, ends the log. Repeating entries is
// harmless, also after the end; a new entry after the end is refused with
// CodeFailedPrecondition. Entries beyond the limits are dropped, and one line
// in the log says so.
func (l *Logs) Append(ctx context.Context, key Key, blocks []model.LogBlock, completed bool) error {
	t, err := l.tally(ctx, key)
	if err != nil {
		return err
	}
	done, err := l.isDone(ctx, key, t)
	if err != nil {
		return err
	}
	fresh, err := t.fresh(normalize(blocks))
	if err != nil {
		return err
	}
	if done {
		return l.afterEnd(ctx, key, fresh)
	}
	if err := l.store(ctx, key, t, fresh); err != nil {
		return err
	}
	if completed {
		if err := l.mark(ctx, key, markDone); err != nil {
			return err
		}
		t.mu.Lock()
		t.done = true
		t.mu.Unlock()
	}
	if len(fresh) > 0 || completed {
		l.hub.Notify(notify.StageLog(key.DeploymentID, key.StageID))
	}
	return nil
}

// afterEnd accepts only what is stored already. What this process does not
// remember may have been written by another one, so the filestore decides.
func (l *Logs) afterEnd(ctx context.Context, key Key, fresh []model.LogBlock) error {
	if len(fresh) == 0 {
		return nil
	}
	stored, err := load(ctx, l.files, key)
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

// fresh returns the entries that are not known to be stored. When the log is
// full there are none: they would be dropped.
func (t *tally) fresh(blocks []model.LogBlock) ([]model.LogBlock, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.full {
		return nil, nil
	}
	out := blocks[:0]
	for _, b := range blocks {
		if b.Index < 0 {
			return nil, model.Errorf(model.CodeInvalid, "a log entry has the index %d; indexes are not negative", b.Index)
		}
		if !t.seen.contains(b.Index) {
			out = append(out, b)
		}
	}
	return out, nil
}

// store writes the entries in batches as far as the limits allow.
func (l *Logs) store(ctx context.Context, key Key, t *tally, blocks []model.LogBlock) error {
	kept, dropped := t.fit(blocks)
	if dropped {
		kept = append(kept, fullMark(blocks[len(kept)]))
	}
	for len(kept) > 0 {
		n := batchLength(kept)
		name, content, err := encode(kept[:n])
		if err != nil {
			return err
		}
		if err := l.files.Put(ctx, key.prefix()+name.String(), content); err != nil {
			return model.Wrap(model.CodeOf(err), err, "storing the log of stage "+key.StageID)
		}
		t.mu.Lock()
		t.add(runs(indexesOf(kept[:n])), name)
		t.mu.Unlock()
		kept = kept[n:]
	}
	if !dropped {
		return nil
	}
	if err := l.mark(ctx, key, markFull); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.full = true
	return nil
}

// fit returns the entries for which there is room, and whether any was dropped.
func (t *tally) fit(blocks []model.LogBlock) (kept []model.LogBlock, dropped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines, bytes := t.lines, t.bytes
	for i, b := range blocks {
		lines, bytes = lines+1, bytes+len(b.Log)
		if lines > MaxLines || bytes > MaxBytes {
			return blocks[:i:i], true
		}
	}
	return blocks, false
}

func fullMark(first model.LogBlock) model.LogBlock {
	first.Severity = model.LogInfo
	first.Log = "The log of this stage has reached its limit. The lines after this one are not kept."
	return first
}

// batchLength returns how many of the entries go into the next batch, at least
// one.
func batchLength(blocks []model.LogBlock) int {
	bytes := 0
	for i, b := range blocks {
		bytes += len(b.Log)
		if bytes > maxBatchBytes && i > 0 {
			return i
		}
	}
	return len(blocks)
}

func (l *Logs) mark(ctx context.Context, key Key, name string) error {
	err := l.files.Put(ctx, key.prefix()+name, []byte("{}\n"))
	return model.Wrap(model.CodeOf(err), err, "storing the log of stage "+key.StageID)
}
