package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

const (
	repository = "shop"
	provider   = "ecs"
)

// agent is an agent with one application. One or two processes act for it.
type agent struct {
	world     *world
	name      string
	id, key   string
	app       string
	contested bool              // two processes relieve each other
	reader    *apiclient.Client // of the test, which only reads

	mu         sync.Mutex
	epoch      int64     // the newest under which a write was acknowledged
	progressed time.Time // when the last write that was acknowledged began
}

// dial opens a client of its own for a process.
func (a *agent) dial(ctx context.Context, instance string) (*apiclient.Client, error) {
	return apiclient.Dial(ctx, apiclient.Options{
		Address: "control-plane:80", Insecure: true, ProjectID: projectID, PipedID: a.id, PipedKey: a.key,
		InstanceID: instance, Host: instance, Version: "faulttest", Dialer: a.world.dial,
	})
}

// newestEpoch is what a write that begins now must not fall behind.
func (a *agent) newestEpoch() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.epoch
}

// wrote notes a write that began at a moment, when the newest epoch was floor,
// and was acknowledged under another one.
func (a *agent) wrote(began time.Time, floor, epoch int64) {
	a.world.ledger.acknowledged()
	if epoch < floor {
		a.world.ledger.isDoubledf("a process of %s wrote under epoch %d after one had written under %d", a.name, epoch, floor)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.epoch = max(a.epoch, epoch)
	if began.After(a.progressed) {
		a.progressed = began
	}
}

func (a *agent) lastProgress() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.progressed
}

// live lets the agent's processes work until ctx is done.
func (a *agent) live(ctx context.Context) {
	if !a.contested {
		p, err := newProcess(ctx, a, 1)
		if err != nil {
			a.world.ledger.isLostf("%s does not start: %v", a.name, err)
			return
		}
		p.run(ctx, ctx)
		return
	}
	var processes sync.WaitGroup
	defer processes.Wait()
	for i := 1; ctx.Err() == nil; i++ {
		processes.Go(func() { a.shift(ctx, i) })
		pause(ctx, shiftLength)
	}
}

const (
	// shiftLength is after how long another process of a contested agent starts,
	// and stands by; the one before gives its lease back overlap later.
	shiftLength = 9 * time.Second
	overlap     = 4 * time.Second
	// stubborn is how long a process that gave its lease back goes on writing, as
	// one does that hung meanwhile.
	stubborn = 3 * time.Second
)

// shift is the life of one process of a contested agent.
func (a *agent) shift(ctx context.Context, i int) {
	connected, leave := context.WithTimeout(ctx, shiftLength+overlap)
	defer leave()
	working, stop := context.WithTimeout(ctx, shiftLength+overlap+stubborn)
	defer stop()
	p, err := newProcess(ctx, a, i)
	if err != nil {
		a.world.ledger.isLostf("%s does not start: %v", a.name, err)
		return
	}
	p.run(connected, working)
}

// process is one process of an agent: a session, and a worker while it holds the
// lease. It implements apiclient.Handler.
type process struct {
	agent   *agent
	client  *apiclient.Client
	working context.Context //nolint:containedctx // outlives the session's
	workers sync.WaitGroup

	mu      sync.Mutex
	epoch   int64
	stop    context.CancelFunc        // of the worker; nil when none was started
	pending map[string]*model.Command // that are not answered
	closed  bool
}

func newProcess(ctx context.Context, a *agent, i int) (*process, error) {
	client, err := a.dial(ctx, fmt.Sprintf("%s-process-%d", a.name, i))
	return &process{agent: a, client: client, pending: map[string]*model.Command{}}, err
}

// run keeps the session while connected lasts, and lets the worker go on while
// working does.
func (p *process) run(connected, working context.Context) {
	p.working = working
	_ = apiclient.NewSession(p.client).Run(connected, p) // nil: it ends with its context
	p.mu.Lock()
	idle := p.stop == nil
	p.mu.Unlock()
	if !idle {
		<-working.Done()
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.workers.Wait()
	_ = p.client.Close() // its calls are over
}

// Leased implements apiclient.Handler.
func (p *process) Leased(_ context.Context, epoch int64) { //nolint:contextcheck // the work outlives the session
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || epoch == p.epoch && p.stop != nil {
		return
	}
	if p.stop != nil {
		p.stop()
	}
	ctx, stop := context.WithCancel(p.working)
	p.epoch, p.stop = epoch, stop
	p.workers.Go(func() { (&worker{process: p}).run(ctx) })
}

// Standby implements apiclient.Handler.
func (p *process) Standby(context.Context, apiclient.Holder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// Polling implements apiclient.Handler: our control plane always has the stream.
func (p *process) Polling(context.Context) {
	p.agent.world.ledger.isLostf("%s was told that there is no stream", p.agent.name)
}

// Command implements apiclient.Handler.
func (p *process) Command(_ context.Context, c *model.Command) {
	p.agent.world.ledger.delivered(p.agent, c.ID)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[c.ID] = c
}

// RepositoryChanged implements apiclient.Handler.
func (p *process) RepositoryChanged(context.Context, string) {}

// ApplicationsChanged implements apiclient.Handler.
func (p *process) ApplicationsChanged(context.Context) {}

// Disconnected implements apiclient.Handler.
func (p *process) Disconnected(context.Context, error) {}

// nextCommand returns one that is not answered.
func (p *process) nextCommand() *model.Command {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.pending {
		return c
	}
	return nil
}

func (p *process) forget(c *model.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, c.ID)
}

// pause waits, or returns when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
