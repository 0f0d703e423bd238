package sqldb

import (
	"cmp"
	"context"
	"fmt"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// query is a statement with its arguments.
type query struct {
	sql  string
	args []any
}

// scanner reads the current row.
type scanner func(into ...any) error

// each calls row for every row of the query.
func each(ctx context.Context, q querier, what query, row func(scanner) error) (err error) {
	rows, err := q.QueryContext(ctx, what.sql, what.args...)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// tallies reads rows of a key and a number.
func tallies[K comparable](ctx context.Context, q querier, what query) (map[K]int, error) {
	counts := make(map[K]int)
	err := each(ctx, q, what, func(scan scanner) error {
		var (
			key K
			n   int
		)
		if err := scan(&key, &n); err != nil {
			return err
		}
		counts[key] = n
		return nil
	})
	return counts, err
}

// checkBatch refuses more ids than one query should carry.
func checkBatch(noun string, ids []string) error {
	if len(ids) > datastore.MaxPageSize {
		return model.Errorf(model.CodeInvalid, "%d %ss were asked for at once; at most %d can be", len(ids), noun, datastore.MaxPageSize)
	}
	return nil
}

// some returns the values of those ids that exist.
func (e *entity[M, R]) some(ctx context.Context, s *Store, ids []string) ([]*M, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := checkBatch(e.noun, ids); err != nil {
		return nil, err
	}
	var where conditions
	addIn(&where, "t.id", ids)
	clause, args := where.clause()
	sql := fmt.Sprintf("SELECT %s FROM %s t %s%s", e.selection(), e.table, e.join, clause)
	var values []*M
	err := each(ctx, s.reader, query{sql, args}, func(scan scanner) error {
		row := new(R)
		if err := scan(e.fields(row)...); err != nil {
			return err
		}
		value, err := e.toModel(row)
		if err != nil {
			return err
		}
		values = append(values, value)
		return nil
	})
	if err != nil {
		return nil, s.coded(ctx, err, "reading several "+e.noun+"s")
	}
	return values, nil
}
