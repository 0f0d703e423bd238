package sqldb

import (
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Failure is what went wrong in the database, as far as callers care.
type Failure int

// The failures.
const (
	FailureOther        Failure = iota // a defect, or something only an operator can judge
	FailureDuplicate                   // a unique key is taken
	FailureConflict                    // the transaction was broken off for another; start it over
	FailureUnavailable                 // locked, or too busy; nothing was changed, try later
	FailureDisconnected                // no connection, or the connection was lost: what was not committed is not stored
	FailureFull                        // no space left
	FailureTooLarge                    // the database does not take a value of that size
	FailureNoTable                     // the statement names a table that is not there
)

// Dialect is what differs between the databases. Implementations have no state
// that changes and are safe for concurrent use.
type Dialect interface {
	// Migrations returns the numbered SQL files, one DDL statement each, at the root.
	Migrations() fs.FS
	// MigrationDialect names the database for the migration library.
	MigrationDialect() goose.Dialect
	// Now returns an SQL expression for the database's own time in microseconds
	// since 1970 UTC, and the arguments of its placeholders.
	Now() (expr string, args []any)
	// LockForShare is appended to a SELECT in a transaction whose row must not
	// change before the commit; LockForUpdate to one whose row will be written.
	// Both are empty where a writing transaction excludes all others.
	LockForShare() string
	LockForUpdate() string
	// OrStored is appended to an INSERT so that a row whose primary key is there already stays as it is.
	OrStored() string
	// Classify says what kind of failure err is.
	Classify(err error) Failure
}
