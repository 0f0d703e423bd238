package server

import (
	"context"
	"sync"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
)

// sessionInterval is how often a person's stream looks whether its session
// still lasts, although nobody said otherwise.
const sessionInterval = 10 * time.Second

// follower ends people's streams with their sessions.
type follower struct {
	sessions *auth.Sessions
	hub      *notify.Hub
}

// whileLoggedIn runs a stream until its session ends: by its time, by a logout
// or with the password.
func (f follower) whileLoggedIn(ctx context.Context, user auth.User, stream func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	var ended error // read after watching is done
	watching.Go(func() {
		if ended = f.awaitEnd(ctx, user); ended != nil {
			cancel(ended)
		}
	})
	err := stream(ctx)
	cancel(nil)
	watching.Wait()
	if err != nil && ended != nil {
		return ended // and not one of the errors that it led to
	}
	return err
}

// awaitEnd returns why the session ended, or nil once ctx is done.
func (f follower) awaitEnd(ctx context.Context, user auth.User) error {
	watch := f.hub.Watch(notify.Session(user.SessionID), notify.Project(user.ProjectID))
	defer watch.Stop()
	look := time.NewTimer(0)
	defer look.Stop()
	for {
		look.Reset(notify.Jittered(sessionInterval))
		select {
		case <-ctx.Done():
			return nil
		case <-watch.Woken():
		case <-look.C:
		}
		err := f.sessions.Recheck(ctx, user)
		if err != nil && !model.IsRetryable(err) && ctx.Err() == nil {
			return err
		}
	}
}
