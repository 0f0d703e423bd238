package sqlite_test

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite" // the driver called sqlite
)

// execSQL runs a statement on a database that no store has open.
func execSQL(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	must(t, err)
	must(t, db.Close())
}
