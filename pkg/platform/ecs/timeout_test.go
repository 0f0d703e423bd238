package ecs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/task"
)

// longStart starts tasks, those of the image after a long time.
type longStart struct{ image string }

func (n longStart) Start(ctx context.Context, spec task.Spec) (task.Instance, error) {
	if spec.Image == n.image {
		select { // the cloud does not break off a start
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Minute):
		}
	}
	return instant{}.Start(ctx, spec)
}

// TestStageTimeoutEndsAWaitForTasks: the limit of the file ends a wait for a set
// whose tasks do not come up, and what it made is taken back.
func TestStageTimeoutEndsAWaitForTasks(t *testing.T) {
	sick := func(cfg *simcloud.Config) { cfg.Runner = longStart{image: "example.com/shop:v2"} }
	virtually(t, sick, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		before := w.state()
		d := w.deployment("d2", shop("v2", ""), canaryPipeline()...)
		d.timeouts = map[string]time.Duration{"stage-0": time.Minute}
		begin := time.Now()
		d.mustRun(nil, model.DeploymentFailure)
		if took := time.Since(begin); took < time.Minute || took > 7*time.Minute {
			t.Errorf("ended after %s", took)
		}
		if after := w.state(); after != before {
			t.Errorf("afterwards %+v, before %+v\n%s", after, before, d.log())
		}
		if why := d.d.Stage("stage-0").StatusReason; !strings.HasPrefix(why, "Stage ECS_CANARY_ROLLOUT did not finish within 1m0s") {
			t.Errorf("the reason is %q", why)
		}
	})
}

// TestStageTimeoutFailsAWait: a wait that is longer than its stage may take.
func TestStageTimeoutFailsAWait(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		d := w.deployment("d2", shop("v2", ""), stageSpec{model.StageWait, &config.WaitOptions{Duration: config.Duration(time.Hour)}})
		d.timeouts = map[string]time.Duration{"stage-0": 10 * time.Minute}
		begin := time.Now()
		d.mustRun(nil, model.DeploymentFailure)
		if took := time.Since(begin).Round(time.Second); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("ended after %s", took)
		}
		if why := d.d.Stage("stage-0").StatusReason; why != "Stage WAIT did not finish within 10m0s" {
			t.Errorf("the reason is %q", why)
		}
	})
}
