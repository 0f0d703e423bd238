package stagelog

import (
	"context"
	"strings"
	"sync"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// tally is what this process knows of one log.
type tally struct {
	mu    sync.Mutex // guards everything below; held only for a look or a change
	seen  spans
	lines int
	bytes int
	full  bool
	done  bool
}

// listPage is how many names are asked for at once.
const listPage = 1000

// listing is the names of one log.
type listing struct {
	batches []batchName // by first index
	done    bool
	full    bool
}

func list(ctx context.Context, files filestore.Store, key Key) (listing, error) {
	var (
		out    listing
		prefix = key.prefix()
		after  string
	)
	for {
		paths, err := files.List(ctx, prefix, after, listPage)
		if err != nil {
			return listing{}, model.Wrap(model.CodeOf(err), err, "listing the log of stage "+key.StageID)
		}
		for _, p := range paths {
			switch name := strings.TrimPrefix(p, prefix); name {
			case markDone:
				out.done = true
			case markFull:
				out.full = true
			default:
				if n, ok := parseBatchName(name); ok {
					out.batches = append(out.batches, n)
				}
			}
		}
		if len(paths) < listPage {
			return out, nil
		}
		after = paths[len(paths)-1]
	}
}

// load returns what the filestore knows of the log.
func load(ctx context.Context, files filestore.Store, key Key) (*tally, error) {
	names, err := list(ctx, files, key)
	if err != nil {
		return nil, err
	}
	t := &tally{done: names.done, full: names.full}
	for _, n := range names.batches {
		indexes := []span{{n.first, n.last}}
		if !n.dense() {
			blocks, err := read(ctx, files, key, n)
			if err != nil {
				return nil, err
			}
			indexes = runs(indexesOf(blocks))
		}
		t.add(indexes, n)
	}
	return t, nil
}

func indexesOf(blocks []model.LogBlock) []int64 {
	out := make([]int64, len(blocks))
	for i, b := range blocks {
		out[i] = b.Index
	}
	return out
}

// add records a stored batch.
func (t *tally) add(indexes []span, n batchName) {
	for _, r := range indexes {
		t.seen = t.seen.add(r)
	}
	t.lines += n.lines
	t.bytes += n.bytes
}

// read returns one batch; a batch that is gone is empty.
func read(ctx context.Context, files filestore.Store, key Key, n batchName) ([]model.LogBlock, error) {
	content, err := files.Get(ctx, key.prefix()+n.String())
	if model.CodeOf(err) == model.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, model.Wrap(model.CodeOf(err), err, "reading the log of stage "+key.StageID)
	}
	return decode(content), nil
}

// maxTallies bounds how many logs are remembered; one more costs a listing.
const maxTallies = 2048

// tally returns what is known of the log, from memory if possible.
func (l *Logs) tally(ctx context.Context, key Key) (*tally, error) {
	l.mu.Lock()
	t := l.tallies[key]
	l.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t, err := load(ctx, l.files, key)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.tallies[key]; other != nil {
		return other, nil
	}
	for old := range l.tallies {
		if len(l.tallies) < maxTallies {
			break
		}
		delete(l.tallies, old)
	}
	l.tallies[key] = t
	return t, nil
}

// isDone also asks the filestore, because another process may have completed
// the log.
func (l *Logs) isDone(ctx context.Context, key Key, t *tally) (bool, error) {
	t.mu.Lock()
	done := t.done
	t.mu.Unlock()
	if done {
		return true, nil
	}
	_, err := l.files.Get(ctx, key.prefix()+markDone)
	switch {
	case err == nil:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.done = true
		return true, nil
	case model.CodeOf(err) == model.CodeNotFound:
		return false, nil
	default:
		return false, model.Wrap(model.CodeOf(err), err, "reading the log of stage "+key.StageID)
	}
}
