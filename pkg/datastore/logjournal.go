package datastore

import (
	"context"
	"time"
)

// LogEnd is the name of the record that ends a log.
const LogEnd = "done"

// MaxLogRecords is the most records of one call.
const MaxLogRecords = 1000

// LogRecord is something that was written to the log of a stage: a batch of
// entries, or a mark, which has none.
type LogRecord struct {
	Log     string // which log: of which deployment, stage and attempt
	Name    string // orders the records of a log, and tells them apart
	Last    int64  // the highest index of the entries
	Content []byte // empty for a mark
}

// LogBacklog is what waits in the journal.
type LogBacklog struct {
	Records int
	Bytes   int64     // of content
	Since   time.Time // when the oldest was appended, by the store's clock; zero when nothing waits
}

// LogJournal holds what was written to the logs of stages until it is in the
// filestore. Ages are judged by the store's clock.
type LogJournal interface {
	// AppendLogs stores records, of any logs, with one commit: all or none, but nothing of a log whose end was committed
	// before the call; it returns the names of those logs. A record whose name its log has already is stored already.
	// CodeInvalid for more than MaxLogRecords.
	AppendLogs(ctx context.Context, records []LogRecord) (ended []string, err error)
	// ReadLog returns of one moment, by name, the batches of a log with an entry of at least the index, and all its
	// marks: also a LogEnd that was settled and is not forgotten yet.
	ReadLog(ctx context.Context, log string, from int64) ([]LogRecord, error)
	// SettleLog removes records that do not have to wait any more. Of a LogEnd that is among them it remembers that it
	// was there, for AppendLogs and ReadLog. What is not there is no error.
	SettleLog(ctx context.Context, log string, names []string) error
	// WaitingLogs returns logs with a record that was appended at least this long ago and was not settled, those that wait
	// longest first. CodeInvalid for a limit over MaxLogRecords.
	WaitingLogs(ctx context.Context, age time.Duration, limit int) ([]string, error)
	// BacklogOfLogs returns what was not settled.
	BacklogOfLogs(ctx context.Context) (LogBacklog, error)
	// ForgetLogEnds forgets those LogEnds that were settled and appended at least this long ago.
	ForgetLogEnds(ctx context.Context, age time.Duration) error
}
