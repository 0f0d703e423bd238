package background_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/background"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// cut is a datastore that one server reaches no more.
type cut struct {
	datastore.Store

	off atomic.Bool
}

func (c *cut) AcquireLease(ctx context.Context, id string, by datastore.LeaseRequest) (model.Lease, bool, error) {
	if c.off.Load() {
		return model.Lease{}, false, errors.New("cut off")
	}
	return c.Store.AcquireLease(ctx, id, by)
}

func (c *cut) ReleaseLease(ctx context.Context, f model.Fence) error {
	if c.off.Load() {
		return errors.New("cut off")
	}
	return c.Store.ReleaseLease(ctx, f)
}

// server is one of several, and counts what it did.
type server struct {
	leases *cut
	done   atomic.Int64
	stop   func()
}

func start(t *testing.T, name string, store datastore.Store) *server {
	t.Helper()
	s := &server{leases: &cut{Store: store}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		background.Run(ctx, background.Options{
			Leases: s.leases, Name: name, Host: "host", Logger: slog.New(slog.DiscardHandler),
			Tasks: []background.Task{
				{What: "count", Every: time.Minute, Do: func(context.Context) error { s.done.Add(1); return nil }},
				{What: "fail", Every: time.Minute, Do: func(context.Context) error { return errors.New("always") }},
			},
		})
	})
	s.stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(s.stop)
	return s
}

func open(t *testing.T) datastore.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// TestOneWorks: of three servers one works; when it stops, or is cut off, one
// of the others goes on.
func TestOneWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := open(t)
		servers := map[*server]bool{}
		for _, name := range []string{"a", "b", "c"} {
			servers[start(t, name, store)] = true
		}
		working := func(from time.Duration) *server {
			t.Helper()
			time.Sleep(from)
			for s := range servers {
				s.done.Store(0)
			}
			time.Sleep(10 * time.Minute)
			var found *server
			for s := range servers {
				n := s.done.Load()
				switch {
				case n == 0:
				case found != nil:
					t.Error("two servers work")
				case n < 6 || n > 20:
					t.Errorf("done %d times in ten minutes", n)
				}
				if n > 0 {
					found = s
				}
			}
			if found == nil {
				t.Fatal("no server works")
			}
			return found
		}
		first := working(time.Minute)
		first.stop()
		second := working(20 * time.Second)
		if second == first {
			t.Error("one that was stopped works")
		}
		second.leases.off.Store(true)
		if third := working(time.Minute); third == second || third == first {
			t.Error("one that was cut off works")
		}
	})
}

// TestAlone: without other servers no lease is needed, and what fails is told.
func TestAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		done := 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		background.Run(ctx, background.Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Tasks: []background.Task{{What: "do it", Every: 10 * time.Minute, Do: func(context.Context) error {
				done++
				return errors.New("no")
			}}},
		})
		if n := strings.Count(log.String(), "could not do it now"); done < 4 || done > 13 || n != done {
			t.Errorf("done %d times, told %d times", done, n)
		}
	})
}
