package ecs

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Timing holds the deadlines and the pace of waiting. Zero fields take the
// defaults.
type Timing struct {
	SteadyTimeout   time.Duration // for a task set to become steady. Defaults to 15m.
	DrainTimeout    time.Duration // for removed sets to drain; deregistration may take up to an hour. Defaults to 70m.
	ReadBackTimeout time.Duration // for a change to read back. Defaults to 2m.
	FirstPoll       time.Duration // first interval between looks, which double. Defaults to 50ms.
	LastPoll        time.Duration // interval that looks slow down to. Defaults to 5s.
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&t.SteadyTimeout, 15*time.Minute)
	set(&t.DrainTimeout, 70*time.Minute)
	set(&t.ReadBackTimeout, 2*time.Minute)
	set(&t.FirstPoll, 50*time.Millisecond)
	set(&t.LastPoll, 5*time.Second)
	return t
}

// waiting is one wait: looks come fast at first and then slower, with jitter,
// until the condition holds, gets hopeless, or the deadline passes.
type waiting struct {
	timing Timing
	what   string
	limit  time.Duration
	later  bool // the first look comes after the first interval
}

func (t *target) waiting(what string, limit time.Duration) waiting {
	return waiting{timing: t.timing, what: what, limit: limit}
}

// afterChange is the wait for what a change has begun: the answer of the change
// was the first look.
func (w waiting) afterChange() waiting {
	w.later = true
	return w
}

// quickLook is how long a look takes at most when nothing holds it up.
const quickLook = 2 * time.Second

// until calls look until it reports true or fails.
func (w waiting) until(ctx context.Context, look func(context.Context) (bool, error)) error {
	deadline := time.Now().Add(w.limit)
	interval := w.timing.FirstPoll
	for skip := w.later; ; skip = false {
		if !skip {
			began := time.Now()
			done, err := look(ctx)
			if done || err != nil {
				return err
			}
			// A look that AWS held up, by limiting the rate above all, is no time that passed in vain.
			deadline = deadline.Add(max(time.Since(began)-quickLook, 0))
		}
		if time.Now().After(deadline) {
			return model.Errorf(model.CodeFailedPrecondition, "waited %s until %s, in vain", w.limit, w.what)
		}
		if err := pause(ctx, jittered(interval)); err != nil {
			return err
		}
		interval = min(interval*2, w.timing.LastPoll) // doubles
	}
}

// pause waits for d, and no longer than ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// outlasting returns a context that ends some seconds after ctx: for what must
// not be left half done.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	const grace = 10 * time.Second
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	timer := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-timer:
		}
	})
	return longer, func() { stop(); close(timer); cancel() }
}

// jittered spreads d by a fifth to either side, so that agents that wait for
// the same thing do not ask at the same moment.
func jittered(d time.Duration) time.Duration {
	const spread = 0.2
	return time.Duration(float64(d) * (1 - spread + 2*spread*rand.Float64())) //nolint:gosec // not a secret
}

// AwaitSteady waits until the set is steady: all its tasks run and the load
// balancer finds them healthy. Each look is one call that shows every set of the
// service.
func (t *target) AwaitSteady(ctx context.Context, id string, log platform.Log) (platform.Service, error) {
	s := &steadiness{target: t, id: id, log: log, since: time.Now()}
	err := t.waiting("task set "+id+" is steady and healthy", t.timing.SteadyTimeout).afterChange().until(ctx, s.look)
	if model.CodeOf(err) == model.CodeFailedPrecondition {
		s.explain(ctx)
	}
	return s.seen, err
}

// awaitGone waits until none of the sets is shown any more.
func (t *target) awaitGone(ctx context.Context, ids []string, log platform.Log) error {
	told := false
	return t.waiting("the removed task sets have drained", t.timing.DrainTimeout).afterChange().until(ctx, func(ctx context.Context) (bool, error) {
		now, err := t.Observe(ctx)
		if err != nil {
			return false, err
		}
		left := 0
		for _, s := range now.Sets {
			if slices.Contains(ids, s.ID) {
				left++
			}
		}
		if left == 0 {
			log.Infof("%d task set(s) removed; their last requests have finished", len(ids))
			return true, nil
		}
		if !told {
			told = true
			log.Infof("Waiting for %d task set(s) to drain: the load balancer lets requests under way finish", left)
		}
		return false, nil
	})
}
