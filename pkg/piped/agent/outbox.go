package agent

import (
	"context"
	"sync"
	"time"

	"pipecd/pkg/piped/apiclient"
)

const (
	// outboxDelay is how long a report waits for others to go along with. It is
	// what a crash of this process can make the record older than the truth;
	// effects are only made after a flush.
	outboxDelay = 50 * time.Millisecond
	// outboxLast is how long a process that lets go tries to send what waits.
	outboxLast = 5 * time.Second
)

// historian makes reports about one deployment.
type historian interface {
	Record(ctx context.Context, deploymentID string, reports []apiclient.Report) error
}

// outbox sends the reports about one deployment in their order, those that come
// close together in one call. Nothing is sent after a report was refused: what
// follows it would not be true. It is safe for concurrent use.
type outbox struct {
	to           historian
	deploymentID string
	background   context.Context //nolint:containedctx // of what is sent because its time has come, not in a call
	turn         chan struct{}   // has room for the one call at a time
	timers       sync.WaitGroup  // those that are set, and what they started

	mu      sync.Mutex
	waiting []apiclient.Report
	timer   *time.Timer // nil when nothing waits
	refused error
}

// newOutbox returns an outbox whose reports are sent while ctx lasts.
func newOutbox(ctx context.Context, to historian, deploymentID string) *outbox {
	return &outbox{to: to, deploymentID: deploymentID, background: ctx, turn: make(chan struct{}, 1)}
}

// add takes reports, which are sent soon. The error is that of an earlier one.
func (o *outbox) add(reports ...apiclient.Report) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refused != nil {
		return o.refused
	}
	o.waiting = append(o.waiting, reports...)
	if o.timer == nil {
		o.timers.Add(1)
		o.timer = time.AfterFunc(outboxDelay, func() {
			defer o.timers.Done()
			_ = o.flush(o.background) // the next add or flush returns the error
		})
	}
	return nil
}

// flush returns when everything that was added is stored.
func (o *outbox) flush(ctx context.Context) error {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	reports, err := o.take()
	if err != nil || len(reports) == 0 {
		return err
	}
	if err = o.to.Record(ctx, o.deploymentID, reports); err != nil {
		o.mu.Lock()
		o.refused = err
		o.mu.Unlock()
	}
	return err
}

// take removes what waits.
func (o *outbox) take() ([]apiclient.Report, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer != nil && o.timer.Stop() {
		o.timers.Done()
	}
	reports := o.waiting
	o.timer, o.waiting = nil, nil
	return reports, o.refused
}

// close sends what waits, also while the process stops, and returns when nothing
// is on its way any more. Nothing may be added afterwards.
func (o *outbox) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outboxLast)
	defer cancel()
	_ = o.flush(ctx) // what is not stored is done again by the next process
	o.timers.Wait()
}
