package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// One statement of an import writes at most so much: far less than servers take,
// and small enough for the transactions of a cluster.
const (
	importRows  = 200
	importBytes = 1 << 20
)

// marker is a table that is there while an import is. Databases let one of
// several make it, and it stays when the process is killed.
const marker = "unfinished_restore"

// importing is one import under way.
type importing struct {
	store  *Store
	tables []movedTable
	at     int     // index of the table that is being filled
	rows   [][]any // of it, to be written
	bytes  int
}

// RequireWhole refuses a database into which an import did not come to its end.
func RequireWhole(ctx context.Context, s *Store) error {
	var one int
	err := s.reader.QueryRowContext(ctx, "SELECT 1 FROM "+marker).Scan(&one)
	switch {
	case s.dialect.Classify(err) == FailureNoTable:
		return nil
	case err == nil || errors.Is(err, sql.ErrNoRows):
		return unfinished()
	default:
		return s.coded(ctx, err, "looking whether a restore was cut off")
	}
}

func unfinished() error {
	return model.Errorf(model.CodeFailedPrecondition,
		"a restore into this database is under way, or was cut off: if none runs, make the database anew (drop and create it, or remove the file) and restore again")
}

// BeginImport implements datastore.Transfer.
func (s *Store) BeginImport(ctx context.Context) (datastore.Import, error) {
	const doing = "preparing the database for a restore"
	if _, err := s.writer.ExecContext(ctx, "CREATE TABLE "+marker+" (id INTEGER NOT NULL PRIMARY KEY)"); err != nil {
		if unfinished := RequireWhole(ctx, s); unfinished != nil {
			return nil, unfinished
		}
		return nil, s.coded(ctx, err, doing)
	}
	i := &importing{store: s, tables: movedTables()}
	if err := i.requireEmpty(ctx); err != nil {
		return nil, errors.Join(s.coded(ctx, err, doing), i.unmark(context.WithoutCancel(ctx)))
	}
	return i, nil
}

func (i *importing) requireEmpty(ctx context.Context) error {
	for _, t := range i.tables {
		var one int
		err := i.store.reader.QueryRowContext(ctx, "SELECT 1 FROM "+t.name+" LIMIT 1").Scan(&one)
		switch {
		case err == nil:
			return model.Errorf(model.CodeFailedPrecondition,
				"the database is not empty, there are %s in it; a restore needs an empty one, so that nothing is mixed or lost: name another database",
				strings.ReplaceAll(t.name, "_", " "))
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	return nil
}

func (i *importing) unmark(ctx context.Context) error {
	_, err := i.store.writer.ExecContext(ctx, "DROP TABLE "+marker)
	return i.store.coded(ctx, err, "opening the database after a restore")
}

// Put implements datastore.Import.
func (i *importing) Put(ctx context.Context, r datastore.Record) error {
	at := slices.IndexFunc(i.tables, func(t movedTable) bool { return t.name == r.Table })
	if at < 0 {
		return model.Errorf(model.CodeInvalid, "this program knows no table %q; a newer pipecd wrote it", r.Table)
	}
	if at < i.at {
		return model.Errorf(model.CodeInvalid, "a row of %s comes after those of %s, which is not their order", r.Table, i.tables[i.at].name)
	}
	values, err := i.tables[at].decode(r.Data)
	if err != nil {
		return err
	}
	if at > i.at || len(i.rows) == importRows || i.bytes+len(r.Data) > importBytes {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.at, i.rows, i.bytes = at, append(i.rows, values), i.bytes+len(r.Data)
	return nil
}

// flush writes the rows that were kept back.
func (i *importing) flush(ctx context.Context) error {
	if len(i.rows) == 0 {
		return nil
	}
	t := i.tables[i.at]
	row := "(" + marks(len(t.columns)) + ")"
	statement := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES " + row + strings.Repeat(", "+row, len(i.rows)-1)
	args := make([]any, 0, len(i.rows)*len(t.columns))
	for _, values := range i.rows {
		args = append(args, pointedTo(values)...)
	}
	i.rows, i.bytes = nil, 0
	return i.store.write(ctx, "writing rows of "+t.name, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	})
}

// Finish implements datastore.Import.
func (i *importing) Finish(ctx context.Context) error {
	if err := i.flush(ctx); err != nil {
		return err
	}
	return i.unmark(ctx)
}

// Abandon implements datastore.Import.
func (i *importing) Abandon(ctx context.Context) error {
	i.rows, i.bytes = nil, 0
	for _, t := range slices.Backward(i.tables) {
		if err := i.clear(ctx, t); err != nil {
			return err
		}
	}
	return i.unmark(ctx)
}

// clear removes the rows of a table, some at a time.
func (i *importing) clear(ctx context.Context, t movedTable) error {
	key := t.columns[0]
	statement := "DELETE FROM " + t.name + " WHERE " + key + " IN (SELECT k FROM (SELECT " + key + " AS k FROM " + t.name +
		" ORDER BY " + key + " LIMIT " + strconv.Itoa(importRows) + ") some_rows)"
	for {
		var removed int64
		err := i.store.write(ctx, "removing rows of "+t.name, func(tx *sql.Tx) error {
			result, err := tx.ExecContext(ctx, statement)
			if err != nil {
				return err
			}
			removed, err = result.RowsAffected()
			return err
		})
		if err != nil || removed == 0 {
			return err
		}
	}
}
