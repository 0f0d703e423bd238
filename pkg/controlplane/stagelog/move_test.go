package stagelog_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// objects returns the names of the log's objects.
func (s stores) objects(t *testing.T) []string {
	t.Helper()
	paths, err := s.files.List(t.Context(), "log/d/s/0/", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range paths {
		paths[i] = strings.TrimPrefix(p, "log/d/s/0/")
	}
	return paths
}

// waiting returns the names of the log's records in the journal.
func (s stores) waiting(t *testing.T) []string {
	t.Helper()
	records, err := s.journal.ReadLog(t.Context(), key.Path(), 0)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(records))
	for i, r := range records {
		names[i] = r.Name
	}
	return names
}

// wantLog looks with the eyes of a process that knows nothing yet.
func (s stores) wantLog(t *testing.T, want []model.LogBlock, completed bool) {
	t.Helper()
	got, done := all(t, s.logs(), key, 0)
	if diff := cmp.Diff(want, got); diff != "" || done != completed {
		t.Errorf("completed %t, want %t; (-want +got) %.2000s", done, completed, diff)
	}
}

// run lets the logs move what is to be moved until the test ends.
func run(t *testing.T, l *stagelog.Logs) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
}

func sweep(t *testing.T, l *stagelog.Logs) {
	t.Helper()
	if err := l.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What waits for long is moved by whoever looks, into one object; before, the
// filestore has nothing of it.
func TestMovedWhenOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		l := st.logs()
		for i := range int64(10) {
			add(t, l, blocks(i*10, i*10+9), false)
		}
		add(t, l, blocks(200, 209), false) // with a gap
		want := slices.Concat(blocks(0, 99), blocks(200, 209))
		sweep(t, st.logs())
		if got := st.objects(t); len(got) > 0 {
			t.Errorf("objects %q were stored at once", got)
		}
		st.wantLog(t, want, false)
		time.Sleep(stagelog.MoveAge)
		sweep(t, st.logs())
		if got := st.objects(t); len(got) != 1 {
			t.Errorf("there are the objects %q", got)
		}
		if got := st.waiting(t); len(got) > 0 {
			t.Errorf("%q still wait", got)
		}
		st.wantLog(t, want, false)

		// Repeats of what was moved are known, from memory and without it.
		add(t, l, blocks(0, 99), false)
		add(t, st.logs(), slices.Concat(blocks(95, 104), blocks(200, 204)), false)
		if got := st.waiting(t); len(got) != 1 || !strings.Contains(got[0], "-5-") {
			t.Errorf("after repeats %q wait", got)
		}
	})
}

// A log that ends is moved at once. Its end is remembered as long as a process
// may believe that it goes on, and then found in the filestore.
func TestMovedWhenEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		one, two := st.logs(), st.logs()
		run(t, one)
		add(t, two, blocks(0, 4), false)
		add(t, one, blocks(0, 4), false)
		add(t, one, blocks(5, 9), true)
		synctest.Wait()
		if got := st.objects(t); len(got) != 2 || got[1] != "done" {
			t.Errorf("there are the objects %q", got)
		}
		if got := st.waiting(t); !slices.Equal(got, []string{datastore.LogEnd}) {
			t.Errorf("%q wait", got)
		}
		late := func(l *stagelog.Logs, when string) {
			t.Helper()
			if err := l.Append(t.Context(), key, blocks(9, 10), false); model.CodeOf(err) != model.CodeFailedPrecondition {
				t.Errorf("%s: a new entry after the end: %v", when, err)
			}
			if err := l.Append(t.Context(), key, blocks(0, 9), true); err != nil {
				t.Errorf("%s: a repeat: %v", when, err)
			}
		}
		late(two, "at once")
		st.wantLog(t, blocks(0, 9), true)
		third := st.logs()
		if done, err := third.Completed(t.Context(), key); err != nil || !done {
			t.Errorf("completed %t, %v", done, err)
		}
		time.Sleep(stagelog.EndKept)
		sweep(t, two)
		if got := st.waiting(t); len(got) > 0 {
			t.Errorf("%q still wait", got)
		}
		late(st.logs(), "an hour later")
		st.wantLog(t, blocks(0, 9), true)
	})
}

// A process that believed a log to go on finds out that it ended, also when that
// was before it looks again.
func TestEndIsFoundInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		one, two := st.logs(), st.logs()
		run(t, one)
		add(t, two, blocks(0, 0), false)
		add(t, one, blocks(1, 1), true)
		for range 12 {
			time.Sleep(stagelog.EndKept / 10)
			sweep(t, one)
			if err := two.Append(t.Context(), key, blocks(2, 2), false); model.CodeOf(err) != model.CodeFailedPrecondition {
				t.Fatalf("a new entry after the end: %v", err)
			}
		}
	})
}

// A log of which much waits is moved while it goes on.
func TestMovedWhenLarge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := open(t)
		l := st.logs()
		run(t, l)
		const lines = 2*stagelog.MoveRecords + 10
		for i := range int64(lines) {
			add(t, l, blocks(i, i), false)
			if (i+1)%stagelog.MoveRecords == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		if got := st.objects(t); len(got) != 2 {
			t.Errorf("there are the objects %q", got)
		}
		if got := st.waiting(t); len(got) != 10 {
			t.Errorf("%d records wait", len(got))
		}
		st.wantLog(t, blocks(0, lines-1), false)
	})
}

