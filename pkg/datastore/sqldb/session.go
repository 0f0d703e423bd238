package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// EndSession implements datastore.Sessions. What no session can have any more
// is forgotten on the way.
func (s *Store) EndSession(ctx context.Context, id string, expiresAt time.Time) error {
	if err := checkColumns("a session", column{"id", id}); err != nil {
		return err
	}
	return s.write(ctx, "ending a session", func(tx *sql.Tx) error {
		now, args := s.dialect.Now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM ended_sessions WHERE expires_at < "+now, args...); err != nil {
			return fmt.Errorf("forgetting sessions: %w", err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO ended_sessions (id, expires_at) VALUES (?, ?)", id, toMicros(expiresAt))
		if err != nil && s.dialect.Classify(err) == FailureDuplicate {
			return nil
		}
		return err
	})
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
