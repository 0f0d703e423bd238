package stagelog

import (
	"context"
	"slices"
	"strings"

	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// listPage is how many names are asked for at once.
const listPage = 1000

// listing is the names of one log in the filestore.
type listing struct {
	batches []batchName // by first index
	done    bool
	full    bool
}

func list(ctx context.Context, files filestore.Store, log string) (listing, error) {
	var (
		out    listing
		prefix = prefixOf(log)
		after  string
	)
	for {
		paths, err := files.List(ctx, prefix, after, listPage)
		if err != nil {
			return listing{}, model.Wrap(model.CodeOf(err), err, "listing the log "+log)
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

// readObject returns one batch; a batch that is gone is empty.
func readObject(ctx context.Context, files filestore.Store, log string, n batchName) ([]model.LogBlock, error) {
	content, err := files.Get(ctx, prefixOf(log)+n.String())
	if model.CodeOf(err) == model.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, model.Wrap(model.CodeOf(err), err, "reading the log "+log)
	}
	return decode(content), nil
}

// journaled is what the journal has of one log.
type journaled struct {
	names   []string // of all records
	batches []batch  // by first index
	done    bool
	full    bool
}

type batch struct {
	name   batchName
	blocks []model.LogBlock
}

func parseRecords(records []datastore.LogRecord) journaled {
	var out journaled
	for _, r := range records {
		out.names = append(out.names, r.Name)
		switch r.Name {
		case markDone:
			out.done = true
		case markFull:
			out.full = true
		default:
			if n, ok := parseBatchName(r.Name); ok {
				out.batches = append(out.batches, batch{n, decode(r.Content)})
			}
		}
	}
	slices.SortStableFunc(out.batches, func(a, b batch) int { return a.name.compare(b.name) })
	return out
}

// readJournal returns what the journal has of the log from an index on.
func readJournal(ctx context.Context, journal datastore.LogJournal, log string, from int64) (journaled, error) {
	records, err := journal.ReadLog(ctx, log, from)
	if err != nil {
		return journaled{}, err
	}
	return parseRecords(records), nil
}
