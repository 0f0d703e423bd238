package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"pipecd/pkg/model"
)

// entity says how the values of type M are kept as rows of type R.
type entity[M, R any] struct {
	noun  string // for sentences: "application"
	table string
	// columns of the table that are stored, the first being id; version is not one of them.
	columns []string
	// join and joined are a further table and its columns, which are read with the row and written elsewhere.
	join   string
	joined []string
	// fields returns pointers to the row's values, in the order of columns and then joined.
	fields  func(*R) []any
	toRow   func(*M) (*R, error)
	toModel func(*R) (*M, error)
	id      func(*R) string
	// taken says in words what is in the way when a unique key other than the id is.
	taken func(*R) string
}

// selection is the SELECT list of a read; the table is called t.
func (e *entity[M, R]) selection() string {
	list := make([]string, 0, len(e.columns)+len(e.joined))
	for _, c := range e.columns {
		list = append(list, "t."+c)
	}
	return strings.Join(append(list, e.joined...), ", ")
}

func (e *entity[M, R]) what(id string) string { return fmt.Sprintf("%s %q", e.noun, id) }

// missing is the error for an id that is not there.
func (e *entity[M, R]) missing(id string) error {
	return model.Errorf(model.CodeNotFound, "%s does not exist", e.what(id))
}

// read returns the row and its version.
func (e *entity[M, R]) read(ctx context.Context, q querier, id string) (*R, int64, error) {
	row, version := new(R), int64(0)
	query := "SELECT " + e.selection() + ", t.version FROM " + e.table + " t " + e.join + " WHERE t.id = ?"
	err := q.QueryRowContext(ctx, query, id).Scan(append(e.fields(row), &version)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, e.missing(id)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", e.what(id), err)
	}
	return row, version, nil
}

// get returns the value with the id.
func (e *entity[M, R]) get(ctx context.Context, s *Store, id string) (*M, error) {
	row, _, err := e.read(ctx, s.reader, id)
	if err != nil {
		return nil, s.coded(ctx, err, "reading "+e.what(id))
	}
	return e.toModel(row)
}

// insert stores a new row inside tx. inDoubt says that an earlier attempt may
// have stored it.
func (e *entity[M, R]) insert(ctx context.Context, s *Store, tx *sql.Tx, row *R, inDoubt bool) error {
	marks := strings.Repeat("?, ", len(e.columns))
	query := "INSERT INTO " + e.table + " (" + strings.Join(e.columns, ", ") + ", version) VALUES (" + marks + "1)"
	_, err := tx.ExecContext(ctx, query, e.fields(row)[:len(e.columns)]...)
	if err == nil {
		return nil
	}
	if s.dialect.Classify(err) != FailureDuplicate {
		return fmt.Errorf("inserting %s: %w", e.what(e.id(row)), err)
	}
	if inDoubt {
		if stored, _, err := e.read(ctx, tx, e.id(row)); err == nil && e.same(stored, row) {
			return errStored
		}
	}
	return e.duplicate(ctx, tx, row)
}

// same reports whether the rows' own columns have the same values.
func (e *entity[M, R]) same(a, b *R) bool {
	return reflect.DeepEqual(e.fields(a)[:len(e.columns)], e.fields(b)[:len(e.columns)])
}

// duplicate finds out which key is taken; the texts of drivers are not parsed.
func (e *entity[M, R]) duplicate(ctx context.Context, tx *sql.Tx, row *R) error {
	var one int
	err := tx.QueryRowContext(ctx, "SELECT 1 FROM "+e.table+" WHERE id = ?", e.id(row)).Scan(&one)
	switch {
	case err == nil:
		return model.Errorf(model.CodeAlreadyExists, "%s exists already", e.what(e.id(row)))
	case errors.Is(err, sql.ErrNoRows) && e.taken != nil:
		return model.Errorf(model.CodeAlreadyExists, "%s", e.taken(row))
	default:
		return fmt.Errorf("looking for what is in the way of %s: %w", e.what(e.id(row)), err)
	}
}

// change is one compare-and-set.
type change[M, R any] struct {
	id     string
	fence  model.Fence
	mutate func(*M) error
	// also, if set, runs in the same transaction after the row was compared, whether or not it changed.
	also func(ctx context.Context, tx *sql.Tx, before, after *R) error
}

// update runs c and returns the value as it is stored afterwards.
func (e *entity[M, R]) update(ctx context.Context, s *Store, c change[M, R]) (*M, error) {
	var (
		after   *R
		tried   int64 // the version that after was to replace
		refused error // the rule's own error is returned as it is
	)
	err := s.rewrite(ctx, "changing "+e.what(c.id), func(tx *sql.Tx, inDoubt bool) error {
		refused = nil
		before, version, err := e.read(ctx, tx, c.id)
		if err != nil {
			return err
		}
		if inDoubt && after != nil && version > tried {
			return e.settle(c.id, before, after)
		}
		if err := s.checkFence(ctx, tx, c.fence); err != nil {
			return err
		}
		value, err := e.toModel(before)
		if err != nil {
			return err
		}
		refused = c.mutate(value)
		if refused != nil {
			return refused
		}
		if after, err = e.toRow(value); err != nil {
			return err
		}
		if e.id(after) != c.id {
			return model.Errorf(model.CodeInvalid, "the id of %s cannot change", e.what(c.id))
		}
		tried = version
		if err := e.compareAndSet(ctx, s, tx, versioned[R]{before, after, version}); err != nil {
			return err
		}
		if c.also == nil {
			return nil
		}
		return c.also(ctx, tx, before, after)
	})
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return e.toModel(after)
}

// settle finds out about a change whose commit got no answer and whose row was
// written since. When it was not written by that change, it may have been by
// both: running the rule once more could do twice what it was to do once.
func (e *entity[M, R]) settle(id string, stored, after *R) error {
	if e.same(stored, after) {
		return errStored
	}
	return model.Errorf(model.CodeUnavailable,
		"the connection to the database was lost while %s was being changed, and others changed it since; look whether the change is there, and try again if not", e.what(id))
}

type versioned[R any] struct {
	before, after *R
	version       int64 // of before
}

// compareAndSet writes the columns that differ, so that an unchanged index is
// not touched, and nothing when none does.
func (e *entity[M, R]) compareAndSet(ctx context.Context, s *Store, tx *sql.Tx, v versioned[R]) error {
	var (
		set  strings.Builder
		args []any
	)
	before, after := e.fields(v.before), e.fields(v.after)
	for i, column := range e.columns {
		if !reflect.DeepEqual(before[i], after[i]) {
			set.WriteString(column + " = ?, ")
			args = append(args, after[i])
		}
	}
	if len(args) == 0 {
		return nil
	}
	query := "UPDATE " + e.table + " SET " + set.String() + "version = version + 1 WHERE id = ? AND version = ?"
	result, err := tx.ExecContext(ctx, query, append(args, e.id(v.before), v.version)...)
	if err != nil && s.dialect.Classify(err) == FailureDuplicate && e.taken != nil {
		return model.Errorf(model.CodeAlreadyExists, "%s", e.taken(v.after))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", e.what(e.id(v.before)), err)
	}
	written, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("writing %s: %w", e.what(e.id(v.before)), err)
	}
	if written == 0 {
		return errChanged
	}
	return nil
}
