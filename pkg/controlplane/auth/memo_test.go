package auth

import (
	"errors"
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

func (r *reads) read() (int, error) {
	r.n++
	return r.n, r.err
}

func TestMemo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := new(notify.Hub)
		m := newMemo[int](hub)
		var r reads
		want := func(value int, what string) {
			t.Helper()
			got, err := m.get("a", r.read, notify.Agent("a"), notify.Project("p"))
			if got != value || !errors.Is(err, r.err) {
				t.Errorf("%s: got %d, %v; want %d", what, got, err, value)
			}
		}
		want(1, "first")
		want(1, "at once again")
		time.Sleep(memory - time.Millisecond)
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
		m := newMemo[int](hub)
		var r reads
		_, err := m.get("a", func() (int, error) {
			defer hub.Notify(notify.Agent("a")) // committed after the reading saw its state
			return r.read()
		}, notify.Agent("a"))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := m.get("a", r.read, notify.Agent("a")); got != 2 {
			t.Errorf("the change was missed: %d", got)
		}
	})
}

func TestMemoKeepsNoErrorsAndNothingOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := new(notify.Hub)
		m := newMemo[int](hub)
		r := reads{err: errors.New("no")}
		for range 2 {
			if _, err := m.get("a", r.read, notify.Agent("a")); err == nil {
				t.Error("an error was forgotten")
			}
		}
		if r.n != 2 || len(m.entries) != 0 || hub.Watching(notify.Agent("a")) != 0 {
			t.Errorf("%d readings, %d entries: an error was remembered", r.n, len(m.entries))
		}
		r.err = nil
		for _, key := range []string{"a", "b"} {
			if _, err := m.get(key, r.read, notify.Agent(key)); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(sweepInterval)
		if _, err := m.get("c", r.read, notify.Agent("c")); err != nil {
			t.Error(err)
		}
		if len(m.entries) != 1 || hub.Watching(notify.Agent("a"), notify.Agent("b")) != 0 {
			t.Errorf("%d entries are left, want that of c", len(m.entries))
		}
	})
}
