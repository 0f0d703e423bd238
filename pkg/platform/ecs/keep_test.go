package ecs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/canary"
	"pipecd/pkg/platform"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/task"
)

// keeping is a world whose application keeps the previous version for an hour.
func keeping(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	virtually(t, nil, func(t *testing.T, w *world) {
		w.keep = time.Hour
		test(t, w)
	})
}

// previous returns the kept set.
func (w *world) previous() (platform.Set, bool) {
	w.t.Helper()
	svc := w.observe()
	i := slices.IndexFunc(svc.Sets, func(s platform.Set) bool { return s.Role == platform.RolePrevious })
	if i < 0 {
		return platform.Set{}, false
	}
	return svc.Sets[i], true
}

func TestPreviousVersionIsKept(t *testing.T) {
	for name, stages := range map[string][]stageSpec{
		"quick sync": quickSync(), "canary": canaryPipeline(), "promotion alone": {{model.StageECSPrimaryRollout, &config.PrimaryRolloutOptions{}}},
	} {
		t.Run(name, func(t *testing.T) {
			keeping(t, func(t *testing.T, w *world) {
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				if _, ok := w.previous(); ok {
					t.Error("a first deployment keeps something")
				}
				for i := 2; i <= 4; i++ { // each keeps the one before, and only it
					before := w.state()
					d := w.deployment(fmt.Sprintf("d%d", i), shop(fmt.Sprintf("v%d", i), ""), stages...)
					d.mustRun(nil, model.DeploymentSuccess)
					after := w.state()
					kept, ok := w.previous()
					if !ok || after.sets != 2 || kept.Revision != before.revision || kept.Group != w.cloud.ELB.TargetGroupARN("green") || !kept.Steady || kept.Scale != 100 {
						t.Errorf("kept is %+v of %d sets\n%s", kept, after.sets, d.log())
					}
					if left := time.Until(kept.Until); left < 50*time.Minute || left > time.Hour {
						t.Errorf("it is kept for %s", left)
					}
					if after.primary != 100 || after.canary != 0 {
						t.Errorf("the requests are split %+v", after)
					}
				}
			})
		})
	}
}

// TestKeptVersionGetsTheRequestsFirst: by a rollback, and by a deployment of its
// commit, and the primary follows.
func TestKeptVersionGetsTheRequestsFirst(t *testing.T) {
	begins := func(d *deployment, texts ...string) {
		rest := d.log()
		for _, text := range texts {
			_, after, found := strings.Cut(rest, text)
			if !found {
				d.world.t.Errorf("%q is not in the log, or not in its place:\n%s", text, d.log())
			}
			rest = after
		}
	}
	t.Run("rollback", func(t *testing.T) {
		keeping(t, func(t *testing.T, w *world) {
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			first := w.state()
			d := w.deployment("d2", shop("v2", ""), append(canaryPipeline(), verdict())...)
			d.mustRun(verdictStage{fail: true}, model.DeploymentFailure)
			if after := w.state(); after.sets != 1 || after.revision != first.revision || after.primary != 100 || after.canary != 0 {
				t.Errorf("afterwards %+v\n%s", after, d.log())
			}
			begins(d, "is kept without requests", "Rollback: The version before was kept", "primary 100% → 0%", "Rollback: Starting a primary task set", "Rollback: Removing task set", "primary 0% → 100%")
		})
	})
	t.Run("deployment", func(t *testing.T) {
		keeping(t, func(t *testing.T, w *world) {
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			first := w.state()
			w.deployment("d2", shop("v2", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			second := w.state()
			d := w.deployment("d3", shop("v1", ""), quickSync()...)
			d.d.Trigger.Commit.Hash = "c-d1"
			d.mustRun(nil, model.DeploymentSuccess)
			after := w.state()
			if after.sets != 2 || after.primary != 100 || after.primaryID == first.primaryID || after.primaryID == second.primaryID {
				t.Errorf("afterwards %+v\n%s", after, d.log())
			}
			begins(d, "gets the requests at once", "primary 100% → 0%", "Starting a primary task set", "primary 0% → 100%")
			if kept, ok := w.previous(); !ok || kept.Revision != second.revision {
				t.Errorf("kept is %+v", kept)
			}
		})
	})
}

func TestKilledAnywhereWhileKeeping(t *testing.T) {
	for name, tt := range map[string]struct {
		stages []stageSpec
		fail   bool
		shares string
	}{
		"canary":                   {canaryPipeline(verdict()), false, "- 20 - 100 100 - -"},
		"quick sync":               {quickSync(), false, "100 -"},
		"rollback of a kept state": {append(canaryPipeline(), verdict()), true, "- 20 100 100 - - 0"},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s late=%t", name, late), func(t *testing.T) {
				keeping(t, func(t *testing.T, w *world) { killAnywhere(t, w, tt.stages, tt.fail, late, tt.shares) })
			})
		}
	}
}

// fewOf starts only so many tasks of an image.
type fewOf struct {
	instant

	image string
	left  chan struct{}
}

func (s fewOf) Start(ctx context.Context, spec task.Spec) (task.Instance, error) {
	if spec.Image == s.image {
		select {
		case <-s.left:
		default:
			return nil, fmt.Errorf("there is no capacity for %s", spec.Image)
		}
	}
	return s.instant.Start(ctx, spec)
}

// TestWhatCannotBeKeptDoesNoHarm: the new version stays.
func TestWhatCannotBeKeptDoesNoHarm(t *testing.T) {
	left := func(cfg *simcloud.Config) {
		two := make(chan struct{}, 2)
		two <- struct{}{}
		two <- struct{}{}
		cfg.Runner = fewOf{image: "example.com/shop:v1", left: two}
	}
	virtually(t, left, func(t *testing.T, w *world) {
		w.keep = time.Hour
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		d := w.deployment("d2", shop("v2", ""), quickSync()...)
		d.mustRun(nil, model.DeploymentSuccess)
		if after := w.state(); after.sets != 1 || !strings.Contains(d.log(), "The previous version cannot be kept") {
			t.Errorf("afterwards %+v\n%s", after, d.log())
		}
	})
}

func TestSweepRemovesWhatIsOver(t *testing.T) {
	keeping(t, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		d := w.deployment("d2", shop("v2", ""), quickSync()...)
		d.mustRun(nil, model.DeploymentSuccess)
		kept, _ := w.previous()
		sweep := func(want time.Time, sets int) {
			t.Helper()
			next, err := canary.Sweep(t.Context(), w.target(), &stageLog{d, "sweep"})
			if now := w.state(); err != nil || !next.Equal(want) || now.sets != sets || now.primary != 100 {
				t.Errorf("next is %s, %v; %+v\n%s", next, err, now, d.log())
			}
		}
		sweep(kept.Until, 2)
		time.Sleep(time.Until(kept.Until))
		sweep(time.Time{}, 1)
		sweep(time.Time{}, 1)
	})
}
