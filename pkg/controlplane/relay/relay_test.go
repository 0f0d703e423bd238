package relay_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/relay"
	"pipecd/pkg/datastore"
)

// table is a table of signals that can be away, and whose commits can be late.
type table struct {
	mu      sync.Mutex
	away    bool
	last    int64
	rows    []datastore.Signal
	waiting map[string]string
	reads   int
	adds    int
}

var errAway = errors.New("the datastore is away")

func (s *table) AddSignal(_ context.Context, sender string, topics []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	s.adds++
	s.last++
	s.rows = append(s.rows, datastore.Signal{ID: s.last, Sender: sender, Topics: topics})
	return nil
}

func (s *table) LastSignal(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return 0, errAway
	}
	return s.last, nil
}

func (s *table) ListSignals(_ context.Context, after int64, reader string) ([]datastore.Signal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.away {
		return nil, errAway
	}
	var found []datastore.Signal
	for _, r := range s.rows {
		if r.Sender == reader {
			r.Topics = nil
		}
		if r.ID > after {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b datastore.Signal) int { return int(a.ID - b.ID) })
	return found[:min(len(found), datastore.MaxPageSize)], nil
}

func (s *table) ForgetSignals(context.Context, time.Duration) error { return nil }

func (s *table) WaitingCommands(context.Context) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errAway
	}
	return s.waiting, nil
}

func (s *table) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// world is two processes with one table, under virtual time.
type world struct {
	table *table
	a, b  *notify.Hub
}

func run(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{table: &table{}, a: new(notify.Hub), b: new(notify.Hub)}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for name, hub := range map[string]*notify.Hub{"a": w.a, "b": w.b} {
			r := relay.New(relay.Options{Store: w.table, Hub: hub, Name: name, Logger: slog.New(slog.DiscardHandler)})
			all.Go(func() { r.Run(ctx) })
		}
		synctest.Wait()
		test(t, w)
		cancel()
		all.Wait()
	})
}

// within reports whether the watch is woken within d.
func within(w *notify.Watch, d time.Duration) bool {
	timer := time.NewTimer(max(d, 1))
	defer timer.Stop()
	select {
	case <-w.Woken():
		return true
	case <-timer.C:
		return false
	}
}

func TestOneTellsTheOther(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		here, there, else_ := w.a.Watch("x", "y"), w.b.Watch("x", "y"), w.b.Watch("z")
		began := time.Now()
		for range 100 {
			w.a.Notify("x", "y")
		}
		if !within(here, 0) {
			t.Error("the own process was not woken at once")
		}
		if !within(there, time.Second) || time.Since(began) > 400*time.Millisecond {
			t.Errorf("the other process was not woken soon: %v", time.Since(began))
		}
		if got := there.Take(); !slices.Equal(got, []notify.Topic{"x", "y"}) {
			t.Errorf("it was told %v", got)
		}
		if w.table.adds != 1 {
			t.Errorf("a burst became %d signals", w.table.adds)
		}
		if within(here, time.Minute) || within(there, time.Minute) || within(else_, 0) {
			t.Error("somebody was woken for nothing, or twice")
		}
	})
}

func TestIdleCost(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		w.table.set(func() { w.table.reads = 0 })
		time.Sleep(time.Minute)
		if got := w.table.reads; got > 2*60*5 || got < 2*60*3 {
			t.Errorf("two processes read signals %d times a minute", got)
		}
		if w.table.adds != 0 {
			t.Errorf("%d signals of nothing", w.table.adds)
		}
	})
}

// TestLateCommits: a signal that appears after one of a higher id is told, once.
func TestLateCommits(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		late, early := w.b.Watch("late"), w.b.Watch("early")
		w.table.set(func() {
			w.table.last = 10
			w.table.rows = append(w.table.rows, datastore.Signal{ID: 10, Sender: "c", Topics: []string{"early"}})
		})
		if !within(early, time.Second) {
			t.Error("the first was not told")
		}
		time.Sleep(2 * time.Second)
		w.table.set(func() {
			w.table.rows = append(w.table.rows, datastore.Signal{ID: 7, Sender: "c", Topics: []string{"late"}})
		})
		if !within(late, time.Second) {
			t.Error("the late one was not told")
		}
		if within(early, time.Minute) || within(late, time.Minute) {
			t.Error("one was told twice")
		}
	})
}

// TestOutage: what is notified while the datastore is away is told afterwards.
func TestOutage(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		there := w.b.Watch("x", "y", "z")
		w.table.set(func() { w.table.away = true })
		w.a.Notify("x")
		time.Sleep(time.Minute)
		w.a.Notify("y")
		if within(there, time.Second) {
			t.Error("something was told through nothing")
		}
		w.table.set(func() { w.table.away = false })
		time.Sleep(5 * time.Second)
		if got := there.Take(); !slices.Equal(got, []notify.Topic{"x", "y"}) {
			t.Errorf("told after the outage: %v", got)
		}
	})
}

