package memo

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/notify"
)

// reads counts what was read.
type reads struct {
	n   int
	err error
}

func (r *reads) read(context.Context) (int, error) {
	r.n++
	return r.n, r.err
}

func TestMemo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := new(notify.Hub)
		m := New[int](hub, 0)
		var r reads
		want := func(value int, what string) {
			t.Helper()
			got, err := m.Get(t.Context(), "a", r.read, notify.Agent("a"), notify.Project("p"))
			if got != value || !errors.Is(err, r.err) {
				t.Errorf("%s: got %d, %v; want %d", what, got, err, value)
			}
		}
		want(1, "first")
		want(1, "at once again")
		time.Sleep(Age - time.Millisecond)
		want(1, "within its time")
		time.Sleep(time.Millisecond)
		want(2, "after its time")
		hub.Notify(notify.Project("p"))
		want(3, "after a change that was told")
		want(3, "and not again and again")
		hub.Notify(notify.Agent("other"))
		want(3, "after another's change")
	})
}

func TestMemoOfWhatChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := new(notify.Hub)
		m := New[int](hub, 0)
		var r reads
		_, err := m.Get(t.Context(), "a", func(ctx context.Context) (int, error) {
			defer hub.Notify(notify.Agent("a")) // committed after the reading saw its state
			return r.read(ctx)
		}, notify.Agent("a"))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := m.Get(t.Context(), "a", r.read, notify.Agent("a")); got != 2 {
			t.Errorf("the change was missed: %d", got)
		}
	})
}

func TestMemoKeepsNoErrorsAndNothingOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := new(notify.Hub)
		m := New[int](hub, 0)
		r := reads{err: errors.New("no")}
		for range 2 {
			if _, err := m.Get(t.Context(), "a", r.read, notify.Agent("a")); err == nil {
				t.Error("an error was forgotten")
			}
		}
		if r.n != 2 || len(m.entries) != 0 || hub.Watching(notify.Agent("a")) != 0 {
			t.Errorf("%d readings, %d entries: an error was remembered", r.n, len(m.entries))
		}
		r.err = nil
		for _, key := range []string{"a", "b"} {
			if _, err := m.Get(t.Context(), key, r.read, notify.Agent(key)); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(sweepInterval)
		if _, err := m.Get(t.Context(), "c", r.read, notify.Agent("c")); err != nil {
			t.Error(err)
		}
		if len(m.entries) != 1 || hub.Watching(notify.Agent("a"), notify.Agent("b")) != 0 {
			t.Errorf("%d entries are left, want that of c", len(m.entries))
		}
	})
}

// TestMemoReadsOnceForAll: those who come while it reads wait for that, those
// who come after a change was told of do not.
func TestMemoReadsOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := new(notify.Hub)
		m := New[int](hub, 0)
		var (
			n   atomic.Int64
			all sync.WaitGroup
		)
		get := func(want int) {
			all.Go(func() {
				got, err := m.Get(t.Context(), "a", func(context.Context) (int, error) {
					mine := int(n.Add(1))
					time.Sleep(Age / 10)
					return mine, nil
				}, notify.Agent("a"))
				if got != want || err != nil {
					t.Errorf("got %d, %v; want %d", got, err, want)
				}
			})
			synctest.Wait()
		}
		for range 10 {
			get(1)
		}
		hub.Notify(notify.Agent("a"))
		for range 10 {
			get(2)
		}
		all.Wait()
		get(2)
		gone, cancel := context.WithCancel(t.Context())
		hub.Notify(notify.Agent("a"))
		get(3)
		cancel()
		if _, err := m.Get(gone, "a", nil, notify.Agent("a")); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that left got %v", err)
		}
		all.Wait()
	})
}

// TestMemoOfAReadingThatPanics: the next one reads.
func TestMemoOfAReadingThatPanics(t *testing.T) {
	t.Parallel()
	m := New[int](new(notify.Hub), 0)
	func() {
		defer func() { _ = recover() }()
		_, _ = m.Get(t.Context(), "a", func(context.Context) (int, error) { panic("no") })
	}()
	if got, err := m.Get(t.Context(), "a", func(context.Context) (int, error) { return 7, nil }); got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

// TestMemoIsBounded: what is too much is read and not remembered.
func TestMemoIsBounded(t *testing.T) {
	t.Parallel()
	m := New[int](new(notify.Hub), 1)
	var r reads
	for _, key := range []string{"a", "b", "b", "a"} {
		if _, err := m.Get(t.Context(), key, r.read); err != nil {
			t.Error(err)
		}
	}
	if r.n != 3 || len(m.entries) != 1 {
		t.Errorf("%d readings, %d entries", r.n, len(m.entries))
	}
}
