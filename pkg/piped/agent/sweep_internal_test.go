package agent

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// keeper is a service that keeps a previous version without requests.
type keeper struct {
	platform.Target

	until   time.Time
	removed time.Time
}

func (k *keeper) Observe(context.Context) (platform.Service, error) {
	if !k.removed.IsZero() {
		return platform.Service{Exists: true}, nil
	}
	return platform.Service{Exists: true, Sets: []platform.Set{{ID: "old", Group: "green", Role: platform.RolePrevious, Ours: true, Until: k.until}}}, nil
}

func (k *keeper) Remove(context.Context, []platform.Set, platform.Log) error {
	k.removed = time.Now()
	return nil
}

type keeperTraffic struct{ platform.Traffic }

func (keeperTraffic) Exposure(context.Context, platform.Baseline, ...string) (map[string]platform.Exposed, error) {
	return map[string]platform.Exposed{"blue": {Percent: 100}}, nil
}

func (k *keeper) Traffic() platform.Traffic { return keeperTraffic{} }

// TestSweepAfter: the version goes when its time is over, and not while the
// application has a deployment under way.
func TestSweepAfter(t *testing.T) {
	t.Parallel()
	for name, busy := range map[string]time.Duration{"idle": 0, "busy": 90 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &controller{
					logger: slog.New(slog.DiscardHandler), wake: make(chan struct{}, 1),
					busy: map[string]string{}, over: map[string]struct{}{},
				}
				d := &model.Deployment{ID: "d1", ApplicationID: "app", Status: model.DeploymentSuccess}
				begin := time.Now()
				k := &keeper{until: begin.Add(time.Hour)}
				if busy > 0 {
					other := &model.Deployment{ID: "d2", ApplicationID: "app", Status: model.DeploymentSuccess}
					if !c.reserve(other) {
						t.Fatal("the application is busy before it began")
					}
					time.AfterFunc(busy, func() { c.release(other) })
				}
				c.sweepAfter(t.Context(), d, k, time.Hour)
				c.done.Wait()
				if took := k.removed.Sub(begin); took < max(time.Hour, busy) || took > max(time.Hour, busy)+sweepRetry {
					t.Errorf("removed after %s", took)
				}
				if len(c.busy) > 0 {
					t.Errorf("the application is still taken: %v", c.busy)
				}
			})
		})
	}
}
