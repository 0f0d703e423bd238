package stagelog

import (
	"context"
	"sync"
	"time"

	"pipecd/pkg/model"
)

// tally is what this process knows of one log.
type tally struct {
	mu     sync.Mutex // guards everything below; held only for a look or a change
	seen   spans
	lines  int
	bytes  int
	full   bool
	done   bool
	queued struct{ records, bytes int } // written to the journal since the log was last given to the queue

	until time.Time // when it is looked again what the stores know; guarded by the lock of Logs
}

const (
	// maxTallies bounds how many logs are remembered; one more costs a listing.
	maxTallies = 4096
	// tallyLife is how long a tally is trusted. It is shorter than the end of a log is kept in the journal (endKept), so
	// that a process that did not see a log end finds its end there or, looking again, in the filestore.
	tallyLife = 10 * time.Minute
	// awayPause is how long a filestore that did not answer is left alone by those who can go on without it, and
	// listTimeout how long they wait for it.
	awayPause   = 10 * time.Second
	listTimeout = 2 * time.Second
)

// tally returns what is known of the log, from memory if possible. A filestore
// that is away keeps nobody from writing: what it has is then not known for a
// while, so that entries may be stored again, which is harmless, and the limits
// count only what the journal has.
func (l *Logs) tally(ctx context.Context, key Key) (*tally, error) {
	known, away := l.known(key)
	if known != nil && (away || time.Now().Before(known.until)) {
		return known, nil
	}
	in, err := readJournal(ctx, l.journal, key.Path(), 0)
	if err != nil {
		return nil, err
	}
	t := new(tally)
	if !away {
		bounded, cancel := context.WithTimeout(ctx, listTimeout)
		defer cancel()
		if t, err = l.loadObjects(bounded, key.Path()); err != nil && (!model.IsRetryable(err) || ctx.Err() != nil) {
			return nil, err
		}
		away = err != nil
	}
	if away && known != nil {
		return l.remember(key, known, known, away), nil
	}
	if t == nil {
		t = new(tally)
	}
	t.addJournal(in)
	return l.remember(key, known, t, away), nil
}

// known returns what was remembered of the log, if anything, and whether the
// filestore is away.
func (l *Logs) known(key Key) (t *tally, away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tallies[key], time.Now().Before(l.awayUntil)
}

// remember keeps the tally in place of what was known, unless another caller did
// since, and returns the one that counts.
func (l *Logs) remember(key Key, known, t *tally, away bool) *tally {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if away && !now.Before(l.awayUntil) {
		l.awayUntil = now.Add(awayPause)
	}
	if other := l.tallies[key]; other != nil && other != known {
		return other
	}
	for old := range l.tallies {
		if len(l.tallies) < maxTallies {
			break
		}
		delete(l.tallies, old)
	}
	l.tallies[key] = t
	if t.until = now.Add(tallyLife); away {
		t.until = l.awayUntil
	}
	return t
}

// load returns what journal and filestore know of the log. The journal is read
// first; see the package's comment.
func (l *Logs) load(ctx context.Context, key Key) (*tally, error) {
	in, err := readJournal(ctx, l.journal, key.Path(), 0)
	if err != nil {
		return nil, err
	}
	t, err := l.loadObjects(ctx, key.Path())
	if err != nil {
		return nil, err
	}
	t.addJournal(in)
	return t, nil
}

// loadObjects returns what the filestore knows of the log.
func (l *Logs) loadObjects(ctx context.Context, log string) (*tally, error) {
	names, err := list(ctx, l.files, log)
	if err != nil {
		return nil, err
	}
	t := &tally{done: names.done, full: names.full}
	for _, n := range names.batches {
		indexes := []span{{n.first, n.last}}
		if !n.dense() {
			blocks, err := readObject(ctx, l.files, log, n)
			if err != nil {
				return nil, err
			}
			indexes = runs(indexesOf(blocks))
		}
		t.add(indexes, n)
	}
	return t, nil
}

func (t *tally) addJournal(in journaled) {
	t.done, t.full = t.done || in.done, t.full || in.full
	for _, b := range in.batches {
		t.add(runs(indexesOf(b.blocks)), b.name)
	}
}

func indexesOf(blocks []model.LogBlock) []int64 {
	out := make([]int64, len(blocks))
	for i, b := range blocks {
		out[i] = b.Index
	}
	return out
}

// add counts a stored batch.
func (t *tally) add(indexes []span, n batchName) {
	for _, r := range indexes {
		t.seen = t.seen.add(r)
	}
	t.lines += n.lines
	t.bytes += n.bytes
}

// stored counts entries that are in the journal now, and reports whether so much
// of the log is there that it should be moved.
func (t *tally) stored(blocks []model.LogBlock, n batchName) (large bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(blocks) == 0 {
		return false
	}
	t.add(runs(indexesOf(blocks)), n)
	t.queued.records++
	t.queued.bytes += n.bytes
	large = t.queued.records >= moveRecords || t.queued.bytes >= moveBytes
	if large {
		t.queued.records, t.queued.bytes = 0, 0
	}
	return large
}

func (t *tally) mark(m marks) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.full, t.done = t.full || m.full, t.done || m.done
}

func (t *tally) end() { t.mark(marks{done: true}) }

func (t *tally) isDone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done
}

// fresh returns the entries that are not known to be stored. When the log is
// full there are none: they would be dropped.
func (t *tally) fresh(blocks []model.LogBlock) ([]model.LogBlock, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.full {
		return nil, nil
	}
	return t.missing(blocks)
}

// missing returns the entries that are not known to be stored, in place. The lock
// is held, or nobody else knows the tally.
func (t *tally) missing(blocks []model.LogBlock) ([]model.LogBlock, error) {
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
