package sqldb

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// AddSignal implements datastore.Signals. Once too often does no harm.
func (s *Store) AddSignal(ctx context.Context, sender string, topics []string) error {
	if len(topics) == 0 || len(topics) > datastore.MaxSignalTopics {
		return model.Errorf(model.CodeInvalid, "a signal has between 1 and %d topics, not %d", datastore.MaxSignalTopics, len(topics))
	}
	if err := checkColumns("a signal", column{"id", sender}); err != nil {
		return err
	}
	document, err := encode("a signal", topics)
	if err != nil {
		return err
	}
	now, args := s.dialect.Now()
	_, err = s.execute(ctx, "telling other processes of a change",
		query{"INSERT INTO signals (sender, sent_at, topics) VALUES (?, " + now + ", ?)", append(append([]any{sender}, args...), document)})
	return err
}

// LastSignal implements datastore.Signals.
func (s *Store) LastSignal(ctx context.Context) (int64, error) {
	var id int64
	err := s.reader.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM signals").Scan(&id)
	return id, s.coded(ctx, err, "looking for the last signal")
}

// ListSignals implements datastore.Signals.
func (s *Store) ListSignals(ctx context.Context, after int64, reader string) ([]datastore.Signal, error) {
	var found []datastore.Signal
	err := each(ctx, s.reader, signalsQuery(after, reader), func(scan scanner) error {
		var (
			one    datastore.Signal
			topics string
		)
		if err := scan(&one.ID, &one.Sender, &topics); err != nil {
			return err
		}
		found = append(found, one)
		if topics == "" {
			return nil
		}
		return decode(fmt.Sprintf("signal %d", one.ID), topics, &found[len(found)-1].Topics)
	})
	if err != nil {
		return nil, s.coded(ctx, err, "reading signals of other processes")
	}
	return found, nil
}

func signalsQuery(after int64, reader string) query {
	return query{
		"SELECT id, sender, CASE WHEN sender = ? THEN '' ELSE topics END FROM signals WHERE id > ? ORDER BY id LIMIT " +
			strconv.Itoa(datastore.MaxPageSize),
		[]any{reader, after},
	}
}

// ForgetSignals implements datastore.Signals. The last one stays, so that no
// server that starts anew gives ids a second time.
func (s *Store) ForgetSignals(ctx context.Context, age time.Duration) error {
	last, err := s.LastSignal(ctx)
	if err != nil {
		return err
	}
	now, args := s.dialect.Now()
	_, err = s.execute(ctx, "forgetting old signals",
		query{"DELETE FROM signals WHERE sent_at < " + now + " - ? AND id < ?", append(args, age.Microseconds(), last)})
	return err
}
