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
	names, err := list(ctx, l.files, key)
	if err != nil {
		return Page{}, err
	}
	var merged []model.LogBlock
	for i, n := range names.batches {
		if n.last < from {
			continue
		}
		blocks, err := read(ctx, l.files, key, n)
		if err != nil {
			return Page{}, err
		}
		merged = merge(merged, blocks, from)
		// Entries before the next batch's first cannot be joined by others.
		if i+1 < len(names.batches) && exceedsPage(settled(merged, names.batches[i+1].first)) {
			break
		}
	}
	page := Page{Blocks: cutPage(merged)}
	page.More = len(page.Blocks) < len(merged)
	page.Completed = names.done && !page.More
	return page, nil
}

// merge adds entries with an index of at least from; an index that is there
// already keeps its entry.
func merge(into, add []model.LogBlock, from int64) []model.LogBlock {
	for _, b := range add {
		if b.Index >= from {
			into = append(into, b)
		}
	}
	slices.SortStableFunc(into, func(a, b model.LogBlock) int { return cmp.Compare(a.Index, b.Index) })
	return slices.CompactFunc(into, func(a, b model.LogBlock) bool { return a.Index == b.Index })
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
