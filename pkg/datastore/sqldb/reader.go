package sqldb

import (
	"context"
	"database/sql"
)

// reader runs queries outside of transactions. One that got no answer, because
// its connection was lost or there was none, is asked again.
type reader struct {
	pool    *sql.DB
	dialect Dialect
}

// QueryContext implements querier.
func (r reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	for attempt := 1; ; attempt++ {
		rows, err := r.pool.QueryContext(ctx, query, args...)
		if !r.again(ctx, err, attempt) {
			return rows, err
		}
	}
}

// QueryRowContext implements querier.
func (r reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	for attempt := 1; ; attempt++ {
		row := r.pool.QueryRowContext(ctx, query, args...)
		if !r.again(ctx, row.Err(), attempt) {
			return row
		}
	}
}

// again reports whether to ask again, after a pause.
func (r reader) again(ctx context.Context, err error, attempt int) bool {
	return err != nil && attempt < maxAttempts && r.dialect.Classify(err) == FailureDisconnected && pause(ctx, attempt) == nil
}
