package canary

import (
	"context"

	"pipecd/pkg/config"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// allPrimary is how requests flow when no canary takes part.
func allPrimary() platform.Weights {
	return platform.Weights{Primary: fullScale, Canary: 0}
}

// Sync is ECS_SYNC: the new version replaces the running one in one go.
type Sync struct{}

// stepStopRunning is the shared step that stops the running version before the
// new one starts. A rollback that finds it must not let the two run beside each
// other either.
const stepStopRunning = "stop-running"

// Run starts a full-size set beside the running one, promotes it, gives it all
// requests and removes what it replaces.
func (Sync) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	r := rollout{run}
	if task := run.Target.Standalone(); task != nil {
		return r.runTask(ctx, task)
	}
	if opts, ok := run.Options.(*config.ECSSyncOptions); ok && opts.Recreate {
		if err := r.stopRunning(ctx); err != nil {
			return stage.Outcome{}, err
		}
	}
	if err := r.backToPrevious(ctx); err != nil {
		return stage.Outcome{}, err
	}
	id, svc, err := r.startPrimary(ctx, "sync-set")
	if err != nil {
		return stage.Outcome{}, err
	}
	if err := r.takeAll(ctx); err != nil {
		return stage.Outcome{}, err
	}
	if err := r.replacePrimary(ctx, id, svc); err != nil {
		return stage.Outcome{}, err
	}
	if err := r.keepPrevious(ctx); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The new version runs and gets all requests"}, noteShare(ctx, run, fullScale)
}

// startPrimary starts a full-size set in the primary group, beside the running
// one, and returns when it is healthy, with the service as it is then.
func (r rollout) startPrimary(ctx context.Context, step string) (string, platform.Service, error) {
	revision, err := r.prepare(ctx)
	if err != nil {
		return "", platform.Service{}, err
	}
	if err := r.room(ctx); err != nil {
		return "", platform.Service{}, err
	}
	return r.start(ctx, platform.SetSpec{Role: platform.RolePrimary, Revision: revision, Scale: fullScale, Step: step})
}

// stopRunning is what quickSync.recreate asks for: no task of the running version
// is left when the new one starts. Its set stays, without tasks, so that going
// back is to scale it up again.
func (r rollout) stopRunning(ctx context.Context) error {
	id := r.run.Baseline.PrimaryID
	if id == "" {
		return nil
	}
	if _, err := r.prepare(ctx); err != nil { // what can fail before the gap, does
		return err
	}
	return stage.Effect(ctx, r.run.Shared, stepStopRunning, func(ctx context.Context) error {
		r.run.Log.Infof("quickSync.recreate is set: the running version stops before the new one starts, and nothing answers requests until then")
		return r.run.Target.Scale(ctx, id, 0, r.run.Log)
	})
}

// takeAll gives the primary group all requests; an earlier canary that was
// interrupted may have left the weights elsewhere.
func (r rollout) takeAll(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if traffic == nil || undivided(r.run.Baseline, r.run.Deployment) && !r.run.Steps.Has(stepToPrevious) {
		return nil
	}
	return stage.Effect(ctx, r.run.Steps, "all-to-primary", func(ctx context.Context) error {
		_, err := traffic.Shift(ctx, platform.Move{To: allPrimary(), Since: r.sharesSoFar()}, r.run.Log)
		return err
	})
}

// PrimaryRollout is ECS_PRIMARY_ROLLOUT: the new version replaces the running
// one in the primary group; the weights stay as they are.
type PrimaryRollout struct{}

// Run starts a full-size set in the primary group, promotes it, and as its last
// act removes the old primary set.
func (PrimaryRollout) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	r := rollout{run}
	id, svc, err := r.startPrimary(ctx, "primary-set")
	if err != nil {
		return stage.Outcome{}, err
	}
	if err := r.replacePrimary(ctx, id, svc); err != nil {
		return stage.Outcome{}, err
	}
	if !hasCanary(run.Deployment) { // else the stage that removes the canary keeps it
		if err := r.keepPrevious(ctx); err != nil {
			return stage.Outcome{}, err
		}
	}
	// What the canary group gets, a canary of the new version answers.
	return stage.Outcome{Reason: "The new version is the primary one"}, noteShare(ctx, run, fullScale)
}
