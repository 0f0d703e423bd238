package ecs_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/task"
)

func recreating(after ...stageSpec) []stageSpec {
	return append([]stageSpec{{model.StageECSSync, &config.ECSSyncOptions{Recreate: true}}}, after...)
}

// apart starts tasks and fails the test when two versions run at the same time.
type apart struct {
	t       *testing.T
	running map[string]int // by image
	lock    chan struct{}
}

type apartTask struct {
	world *apart
	image string
}

func (a *apart) Start(_ context.Context, spec task.Spec) (task.Instance, error) {
	a.lock <- struct{}{}
	defer func() { <-a.lock }()
	a.running[spec.Image]++
	if len(a.running) > 1 {
		a.t.Errorf("two versions run beside each other: %v", a.running)
	}
	return &apartTask{a, spec.Image}, nil
}

func (x *apartTask) Addr() string             { return "in-memory" }
func (x *apartTask) Exited() <-chan task.Exit { return nil }
func (x *apartTask) Stop() {
	x.world.lock <- struct{}{}
	defer func() { <-x.world.lock }()
	if x.image == "" {
		return // stopped before
	}
	if x.world.running[x.image]--; x.world.running[x.image] == 0 {
		delete(x.world.running, x.image)
	}
	x.image = ""
}

func separately(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	virtually(t, func(cfg *simcloud.Config) {
		cfg.Runner = &apart{t: t, running: map[string]int{}, lock: make(chan struct{}, 1)}
	}, test)
}

func TestRecreateStopsBeforeItStarts(t *testing.T) {
	separately(t, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), recreating()...).mustRun(nil, model.DeploymentSuccess)
		first := w.state()
		d := w.deployment("d2", shop("v2", ""), recreating()...)
		d.mustRun(nil, model.DeploymentSuccess)
		if after := w.state(); after.sets != 1 || after.primaryID == first.primaryID {
			t.Errorf("%+v\n%s", after, d.log())
		}
		if !slices.ContainsFunc(d.lines, func(l string) bool { return strings.Contains(l, "nothing answers requests until then") }) {
			t.Errorf("the log does not tell of the gap:\n%s", d.log())
		}
	})
}

// TestRecreateGoesBack: a version that does not come up gives way to the one that
// was stopped for it, which is not made anew.
func TestRecreateGoesBack(t *testing.T) {
	separately(t, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), recreating()...).mustRun(nil, model.DeploymentSuccess)
		first := w.state()
		d := w.deployment("d2", shop("missing", ""), recreating()...)
		d.mustRun(nil, model.DeploymentFailure)
		if after := w.state(); after != first {
			t.Errorf("%+v, before %+v\n%s", after, first, d.log())
		}
		if set := w.sets()[0]; set.Scale.Value != 100 || set.RunningCount != 2 {
			t.Errorf("the old set has %d tasks at %v%%\n%s", set.RunningCount, set.Scale.Value, d.log())
		}
	})
}

// TestRecreateGoesBackAfterItsEnd: the old set is gone and made anew, when the
// new version is.
func TestRecreateGoesBackAfterItsEnd(t *testing.T) {
	separately(t, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), recreating()...).mustRun(nil, model.DeploymentSuccess)
		first := w.state()
		d := w.deployment("d2", shop("v2", ""), recreating(verdict())...)
		d.mustRun(verdictStage{fail: true}, model.DeploymentFailure)
		after := w.state()
		if after.sets != 1 || after.revision != first.revision || after.primary != 100 {
			t.Errorf("%+v, before %+v\n%s", after, first, d.log())
		}
	})
}

// TestRecreateKilledAnywhere kills the process at every write of the record: the
// two versions never run beside each other, and it ends as it must.
func TestRecreateKilledAnywhere(t *testing.T) {
	for _, version := range []string{"v", "missing"} {
		t.Run(version, func(t *testing.T) {
			separately(t, func(t *testing.T, w *world) {
				w.deployment("d0", shop("first", ""), recreating()...).mustRun(nil, model.DeploymentSuccess)
				for kill := 1; ; kill++ {
					before, tag, want := w.state(), fmt.Sprint("v", kill), model.DeploymentSuccess
					if version == "missing" {
						tag, want = "missing", model.DeploymentFailure
					}
					d := w.deployment(fmt.Sprintf("d%d", kill), shop(tag, strconv.Itoa(kill)), recreating()...)
					d.killAt = kill
					_, err := d.run(t.Context(), nil)
					killed := err != nil
					d.killAt = 0
					d.mustRun(nil, want)
					after := w.state()
					if after.sets != 1 || after.primary != 100 || (want == model.DeploymentFailure) != (after.primaryID == before.primaryID) {
						t.Fatalf("killed at write %d: %+v, before %+v\n%s", kill, after, before, d.log())
					}
					if set := w.sets()[0]; set.Scale.Value != 100 || set.RunningCount != 2 {
						t.Fatalf("killed at write %d: %d tasks at %v%%\n%s", kill, set.RunningCount, set.Scale.Value, d.log())
					}
					if !killed {
						t.Logf("%d crash points", kill-1)
						return
					}
				}
			})
		})
	}
}
