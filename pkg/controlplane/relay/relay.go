package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
)

const (
	// Keep is how long signals have to be kept: the longest time without the
	// datastore after which nothing was missed.
	Keep = 10 * time.Minute

	gather       = 50 * time.Millisecond // what comes within it is one signal
	readInterval = 250 * time.Millisecond
	lookInterval = 500 * time.Millisecond // for commands that wait
	callTimeout  = 5 * time.Second
	lastTimeout  = 3 * time.Second // of the last signal of a process that stops
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	mostAtOnce   = 8 // signals; more topics are told as one: everything
)

// everything is the topic of a signal that names too much to be named.
const everything = "*"

// Store is what a relay needs of the datastore.
type Store interface {
	datastore.Signals
	WaitingCommands(ctx context.Context) (map[string]string, error)
}

// Options is what a relay works with.
type Options struct {
	Store Store
	Hub   *notify.Hub
	// Name is this process's among those that share the store.
	Name   string
	Logger *slog.Logger
}

// Relay connects one hub with those of other processes.
type Relay struct {
	store  Store
	hub    *notify.Hub
	name   string
	logger *slog.Logger

	outbox  outbox
	waiting waiting
	known   map[string]string // the commands that waited at the last look; the looker's own
}

// New returns a relay to which the hub passes on what is notified from now on.
func New(o Options) *Relay {
	r := &Relay{
		store: o.Store, hub: o.Hub, name: o.Name, logger: o.Logger.With(slog.String("relay", o.Name)),
		outbox:  outbox{woken: make(chan struct{}, 1), pending: map[notify.Topic]struct{}{}},
		waiting: waiting{agents: map[string]struct{}{}, told: map[string]time.Time{}},
	}
	o.Hub.Forward(r.outbox.add)
	o.Hub.Listen(r.waiting.note)
	return r
}

// Run relays until ctx is done, and then tells what is still to be told.
func (r *Relay) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { r.send(ctx) })
	all.Go(func() { r.receive(ctx) })
	all.Go(func() { r.repeat(ctx, "what commands wait could not be asked now", lookInterval, r.look) })
	all.Wait()
}

// repeat does something again and again, with longer pauses while it fails.
func (r *Relay) repeat(ctx context.Context, failed string, interval time.Duration, do func(ctx context.Context) error) {
	failures := 0
	for {
		once, cancel := context.WithTimeout(ctx, callTimeout)
		err := do(once)
		cancel()
		failures = r.note(ctx, err, failures, failed)
		if !rest(ctx, max(notify.Jittered(interval), pauseAfter(failures))) {
			return
		}
	}
}

// note logs the first failure of several and the end of them, and returns how
// many there were in a row.
func (r *Relay) note(ctx context.Context, err error, failures int, failed string) int {
	switch {
	case ctx.Err() != nil:
		return failures
	case err == nil && failures > 0:
		r.logger.InfoContext(ctx, "the datastore answers again", slog.Int("failures", failures))
		return 0
	case err == nil:
		return 0
	case failures == 0:
		r.logger.WarnContext(ctx, failed, slog.Any("error", err))
	}
	return failures + 1
}

// pauseAfter is how long to wait after so many failures in a row.
func pauseAfter(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	const mostDoublings = 10
	return notify.Jittered(min(firstPause<<min(failures-1, mostDoublings), longestPause))
}

// rest waits, and reports false when ctx is done.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// receive wakes this process's subscribers for what the others tell.
func (r *Relay) receive(ctx context.Context) {
	in := inbox{relay: r}
	r.repeat(ctx, "signals of other processes cannot be read now", readInterval, in.read)
}
