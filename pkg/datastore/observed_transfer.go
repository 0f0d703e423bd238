package datastore

import "context"

const aggregateAll = "all"

// Export implements Transfer.
func (s observed) Export(ctx context.Context, put func(Record) error) (err error) {
	ctx, end := s.begin(ctx, aggregateAll, "Export")
	defer func() { end("", err) }()
	return s.Store.Export(ctx, put)
}

// BeginImport implements Transfer.
func (s observed) BeginImport(ctx context.Context) (into Import, err error) {
	ctx, end := s.begin(ctx, aggregateAll, "BeginImport")
	defer func() { end("", err) }()
	return s.Store.BeginImport(ctx)
}
