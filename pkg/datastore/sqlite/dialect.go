package sqlite

import (
	"embed"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"pipecd/pkg/datastore/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// dialect is SQLite's sqldb.Dialect.
type dialect struct {
	files fs.FS
}

var _ sqldb.Dialect = dialect{}

// Migrations implements sqldb.Dialect.
func (d dialect) Migrations() fs.FS { return d.files }

// MigrationDialect implements sqldb.Dialect.
func (dialect) MigrationDialect() goose.Dialect { return goose.DialectSQLite3 }

// Now implements sqldb.Dialect. The file belongs to this process, so its clock
// is the database's; SQLite's own functions know milliseconds at best and
// cannot be held by a test.
func (dialect) Now() (string, []any) { return "CAST(? AS INTEGER)", []any{time.Now().UnixMicro()} }

// LockForShare implements sqldb.Dialect. A writing transaction is alone.
func (dialect) LockForShare() string { return "" }

// LockForUpdate implements sqldb.Dialect. A writing transaction is alone.
func (dialect) LockForUpdate() string { return "" }

// OrStored implements sqldb.Dialect.
func (dialect) OrStored() string { return " ON CONFLICT DO NOTHING" }

// Classify implements sqldb.Dialect.
func (dialect) Classify(err error) sqldb.Failure {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
		return sqldb.FailureDuplicate
	}
	switch primaryCode(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
		return sqldb.FailureUnavailable
	case sqlite3.SQLITE_FULL:
		return sqldb.FailureFull
	case sqlite3.SQLITE_TOOBIG:
		return sqldb.FailureTooLarge
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(err.Error(), "no such table") { // it has no code of its own
			return sqldb.FailureNoTable
		}
		return sqldb.FailureOther
	default:
		return sqldb.FailureOther
	}
}

// primaryCode returns the primary result code of err, -1 when it has none.
func primaryCode(err error) int {
	const mask = 0xff // the bytes above it say more precisely what happened
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return -1
	}
	return e.Code() & mask
}
