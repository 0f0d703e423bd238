package clock_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/clock"
)

// remote is a datastore whose clock is ahead.
type remote struct {
	ahead, takes time.Duration
	err          error
}

func (r *remote) Now(context.Context) (time.Time, error) {
	time.Sleep(r.takes / 2)
	now := time.Now().Add(r.ahead)
	time.Sleep(r.takes / 2)
	return now, r.err
}

func TestClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var none *clock.Clock
		if !none.Now().Equal(time.Now()) {
			t.Error("no clock does not tell the process's time")
		}
		c, store := new(clock.Clock), &remote{ahead: -5 * time.Minute, takes: 100 * time.Millisecond}
		off := func() time.Duration { return time.Until(c.Now()) }
		if err := c.Set(t.Context(), store); err != nil || off() != store.ahead {
			t.Errorf("off by %v (%v)", off(), err)
		}
		store.ahead, store.takes = time.Hour, 2*time.Second
		if err := c.Set(t.Context(), store); err == nil || off() != -5*time.Minute {
			t.Errorf("a slow answer was taken: off by %v", off())
		}
		store.takes, store.err = 0, errors.New("away")
		if err := c.Set(t.Context(), store); err == nil || off() != -5*time.Minute {
			t.Errorf("no answer was taken: off by %v", off())
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, store := new(clock.Clock), &remote{}
		var log strings.Builder
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.Run(ctx, store, slog.New(slog.NewTextHandler(&log, nil)))
		}()
		time.Sleep(time.Second)
		store.ahead = time.Minute
		time.Sleep(5 * time.Minute)
		cancel()
		<-ended
		if off := time.Until(c.Now()); off != time.Minute {
			t.Errorf("off by %v", off)
		}
		if n := strings.Count(log.String(), "differs"); n != 1 {
			t.Errorf("told %d times:\n%s", n, log.String())
		}
	})
}
