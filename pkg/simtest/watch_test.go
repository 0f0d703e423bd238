package simtest

import (
	"sync"
	"time"

	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/elb"
)

// excuse is how long after an injected failure the loss of a group's last target
// may be its consequence.
const excuse = 3 * time.Minute

// watch sees every instant at which it changes where requests go, and judges the
// first promise: a group that gets requests has somebody who answers them.
type watch struct {
	world  *world
	groups map[string]bool // ours, by ARN

	mu       sync.Mutex
	started  bool
	injected time.Time // the last failure that was not our doing
	last     elb.Moment
	bad      map[string]int // weights of groups without a healthy target, by rule and group
}

func newWatch(w *world) *watch {
	return &watch{world: w, groups: map[string]bool{}, bad: map[string]int{}}
}

// of says whose groups are judged.
func (w *watch) of(cloud *simcloud.Cloud) {
	for _, name := range []string{"blue", "green"} {
		w.groups[cloud.ELB.TargetGroupARN(name)] = true
	}
}

// begin says that the state before the deployment is complete.
func (w *watch) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started = true
	w.judge(w.last)
}

func (w *watch) begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.started
}

// hurt says that a failure is injected now.
func (w *watch) hurt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.injected = time.Now()
}

// moment is told of every change, with the load balancers locked.
func (w *watch) moment(now elb.Moment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = now
	if w.started {
		w.judge(now)
	}
}

func (w *watch) judge(now elb.Moment) {
	struck := !w.injected.IsZero() && time.Since(w.injected) < excuse
	for _, r := range now.Routes {
		if !w.groups[r.Group] || w.world.scenario.unserved(r, w.world.cloud) {
			continue
		}
		key, standing := r.Rule+r.Group, now.Groups[r.Group]
		before, bad := w.bad[key]
		switch {
		case r.Weight == 0 || standing.Healthy > 0:
			delete(w.bad, key)
		case bad && r.Weight <= before:
			// It goes on, and nobody made it worse.
		default:
			w.bad[key] = r.Weight
			if !struck {
				w.complain(r, standing)
			}
		}
	}
}

func (w *watch) complain(r elb.Route, standing elb.Standing) {
	what := "has no healthy target"
	if !standing.Answers() {
		what = "refuses requests"
	}
	w.world.violate("traffic", "target group %s gets weight %d in %s and %s: %+v", short(r.Group), r.Weight, short(r.Rule), what, standing)
}

// routes returns the present shares.
func (w *watch) routes() elb.Moment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// recent reports whether a failure was injected so recently that its
// consequences may not be over.
func (w *watch) recent() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.injected.IsZero() && time.Since(w.injected) < excuse
}