// cut fails the n-th call that changes something, before or after it did, as a
// process does that is killed there, and every later one.
type cut struct {
	left  atomic.Int64
	after bool
}

var errCut = model.Errorf(model.CodeUnavailable, "the process was killed")

func (c *cut) do(change func() error) error {
	switch left := c.left.Add(-1); {
	case left > 0:
		return change()
	case left == 0 && c.after:
		return errors.Join(change(), errCut)
	default:
		return errCut
	}
}

type cutFiles struct {
	filestore.Store
	*cut
}

func (f cutFiles) Put(ctx context.Context, path string, content []byte) error {
	return f.do(func() error { return f.Store.Put(ctx, path, content) })
}

type cutJournal struct {
	datastore.LogJournal
	*cut
}

func (j cutJournal) SettleLog(ctx context.Context, log string, names []string) error {
	return j.do(func() error { return j.LogJournal.SettleLog(ctx, log, names) })
}

// Wherever a move is cut off, the log is whole before and after it is done again,
// and nothing is stored twice.
func TestMoveIsCutOff(t *testing.T) {
	t.Parallel()
	big := blocks(0, 39) // two objects
	for i := range big {
		big[i].Log = strings.Repeat("x", stagelog.MaxLineLength)
	}
	for _, after := range []bool{false, true} {
		for at := int64(1); ; at++ {
			st := open(t)
			add(t, st.logs(), big, true)
			c := &cut{after: after}
			c.left.Store(at)
			dying := stores{cutJournal{st.journal, c}, cutFiles{st.files, c}}
			err := dying.logs().Move(t.Context(), key)
			st.wantLog(t, big, true)
			if err := st.logs().Move(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			st.wantLog(t, big, true)
			if got := st.objects(t); len(got) != 3 || !slices.Equal(st.waiting(t), []string{datastore.LogEnd}) {
				t.Errorf("cut off at %d: objects %q, and %q wait", at, got, st.waiting(t))
			}
			if err == nil {
				if at < 4 {
					t.Errorf("only %d changes were made", at-1)
				}
				break
			}
		}
	}
}

// away is a filestore that answers nobody while it is.
type away struct {
	filestore.Store

	is    atomic.Bool
	asked atomic.Int64
}

var errAway = model.Errorf(model.CodeUnavailable, "the filestore does not answer")

func (a *away) Put(ctx context.Context, path string, content []byte) error {
	if a.asked.Add(1); a.is.Load() {
		return errAway
	}
	return a.Store.Put(ctx, path, content)
}

func (a *away) List(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	if a.asked.Add(1); a.is.Load() {
		<-ctx.Done() // as one that is frozen
		return nil, model.Wrap(model.CodeUnavailable, ctx.Err(), "listing")
	}
	return a.Store.List(ctx, prefix, after, limit)
}

// While the filestore is away logs begin, go on and end, up to what may wait;
// afterwards everything is moved, and nothing was lost.
func TestFilestoreAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, files := open(t), &away{}
		files.Store, st.files = st.files, files
		l := stagelog.New(stagelog.Options{Journal: st.journal, Files: files, Hub: new(notify.Hub), MaxBacklog: 100_000})
		run(t, l)
		known, begun := stagelog.Key{DeploymentID: "known", StageID: "s"}, key
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(l.Append(t.Context(), known, blocks(0, 9), false))
		files.is.Store(true)
		must(l.Append(t.Context(), begun, blocks(0, 9), false))
		asked := files.asked.Load()
		must(l.Append(t.Context(), known, blocks(10, 19), false))
		must(l.Append(t.Context(), begun, blocks(0, 19), false))
		must(l.Append(t.Context(), stagelog.Key{DeploymentID: "another", StageID: "s"}, blocks(0, 9), false))
		if got := files.asked.Load(); got != asked {
			t.Errorf("the filestore was asked %d times", got-asked)
		}
		must(l.Append(t.Context(), known, nil, true))
		if err := l.Sweep(t.Context()); err != nil {
			t.Errorf("nothing was old enough, and yet: %v", err)
		}
		time.Sleep(stagelog.MoveAge)
		if err := l.Sweep(t.Context()); !model.IsRetryable(err) {
			t.Errorf("sweeping while the filestore is away: %v", err)
		}

		large := blocks(20, 20)
		large[0].Log = strings.Repeat("x", 60_000)
		must(l.Append(t.Context(), begun, large, false))
		more := blocks(21, 21)
		more[0].Log = large[0].Log
		must(l.Append(t.Context(), begun, more, false))
		time.Sleep(2 * stagelog.BacklogInterval)
		err := l.Append(t.Context(), begun, blocks(22, 22), false)
		if model.CodeOf(err) != model.CodeExhausted || !strings.Contains(err.Error(), "see why the file store cannot be written to") {
			t.Errorf("too much waits, and yet: %v", err)
		}
		must(l.Append(t.Context(), begun, blocks(0, 19), true)) // an end needs no room

		files.is.Store(false)
		time.Sleep(stagelog.MoveAge + stagelog.AwayPause)
		sweep(t, l)
		time.Sleep(2 * stagelog.BacklogInterval)
		must(l.Append(t.Context(), stagelog.Key{DeploymentID: "another", StageID: "s"}, blocks(10, 10), false))
		if got, done := all(t, st.logs(), known, 0); len(got) != 20 || !done {
			t.Errorf("%d entries, completed %t", len(got), done)
		}
		st.wantLog(t, slices.Concat(blocks(0, 19), large, more), true)
	})
}
