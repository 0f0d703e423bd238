// Package background does what is to be done now and then, by one of the servers
// that share a datastore: the one that holds a lease, by the datastore's clock.
// When it stops, another one takes over at once; when it is cut off, as soon as
// the lease ran out. A task may run twice for all that, and in two processes
// while one of them does not know yet that it lost the lease, so tasks are
// written to be harmless then.
package background

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

const (
	// leaseName stands where agents' leases have the agent's id, which is a UUID.
	leaseName     = "background work"
	leaseTTL      = 30 * time.Second
	leaseInterval = 8 * time.Second
	callTimeout   = 5 * time.Second
)

// Task is something to do.
type Task struct {
	What  string // completes "could not": "end forgotten commands"
	Every time.Duration
	Do    func(ctx context.Context) error
}

// Leases is what is needed of the datastore.
type Leases interface {
	AcquireLease(ctx context.Context, id string, by datastore.LeaseRequest) (lease model.Lease, granted bool, err error)
	ReleaseLease(ctx context.Context, fence model.Fence) error
}

// Options is what Run works with.
type Options struct {
	Leases     Leases // nil where there is no other server
	Name, Host string // this process, for the lease
	Tasks      []Task
	Logger     *slog.Logger
}

// Run does the tasks until ctx is done, while this process holds the lease.
func Run(ctx context.Context, o Options) {
	if o.Leases == nil {
		o.work(ctx)
		return
	}
	for ctx.Err() == nil {
		if lease, granted := o.acquire(ctx); granted {
			o.Logger.InfoContext(ctx, "this server does the background work", slog.Int64("epoch", lease.Epoch))
			o.hold(ctx, lease)
		}
		sleep(ctx, notify.Jittered(leaseInterval))
	}
}

func (o Options) acquire(ctx context.Context) (model.Lease, bool) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	lease, granted, err := o.Leases.AcquireLease(ctx, leaseName, datastore.LeaseRequest{InstanceID: o.Name, Host: o.Host, TTL: leaseTTL})
	if err != nil && ctx.Err() == nil {
		o.Logger.WarnContext(ctx, "the lease of the background work could not be asked for now", slog.Any("error", err))
	}
	return lease, err == nil && granted
}

// hold works until the lease is lost or ctx done, and then gives it back.
func (o Options) hold(ctx context.Context, lease model.Lease) {
	working, stop := context.WithCancel(ctx)
	var worker sync.WaitGroup
	worker.Go(func() { o.work(working) })
	for renewed := time.Now(); time.Since(renewed) < leaseTTL && ctx.Err() == nil; {
		sleep(ctx, leaseInterval)
		again, granted := o.acquire(ctx)
		if granted && again.Epoch != lease.Epoch || !granted && again.Epoch > lease.Epoch {
			break // somebody else had it in between
		}
		if granted {
			renewed = time.Now()
		}
	}
	stop()
	worker.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if err := o.Leases.ReleaseLease(last, model.Fence{PipedID: leaseName, Epoch: lease.Epoch}); err != nil {
		o.Logger.WarnContext(last, "the lease of the background work could not be given back; it will expire", slog.Any("error", err))
	}
}

// work does each task at once and then again and again, one at a time.
func (o Options) work(ctx context.Context) {
	due := make([]time.Time, len(o.Tasks))
	for ctx.Err() == nil {
		next := time.Now().Add(time.Hour)
		for i, task := range o.Tasks {
			if !time.Now().Before(due[i]) {
				o.do(ctx, task)
				due[i] = time.Now().Add(notify.Jittered(task.Every))
			}
			if due[i].Before(next) {
				next = due[i]
			}
		}
		sleep(ctx, time.Until(next))
	}
}

// do does a task. What fails is done the next time.
func (o Options) do(ctx context.Context, task Task) {
	if err := task.Do(ctx); err != nil && ctx.Err() == nil {
		o.Logger.WarnContext(ctx, "could not "+task.What+" now", slog.Any("error", err))
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
