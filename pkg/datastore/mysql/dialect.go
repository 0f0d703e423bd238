package mysql

import (
	"context"
	"database/sql/driver"
	"embed"
	"errors"
	"io"
	"io/fs"
	"net"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"

	"pipecd/pkg/datastore/sqldb"
)

//go:embed migrations/*.sql
var migrations embed.FS

// dialect is the sqldb.Dialect of MySQL and MariaDB.
type dialect struct {
	files fs.FS
}

var _ sqldb.Dialect = dialect{}

// Migrations implements sqldb.Dialect.
func (d dialect) Migrations() fs.FS { return d.files }

// MigrationDialect implements sqldb.Dialect.
func (dialect) MigrationDialect() goose.Dialect { return goose.DialectMySQL }

// Now implements sqldb.Dialect. UTC, so that no session's time zone matters.
func (dialect) Now() (string, []any) {
	return "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))", nil
}

// LockForShare implements sqldb.Dialect. MariaDB knows no FOR SHARE.
func (dialect) LockForShare() string { return " LOCK IN SHARE MODE" }

// LockForUpdate implements sqldb.Dialect.
func (dialect) LockForUpdate() string { return " FOR UPDATE" }

// OrStored implements sqldb.Dialect. Not INSERT IGNORE, which also cuts what does
// not fit.
func (dialect) OrStored() string { return " ON DUPLICATE KEY UPDATE name = name" }

// The numbers of the servers' errors that matter to callers. Source: the error
// references of MySQL and MariaDB.
const (
	errDuplicateEntry    = 1062
	errDuplicateNamedKey = 1586

	errDeadlock        = 1213
	errLockWaitTimeout = 1205
	errRecordChanged   = 1020 // MariaDB, under snapshot isolation

	errTooManyConnections     = 1040
	errNotReady               = 1047 // a Galera node that is not in sync
	errShutdown               = 1053
	errTooManyUserConnections = 1203
	errUserLimitReached       = 1226
	errReadOnlyOption         = 1290
	errReadOnly               = 1836
	errConnectionKilled       = 1927
	errQueryInterrupted       = 1317
	errGone                   = 2006
	errLost                   = 2013

	errDiskFull  = 1021
	errTableFull = 1114

	errPacketTooLarge = 1153
	errDataTooLong    = 1406

	errNoSuchTable = 1146
)

// failures says what an error means. It is only read.
var failures = map[uint16]sqldb.Failure{ //nolint:gochecknoglobals // a table, built once: it is looked into for every failed statement
	errDuplicateEntry: sqldb.FailureDuplicate, errDuplicateNamedKey: sqldb.FailureDuplicate,
	errDeadlock: sqldb.FailureConflict, errLockWaitTimeout: sqldb.FailureConflict, errRecordChanged: sqldb.FailureConflict,
	errTooManyConnections: sqldb.FailureUnavailable, errNotReady: sqldb.FailureUnavailable, errShutdown: sqldb.FailureDisconnected,
	errTooManyUserConnections: sqldb.FailureUnavailable, errUserLimitReached: sqldb.FailureUnavailable,
	errReadOnlyOption: sqldb.FailureUnavailable, errReadOnly: sqldb.FailureUnavailable, errConnectionKilled: sqldb.FailureDisconnected,
	errQueryInterrupted: sqldb.FailureUnavailable, errGone: sqldb.FailureDisconnected, errLost: sqldb.FailureDisconnected,
	errDiskFull: sqldb.FailureFull, errTableFull: sqldb.FailureFull,
	errPacketTooLarge: sqldb.FailureTooLarge, errDataTooLong: sqldb.FailureTooLarge,
	errNoSuchTable: sqldb.FailureNoTable,
}

// Classify implements sqldb.Dialect.
func (dialect) Classify(err error) sqldb.Failure {
	if answer, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return failures[answer.Number] // FailureOther for the rest
	}
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return sqldb.FailureTooLarge
	}
	if errors.Is(err, context.DeadlineExceeded) { // also a net.Error
		return sqldb.FailureUnavailable
	}
	_, network := errors.AsType[net.Error](err)
	if network || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return sqldb.FailureDisconnected
	}
	return sqldb.FailureOther
}
