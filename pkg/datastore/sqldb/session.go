package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// EndSession implements datastore.Sessions.
func (s *Store) EndSession(ctx context.Context, id string, expiresAt time.Time) error {
	if err := checkColumns("a session", column{"id", id}); err != nil {
		return err
	}
	return s.rewrite(ctx, "ending a session", func(tx *sql.Tx, _ bool) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO ended_sessions (id, expires_at) VALUES (?, ?)", id, toMicros(expiresAt))
		if err != nil && s.dialect.Classify(err) == FailureDuplicate {
			return nil
		}
		return err
	})
}

// ForgetSessions implements datastore.Sessions.
func (s *Store) ForgetSessions(ctx context.Context, margin time.Duration) error {
	now, args := s.dialect.Now()
	q := query{"DELETE FROM ended_sessions WHERE expires_at < " + now + " - ?", append(args, margin.Microseconds())}
	_, err := s.execute(ctx, "forgetting ended sessions", q)
	return err
}

// SessionEnded implements datastore.Sessions.
func (s *Store) SessionEnded(ctx context.Context, id string) (bool, error) {
	var one int
	err := s.reader.QueryRowContext(ctx, "SELECT 1 FROM ended_sessions WHERE id = ?", id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, s.coded(ctx, err, "looking whether a session was ended")
}