// TestLongOutage: who cannot know what was missed wakes everybody, but asks no
// agent to look at its repositories.
func TestLongOutage(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		there := w.b.Watch("x", notify.Push("github.com/a/b", "main"))
		w.table.set(func() { w.table.away = true })
		time.Sleep(relay.Keep)
		w.table.set(func() { w.table.away = false })
		if !within(there, 10*time.Second) {
			t.Error("nobody was woken")
		}
		if got := there.Take(); !slices.Equal(got, []notify.Topic{"x"}) {
			t.Errorf("woken for %v", got)
		}
	})
}

// TestTooMuch: what is too much to be named is everything.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		some, other := w.b.Watch("1999"), w.b.Watch("other")
		for i := range 2000 {
			w.a.Notify(notify.Topic(strconv.Itoa(i)))
		}
		if !within(some, time.Second) || within(other, time.Minute) || w.table.adds != 4 {
			t.Errorf("2000 topics were not told as they are: %d signals", w.table.adds)
		}
		for i := range 10_000 {
			w.a.Notify(notify.Topic(strconv.Itoa(i)))
		}
		if !within(other, time.Second) || w.table.adds != 5 {
			t.Errorf("10000 topics were not told as everything: %d signals", w.table.adds-4)
		}
	})
}

// TestManySignals: more signals than one read returns are all told, soon.
func TestManySignals(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		there := w.b.Watch("last")
		w.table.set(func() {
			for i := range int64(3 * datastore.MaxPageSize) {
				w.table.rows = append(w.table.rows, datastore.Signal{ID: 2*i + 5, Sender: "c", Topics: []string{"x"}})
			}
			w.table.last = 10 * datastore.MaxPageSize
			w.table.rows = append(w.table.rows, datastore.Signal{ID: w.table.last, Sender: "c", Topics: []string{"last"}})
		})
		if !within(there, time.Second) {
			t.Error("the last one was not told")
		}
	})
}

// TestCommandsOfTheDead: a command of a process that died before it told of it
// wakes its agent once.
func TestCommandsOfTheDead(t *testing.T) {
	t.Parallel()
	run(t, func(t *testing.T, w *world) {
		agent := w.b.Watch(notify.Commands("agent"))
		if within(agent, time.Minute) {
			t.Error("woken for nothing")
		}
		w.table.set(func() { w.table.waiting = map[string]string{"c1": "agent"} })
		if !within(agent, 1300*time.Millisecond) {
			t.Error("not woken")
		}
		if within(agent, time.Minute) {
			t.Error("woken again for the same command")
		}
	})
}

// TestLastWords: what was notified just before the end is told.
func TestLastWords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub, signals := new(notify.Hub), &table{}
		r := relay.New(relay.Options{Store: signals, Hub: hub, Name: "a", Logger: slog.New(slog.DiscardHandler)})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.Run(ctx)
		}()
		synctest.Wait()
		hub.Notify("x")
		cancel()
		<-ended
		if signals.adds != 1 {
			t.Errorf("%d signals", signals.adds)
		}
	})
}

// TestNothingWaits: agents without commands are known, one that may have got one
// here or elsewhere is not among them, and neither is anybody while the datastore
// does not answer.
func TestNothingWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table, hub := &table{waiting: map[string]string{"c1": "busy"}}, new(notify.Hub)
		r := relay.New(relay.Options{Store: table, Hub: hub, Name: "a", Logger: slog.New(slog.DiscardHandler)})
		want := func(idle bool, pipedID, when string) {
			t.Helper()
			if got := r.NothingWaits(pipedID); got != idle {
				t.Errorf("%s: %v of %s", when, got, pipedID)
			}
		}
		want(false, "idle", "before the first look")
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { r.Run(ctx) })
		time.Sleep(time.Second)
		want(true, "idle", "after a look")
		want(false, "busy", "after a look")
		hub.Notify(notify.Commands("idle"))
		want(false, "idle", "when one was stored here")
		table.set(func() { table.waiting = map[string]string{"c2": "idle"} })
		time.Sleep(time.Second)
		want(false, "idle", "after a look that saw it")
		want(true, "busy", "when it has answered")
		hub.Tell(notify.Commands("busy"))
		want(false, "busy", "when one was stored elsewhere")
		time.Sleep(time.Second)
		want(true, "busy", "when that was answered")
		table.set(func() { table.away = true })
		time.Sleep(2 * time.Second)
		want(false, "busy", "when the datastore is away")
		table.set(func() { table.away = false })
		time.Sleep(5 * time.Second)
		want(true, "busy", "when it is back")
		if err := relay.Tell(t.Context(), table, "b", "*"); err != nil {
			t.Fatal(err)
		}
		many := map[string]string{}
		for i := range datastore.MaxPageSize {
			many[strconv.Itoa(i)] = "flooded"
		}
		table.set(func() { table.waiting = many })
		time.Sleep(time.Second)
		want(false, "busy", "when there are more than a page")
		cancel()
		all.Wait()
	})
}
