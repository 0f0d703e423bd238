package canary

import (
	"context"
	"strconv"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// BaselineRollout is ECS_BASELINE_ROLLOUT: a small set of the version that runs
// now starts beside the canary, so that an analysis compares two sets that are
// equally young and equally large.
//
// It stands in the primary's target group. So it gets requests without a change
// of any rule, each of its tasks as many as a task of the primary, and removing
// it is as safe as removing any task of the running version.
type BaselineRollout struct{}

// Run starts the set and returns when it is steady and healthy.
func (BaselineRollout) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.BaselineRolloutOptions)
	if !ok {
		return stage.Outcome{}, wrongOptions(run)
	}
	scale := float64(opts.Scale)
	if scale < 1 || scale > fullScale {
		return stage.Outcome{}, model.Errorf(model.CodeInvalid, "ECS_BASELINE_ROLLOUT needs a scale from 1 to 100 percent, not %v: set with.scale", opts.Scale)
	}
	if run.Baseline.PrimaryID == "" {
		return stage.Outcome{Skipped: true, Reason: "No version runs yet that could be a baseline: it is the first deployment"}, nil
	}
	if run.Deployment.Promoted() {
		return stage.Outcome{Failed: true, Reason: "The version that could be a baseline is replaced already: put ECS_BASELINE_ROLLOUT before ECS_PRIMARY_ROLLOUT"}, nil
	}
	if err := run.Note(ctx, map[string]string{model.MetadataBaselineScale: strconv.Itoa(int(opts.Scale))}); err != nil {
		return stage.Outcome{}, err
	}
	r := rollout{run}
	if err := r.room(ctx); err != nil {
		return stage.Outcome{}, err
	}
	if _, _, err := r.copy(ctx, platform.SetSpec{Role: platform.RoleBaseline, Scale: scale, Step: "baseline-set"}); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The baseline runs the version before the deployment and is healthy"}, nil
}

// BaselineClean is ECS_BASELINE_CLEAN: the baseline set goes.
type BaselineClean struct{}

// Run removes the baseline sets of the deployment and returns after they have
// drained. The primary set stays in their group.
func (BaselineClean) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	r := rollout{run}
	svc, err := run.Target.Observe(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	sets := made(svc, run.Deployment.ID, platform.RoleBaseline)
	if len(sets) == 0 {
		return stage.Outcome{Reason: "There is no baseline to remove"}, nil
	}
	gone, keep, err := r.mayGo(ctx, svc, sets)
	if err != nil {
		return stage.Outcome{}, err
	}
	if len(keep) > 0 {
		return stage.Outcome{Failed: true, Reason: "The primary task set is not steady, so the requests of its target group need the baseline: see why in the service's events"}, nil
	}
	err = stage.Effect(ctx, run.Steps, "remove-baseline", func(ctx context.Context) error {
		return run.Target.Remove(ctx, gone, run.Log)
	})
	if err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The baseline is gone"}, nil
}
