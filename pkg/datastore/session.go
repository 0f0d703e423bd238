package datastore

import (
	"context"
	"time"
)

// Sessions remembers which sessions of people were ended before their time.
type Sessions interface {
	// EndSession records that the session is over. It is remembered until the time when the session would have ended by
	// itself. Ending it again is harmless.
	EndSession(ctx context.Context, id string, expiresAt time.Time) error
	// ForgetSessions forgets the sessions that would have ended by themselves longer than margin ago, by the store's clock.
	ForgetSessions(ctx context.Context, margin time.Duration) error
	// SessionEnded reports whether EndSession was called for the session.
	SessionEnded(ctx context.Context, id string) (bool, error)
}
