package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"reflect"

	"pipecd/pkg/datastore"
)

// One page of an export has at most so many rows, and ends early when they are
// large. A page is read whole before it is handed out, so that a slow taker
// keeps no statement open.
const (
	exportRows  = 500
	exportBytes = 4 << 20
)

// Export implements datastore.Transfer.
func (s *Store) Export(ctx context.Context, put func(datastore.Record) error) error {
	const doing = "reading everything"
	tx, err := s.reader.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return s.coded(ctx, err, doing)
	}
	for _, t := range movedTables() {
		if err = s.exportTable(ctx, tx, t, put); err != nil {
			break
		}
	}
	if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) { // done: the context ended it
		err = errors.Join(err, s.coded(ctx, undo, doing))
	}
	return err
}

func (s *Store) exportTable(ctx context.Context, tx *sql.Tx, t movedTable, put func(datastore.Record) error) error {
	var last []any
	for {
		page, err := t.page(ctx, tx, last)
		if err != nil {
			return s.coded(ctx, err, "reading all of "+t.name)
		}
		for _, row := range page.rows {
			if err := put(datastore.Record{Table: t.name, Data: row}); err != nil {
				return err
			}
		}
		if !page.more {
			return nil
		}
		last = page.last
	}
}

// movedPage is some rows of a table.
type movedPage struct {
	rows [][]byte
	last []any // key of the last row
	more bool  // there may be further rows
}

func (t movedTable) page(ctx context.Context, q querier, after []any) (movedPage, error) {
	var (
		found movedPage
		bytes int
	)
	full := errors.New("the page is full")
	err := each(ctx, q, t.pageSQL(after, exportRows), func(scan scanner) error {
		if bytes > exportBytes {
			return full
		}
		values := t.values()
		if err := scan(values...); err != nil {
			return err
		}
		row, err := t.encode(values)
		if err != nil {
			return err
		}
		found.rows, found.last = append(found.rows, row), pointedTo(values[:t.key])
		bytes += len(row)
		return nil
	})
	found.more = len(found.rows) == exportRows || errors.Is(err, full)
	if errors.Is(err, full) {
		err = nil
	}
	return found, err
}

// pointedTo returns what the pointers point to, as arguments of a statement.
func pointedTo(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = reflect.ValueOf(v).Elem().Interface()
	}
	return out
}
