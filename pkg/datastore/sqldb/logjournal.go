package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// Most bytes of the names of logs and of their records; the columns take them.
const (
	maxLogName    = 512
	maxRecordName = 128
)

// AppendLogs implements datastore.LogJournal. It is what agents wait for most
// often, so it is two statements and no more: one that looks for ends, and one that
// stores, and may be repeated.
func (s *Store) AppendLogs(ctx context.Context, records []datastore.LogRecord) (ended []string, err error) {
	const doing = "writing the logs of stages"
	if err := checkRecords(records); err != nil || len(records) == 0 {
		return nil, err
	}
	if ended, err = endedLogs(ctx, s.reader, records); err != nil {
		return nil, s.coded(ctx, err, doing)
	}
	if len(ended) > 0 {
		records = slices.DeleteFunc(slices.Clone(records), func(r datastore.LogRecord) bool { return slices.Contains(ended, r.Log) })
	}
	if len(records) == 0 {
		return ended, nil
	}
	if _, err := s.execute(ctx, doing, s.insertRecords(records)); err != nil {
		return nil, err
	}
	return ended, nil
}

func checkRecords(records []datastore.LogRecord) error {
	if len(records) > datastore.MaxLogRecords {
		return model.Errorf(model.CodeInvalid, "%d records of logs were to be written at once; at most %d can be", len(records), datastore.MaxLogRecords)
	}
	for _, r := range records {
		switch {
		case r.Log == "" || len(r.Log) > maxLogName || r.Name == "" || len(r.Name) > maxRecordName:
			return model.Errorf(model.CodeInvalid, "a record of a log needs names of at most %d and %d bytes; these have %d and %d",
				maxLogName, maxRecordName, len(r.Log), len(r.Name))
		case len(r.Content) > maxDocument:
			return model.Errorf(model.CodeInvalid, "a record of the log %s has %d bytes; at most %d are kept", r.Log, len(r.Content), maxDocument)
		}
	}
	return nil
}

// endedLogs returns those of the records' logs that have an end.
func endedLogs(ctx context.Context, q querier, records []datastore.LogRecord) ([]string, error) {
	var ended []string
	logs := set(mapSlice(records, func(r datastore.LogRecord) string { return r.Log }))
	err := each(ctx, q, endedLogsQuery(logs), func(scan scanner) error {
		var log string
		err := scan(&log)
		ended = append(ended, log)
		return err
	})
	return ended, err
}

func endedLogsQuery(logs []string) query {
	var where conditions
	where.add("name = ?", datastore.LogEnd)
	addIn(&where, "log", logs)
	clause, args := where.clause()
	return query{"SELECT log FROM stage_log_journal" + clause, args}
}

func (s *Store) insertRecords(records []datastore.LogRecord) query {
	now, nowArgs := s.dialect.Now()
	row := "(?, ?, ?, ?, 1, " + now + ", ?)"
	var args []any
	for _, r := range records {
		args = append(append(append(args, r.Log, r.Name, r.Last, len(r.Content)), nowArgs...), contentOf(r))
	}
	return query{"INSERT INTO stage_log_journal (log, name, last_index, bytes, waits, added_at, content) VALUES " +
		row + strings.Repeat(", "+row, len(records)-1) + s.dialect.OrStored(), args}
}

// contentOf is never nil, which would be NULL.
func contentOf(r datastore.LogRecord) []byte {
	if r.Content == nil {
		return []byte{}
	}
	return r.Content
}

// ReadLog implements datastore.LogJournal.
func (s *Store) ReadLog(ctx context.Context, log string, from int64) ([]datastore.LogRecord, error) {
	var found []datastore.LogRecord
	err := each(ctx, s.reader, readLogQuery(log, from), func(scan scanner) error {
		r := datastore.LogRecord{Log: log}
		err := scan(&r.Name, &r.Last, &r.Content)
		found = append(found, r)
		return err
	})
	if err != nil {
		return nil, s.coded(ctx, err, "reading the log "+log)
	}
	return found, nil
}

func readLogQuery(log string, from int64) query {
	return query{"SELECT name, last_index, content FROM stage_log_journal WHERE log = ? AND (last_index >= ? OR bytes = 0) ORDER BY name", []any{log, from}}
}

// SettleLog implements datastore.LogJournal.
func (s *Store) SettleLog(ctx context.Context, log string, names []string) error {
	const perStatement = 500
	for chunk := range slices.Chunk(names, perStatement) {
		err := s.write(ctx, "settling the log "+log, func(tx *sql.Tx) error {
			if slices.Contains(chunk, datastore.LogEnd) {
				const settle = "UPDATE stage_log_journal SET waits = 0 WHERE log = ? AND name = ?"
				if _, err := tx.ExecContext(ctx, settle, log, datastore.LogEnd); err != nil {
					return fmt.Errorf("settling the end: %w", err)
				}
			}
			var where conditions
			where.add("log = ?", log)
			where.add("name <> ?", datastore.LogEnd)
			addIn(&where, "name", chunk)
			clause, args := where.clause()
			_, err := tx.ExecContext(ctx, "DELETE FROM stage_log_journal"+clause, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// WaitingLogs implements datastore.LogJournal.
func (s *Store) WaitingLogs(ctx context.Context, age time.Duration, limit int) ([]string, error) {
	if limit < 1 || limit > datastore.MaxLogRecords {
		return nil, model.Errorf(model.CodeInvalid, "%d logs were asked for at once; it must be 1 to %d", limit, datastore.MaxLogRecords)
	}
	now, args := s.dialect.Now()
	q := query{
		"SELECT log, MIN(added_at) FROM stage_log_journal WHERE waits = 1 AND added_at <= " + now + " - ? GROUP BY log ORDER BY MIN(added_at), log LIMIT ?",
		append(args, age.Microseconds(), limit),
	}
	var found []string
	err := each(ctx, s.reader, q, func(scan scanner) error {
		var (
			log     string
			addedAt int64
		)
		err := scan(&log, &addedAt)
		found = append(found, log)
		return err
	})
	if err != nil {
		return nil, s.coded(ctx, err, "looking for logs that wait")
	}
	return found, nil
}

// BacklogOfLogs implements datastore.LogJournal.
func (s *Store) BacklogOfLogs(ctx context.Context) (datastore.LogBacklog, error) {
	var (
		found datastore.LogBacklog
		since int64
	)
	err := s.reader.QueryRowContext(ctx, backlogQuery).Scan(&found.Records, &found.Bytes, &since)
	found.Since = fromMicros(since)
	return found, s.coded(ctx, err, "counting the logs that wait")
}

const backlogQuery = "SELECT COUNT(*), COALESCE(SUM(bytes), 0), COALESCE(MIN(added_at), 0) FROM stage_log_journal WHERE waits = 1"

// ForgetLogEnds implements datastore.LogJournal.
func (s *Store) ForgetLogEnds(ctx context.Context, age time.Duration) error {
	now, args := s.dialect.Now()
	q := query{"DELETE FROM stage_log_journal WHERE waits = 0 AND added_at <= " + now + " - ?", append(args, age.Microseconds())}
	_, err := s.execute(ctx, "forgetting the ends of logs", q)
	return err
}
