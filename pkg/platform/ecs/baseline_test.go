package ecs_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

func baselineRollout() stageSpec {
	return stageSpec{model.StageECSBaselineRollout, &config.BaselineRolloutOptions{Scale: 50}}
}

func baselineClean() stageSpec {
	return stageSpec{model.StageECSBaselineClean, &config.BaselineCleanOptions{}}
}

// comparedPipeline analyses the canary beside a baseline of its size.
func comparedPipeline(after ...stageSpec) []stageSpec {
	return canaryPipeline(append([]stageSpec{baselineRollout(), verdict()}, after...)...)
}

// observing looks at the service in the place of an analysis.
type observing struct {
	verdictStage
	world *world
	seen  platform.Service
}

func (o *observing) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	o.seen = o.world.observe() //nolint:contextcheck // it looks with the test's own
	return o.verdictStage.Run(ctx, run)
}

func TestBaselineRunsTheVersionBeforeInThePrimaryGroup(t *testing.T) {
	for name, after := range map[string][]stageSpec{"cleaned": {baselineClean()}, "left to the promotion": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			first, before := w.state(), w.routingErrors()
			d := w.deployment("d2", shop("v2", ""), comparedPipeline(after...)...)
			gate := &observing{world: w}
			d.mustRun(gate, model.DeploymentSuccess)
			at := slices.IndexFunc(gate.seen.Sets, func(s platform.Set) bool { return s.Role == platform.RoleBaseline })
			if at < 0 {
				t.Fatalf("no baseline among %+v", gate.seen.Sets)
			}
			b := gate.seen.Sets[at]
			if b.Revision != first.revision || b.Group != w.cloud.ELB.TargetGroupARN("blue") || b.Scale != 50 || !b.Steady || b.Primary {
				t.Errorf("the baseline is %+v", b)
			}
			if after := w.state(); after.sets != 1 || after.revision == first.revision || after.primary != 100 {
				t.Errorf("afterwards: %+v\n%s", after, d.log())
			}
			if dropped := w.routingErrors() - before; dropped != 0 {
				t.Errorf("%d requests were dropped\n%s", dropped, d.log())
			}
		})
	}
}

func TestBaselineOfAFirstDeploymentIsSkipped(t *testing.T) {
	w := newWorld(t, nil)
	d := w.deployment("d1", shop("v1", ""), append([]stageSpec{baselineRollout()}, quickSync()...)...)
	d.mustRun(nil, model.DeploymentSuccess)
	if got := d.d.Stage("stage-0").Status; got != model.StageSkipped {
		t.Errorf("the stage is %s\n%s", got, d.log())
	}
}

// TestKilledAnywhereWithABaseline is TestKilledAnywhereEndsRightly for a
// pipeline with a baseline.
func TestKilledAnywhereWithABaseline(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("fail=false late=%t", late), func(t *testing.T) {
			virtually(t, nil, func(t *testing.T, w *world) {
				killAnywhere(t, w, comparedPipeline(baselineClean()), false, late, "- 20 - - - 100 100 - -")
			})
		})
		t.Run(fmt.Sprintf("fail=true late=%t", late), func(t *testing.T) {
			virtually(t, nil, func(t *testing.T, w *world) {
				killAnywhere(t, w, comparedPipeline(baselineClean()), true, late, "- 20 - - - - - - 0")
			})
		})
	}
}
