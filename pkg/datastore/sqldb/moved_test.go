package sqldb_test

import (
	"database/sql"
	"slices"
	"testing"

	"pipecd/pkg/datastore/sqldb"
)

// TestEveryTableMoves: a table, or a column, that a migration adds is in
// backups too, unless it is named here with the reason.
func TestEveryTableMoves(t *testing.T) {
	t.Parallel()
	stays := map[string]string{
		"goose_db_version": "says which migrations were applied to this very database",
		"sqlite_sequence":  "is SQLite's own",
		"signals":          "are words between servers that run; who starts reads everything",
	}
	db := migrated(t)
	moved := sqldb.MovedColumns()
	for _, table := range texts(t, db, "SELECT name FROM sqlite_master WHERE type = 'table'") {
		if stays[table] != "" {
			continue
		}
		got := slices.Sorted(slices.Values(moved[table]))
		want := slices.Sorted(slices.Values(texts(t, db, "SELECT name FROM pragma_table_info('"+table+"')")))
		if !slices.Equal(got, want) {
			t.Errorf("of %s, movedTables has %v; the table has %v", table, got, want)
		}
		delete(moved, table)
	}
	for table := range moved {
		t.Errorf("movedTables has %s, which is no table", table)
	}
}

func texts(t *testing.T, db *sql.DB, query string) (found []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
