package simtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/simcloud"
)

// world is everything of one scenario.
type world struct {
	t          *testing.T
	scenario   scenario
	log        *slog.Logger
	schedule   *schedule
	network    *network
	repository *repository
	plane      *plane
	cloud      *simcloud.Cloud
	handler    http.Handler
	tasks      *tasks
	watch      *watch
	hands      hands // people with access to the cloud
	effects    effects
	before     picture // the cloud before the deployment

	ctx    context.Context
	cancel context.CancelFunc
	later  sync.WaitGroup

	mu         sync.Mutex
	strangers  atomic.Int64 // sets of other hands in the service
	violations []violation
	running    []*process
	processes  int
	epoch      int64     // of the lease, as seen last
	granted    time.Time // when it was seen first
	closing    bool
}

// violation is a promise that was not kept.
type violation struct {
	Promise string
	What    string
	At      time.Duration
}

func (v violation) String() string { return fmt.Sprintf("%s: %s (at %s)", v.Promise, v.What, v.At) }

func (w *world) violate(promise, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, violation{promise, fmt.Sprintf(format, args...), time.Since(w.schedule.began)})
}

// after does something a while later unless the scenario has ended.
func (w *world) after(d time.Duration, f func()) {
	w.later.Go(func() {
		if wait(w.ctx, d) {
			f()
		}
	})
}

func newWorld(t *testing.T, sc scenario, log *slog.Logger) *world {
	t.Helper()
	w := &world{t: t, scenario: sc, log: log, schedule: newSchedule(sc), network: newNetwork(), repository: newRepository()}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(t.Context()))
	w.buildCloud()
	w.plane = newPlane(t, w.network, log)
	return w
}

func (w *world) close() {
	w.cancel()
	w.later.Wait()
	w.stopAgents()
	w.plane.close(w.t)
	if err := w.cloud.Close(context.WithoutCancel(w.t.Context())); err != nil {
		w.t.Error(err)
	}
}

// deployment returns the newest deployment, nil before there is one.
func (w *world) deployment() *model.Deployment {
	list, _, err := w.plane.store.ListDeployments(w.t.Context(), deploymentsOfApp(), onePage())
	if err != nil {
		w.t.Fatal(err)
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}
