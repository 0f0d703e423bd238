package stagelog

import (
	"cmp"
	"context"
	"slices"

	"pipecd/pkg/model"
)

// Page is a part of a log.
type Page struct {
	Blocks    []model.LogBlock // by index
	More      bool             // there are more entries after the last one
	Completed bool             // the log is complete, and nothing follows this page
}

// MaxPage is the most entries of one page.
const MaxPage = 1000

// maxPageBytes ends a page early, so that an answer stays small.
const maxPageBytes = 1 << 20

// Read returns the entries from index on, one page of them. A log that does not
// exist (yet) is empty.
func (l *Logs) Read(ctx context.Context, key Key, from int64) (Page, error) {
	log := key.Path()
	parts, done, err := l.parts(ctx, log, from)
	if err != nil {
		return Page{}, err
	}
	var merged []model.LogBlock
	for i, p := range parts {
		if p.object {
			if p.blocks, err = readObject(ctx, l.files, log, p.name); err != nil {
				return Page{}, err
			}
		}
		merged = merge(merged, p.blocks, from)
		// Entries before the next batch's first cannot be joined by others.
		if i+1 < len(parts) && exceedsPage(settled(merged, parts[i+1].name.first)) {
			break
		}
	}
	page := Page{Blocks: cutPage(merged)}
	page.More = len(page.Blocks) < len(merged)
	page.Completed = done && !page.More
	return page, nil
}

// part is a batch that is in the journal, or an object that has to be read yet.
type part struct {
	batch

	object bool
}

// parts returns the batches with entries from index on, by name, and whether the
// log is complete. The journal is read first; see the package's comment.
func (l *Logs) parts(ctx context.Context, log string, from int64) (parts []part, done bool, err error) {
	in, err := readJournal(ctx, l.journal, log, from)
	if err != nil {
		return nil, false, err
	}
	names, err := list(ctx, l.files, log)
	if err == nil && names.done && !in.done {
		names, err = list(ctx, l.files, log)
	}
	if err != nil {
		return nil, false, err
	}
	for _, b := range in.batches {
		parts = append(parts, part{batch: b})
	}
	for _, n := range names.batches {
		if n.last >= from {
			parts = append(parts, part{batch{name: n}, true})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.name.compare(b.name) })
	return parts, names.done || in.done, nil
}

// merge adds entries with an index of at least from; an index that is there
// already keeps its entry.
func merge(into, add []model.LogBlock, from int64) []model.LogBlock {
	ordered := true
	for _, b := range add {
		if b.Index >= from {
			ordered = ordered && (len(into) == 0 || into[len(into)-1].Index < b.Index)
			into = append(into, b)
		}
	}
	if ordered { // most of the time: a batch comes after the other
		return into
	}
	return inOrder(into)
}

func settled(blocks []model.LogBlock, before int64) []model.LogBlock {
	i, _ := slices.BinarySearchFunc(blocks, before, func(b model.LogBlock, at int64) int { return cmp.Compare(b.Index, at) })
	return blocks[:i]
}

func exceedsPage(blocks []model.LogBlock) bool { return len(cutPage(blocks)) < len(blocks) }

func cutPage(blocks []model.LogBlock) []model.LogBlock {
	bytes := 0
	for i, b := range blocks {
		bytes += len(b.Log)
		if i >= MaxPage || bytes > maxPageBytes && i > 0 {
			return blocks[:i]
		}
	}
	return blocks
}
