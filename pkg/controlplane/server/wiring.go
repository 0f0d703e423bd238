package server

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"pipecd/pkg/controlplane/background"
	"pipecd/pkg/controlplane/clock"
	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/relay"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/model"
)

const (
	clockAttempts = 5 // to learn the time before the start fails
	clockPause    = time.Second

	forgetSignals  = time.Minute // how often
	forgetSessions = time.Hour   // how often, and how long after their end, so that clocks may differ
)

// wiring is what the parts of one server have in common, and what connects it
// with the others.
type wiring struct {
	options  Options
	name     string // this process's, among those that share the datastore
	hub      *notify.Hub
	logs     *stagelog.Logs
	clock    *clock.Clock  // nil where no other process has one
	relay    *relay.Relay  // nil where there is no other process
	draining chan struct{} // closed when the server is not ready any more
}

func newWiring(o Options) *wiring {
	w := &wiring{options: o, name: model.NewID(), hub: new(notify.Hub), draining: make(chan struct{})}
	w.logs = stagelog.New(stagelog.Options{Journal: o.Store, Files: o.Files, Hub: w.hub, Logger: o.Logger})
	if o.Shared {
		w.clock = new(clock.Clock)
		w.relay = relay.New(relay.Options{Store: o.Store, Hub: w.hub, Name: w.name, Logger: o.Logger})
	}
	return w
}

// prepare learns the time before anybody is served.
func (w *wiring) prepare(ctx context.Context) error {
	if w.clock == nil {
		return nil
	}
	for attempt := 1; ; attempt++ {
		err := w.clock.Set(ctx, w.options.Store)
		if err == nil || attempt == clockAttempts || ctx.Err() != nil {
			return err
		}
		w.options.Logger.WarnContext(ctx, "the datastore's time is not known yet", slog.Any("error", err))
		time.Sleep(clockPause)
	}
}

// relayUntil tells other servers of changes and hears of theirs until ctx is
// done.
func (w *wiring) relayUntil(ctx context.Context) {
	if w.relay != nil {
		w.relay.Run(ctx)
	}
}

// nothingWaits is what is known of agents without a command; nil where one
// process asks its own datastore.
func (w *wiring) nothingWaits() func(pipedID string) bool {
	if w.relay == nil {
		return nil
	}
	return w.relay.NothingWaits
}

// chores is what is done besides serving until ctx is done.
func (w *wiring) chores(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	if w.clock != nil {
		all.Go(func() { w.clock.Run(ctx, w.options.Store, w.options.Logger) })
	}
	all.Go(func() { w.logs.Run(ctx) })
	all.Go(func() { background.Run(ctx, w.background(ctx)) })
}

// background is what one of the servers does for all.
func (w *wiring) background(ctx context.Context) background.Options {
	store, logger := w.options.Store, w.options.Logger
	expirer := command.NewExpirer(command.ExpirerOptions{
		Store: store, Hub: w.hub, Clock: w.clock, Logger: logger, Observer: w.options.Observer,
	})
	o := background.Options{Name: w.name, Logger: logger, Tasks: []background.Task{
		{What: "end forgotten commands", Every: command.ExpireInterval, Do: expirer.Expire},
		{What: "forget ended sessions", Every: forgetSessions, Do: func(ctx context.Context) error {
			return store.ForgetSessions(ctx, forgetSessions)
		}},
		{What: "move logs that wait in the datastore to the file store", Every: stagelog.SweepInterval, Do: w.logs.Sweep},
	}}
	if !w.options.Shared {
		return o
	}
	host, err := os.Hostname()
	if err != nil { // it is only for people to read
		logger.DebugContext(ctx, "this machine has no name", slog.Any("error", err))
	}
	o.Leases, o.Host = store, host
	o.Tasks = append(o.Tasks, background.Task{What: "forget old signals", Every: forgetSignals, Do: func(ctx context.Context) error {
		return store.ForgetSignals(ctx, relay.Keep)
	}})
	return o
}
