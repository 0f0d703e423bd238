package datastore

import (
	"context"
	"time"
)

const aggregateLogJournal = "log_journal"

// AppendLogs implements LogJournal.
func (s observed) AppendLogs(ctx context.Context, records []LogRecord) (ended []string, err error) {
	ctx, end := s.begin(ctx, aggregateLogJournal, "AppendLogs")
	defer func() { end("", err) }()
	return s.Store.AppendLogs(ctx, records)
}

// ReadLog implements LogJournal.
func (s observed) ReadLog(ctx context.Context, log string, from int64) (records []LogRecord, err error) {
	ctx, end := s.begin(ctx, aggregateLogJournal, "ReadLog")
	defer func() { end("", err) }()
	return s.Store.ReadLog(ctx, log, from)
}

// SettleLog implements LogJournal.
func (s observed) SettleLog(ctx context.Context, log string, names []string) (err error) {
	ctx, end := s.begin(ctx, aggregateLogJournal, "SettleLog")
	defer func() { end("", err) }()
	return s.Store.SettleLog(ctx, log, names)
}

// WaitingLogs implements LogJournal.
func (s observed) WaitingLogs(ctx context.Context, age time.Duration, limit int) (logs []string, err error) {
	ctx, end := s.begin(ctx, aggregateLogJournal, "WaitingLogs")
	defer func() { end("", err) }()
	return s.Store.WaitingLogs(ctx, age, limit)
}

// BacklogOfLogs implements LogJournal.
func (s observed) BacklogOfLogs(ctx context.Context) (found LogBacklog, err error) {
	ctx, end := s.begin(ctx, aggregateLogJournal, "BacklogOfLogs")
	defer func() { end("", err) }()
	return s.Store.BacklogOfLogs(ctx)
}

// ForgetLogEnds implements LogJournal.
func (s observed) ForgetLogEnds(ctx context.Context, age time.Duration) (err error) {
	ctx, end := s.begin(ctx, aggregateLogJournal, "ForgetLogEnds")
	defer func() { end("", err) }()
	return s.Store.ForgetLogEnds(ctx, age)
}
