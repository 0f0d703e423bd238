package canary

import (
	"context"
	"slices"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// Rollback is ROLLBACK: it brings back the state before the deployment's first
// side effect, requests first. Every act reads before it writes, so it can be
// interrupted anywhere and run again.
type Rollback struct{}

// Run restores the recorded baseline.
func (Rollback) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	outcome, err := undo(ctx, run)
	if err != nil {
		return outcome, err
	}
	return outcome, noteShare(ctx, run, 0)
}

func undo(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	var recorded platform.Baseline
	switch begun, err := run.Shared.Outcome(stage.StepPreflight, &recorded); {
	case err != nil:
		return stage.Outcome{}, err
	case !begun:
		return stage.Outcome{Reason: "Nothing had been changed yet"}, run.Note(ctx, map[string]string{model.MetadataNothingChanged: "true"})
	}
	r := rollback{rollout{run}}
	if run.Baseline.PrimaryID == "" {
		return r.undoFirst(ctx)
	}
	return r.restore(ctx)
}

type rollback struct{ rollout }

// restore goes back to the version that ran before.
func (r rollback) restore(ctx context.Context) (stage.Outcome, error) {
	moved, err := r.pointBack(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	if err := r.run.Target.RevertService(ctx, r.run.Baseline, r.run.Log); err != nil {
		return stage.Outcome{}, err
	}
	keep, err := r.bringBack(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	if !moved {
		if err := r.shiftBack(ctx); err != nil {
			return stage.Outcome{}, err
		}
	}
	if err := r.clear(ctx, keep); err != nil {
		return stage.Outcome{}, err
	}
	if err := r.restoreRules(ctx); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The version before the deployment runs and gets the requests as before"}, nil
}

// pointBack moves the requests back as the first act, if the primary group can
// take them; otherwise it reports false and they move after the old version is
// rebuilt.
func (r rollback) pointBack(ctx context.Context) (moved bool, err error) {
	traffic := r.run.Target.Traffic()
	if traffic == nil {
		return true, nil
	}
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return false, err
	}
	if !served(svc, traffic.Group(platform.RolePrimary), nil) {
		r.run.Log.Infof("The primary target group has no steady task set to take the requests: they move as soon as it has")
		return false, nil
	}
	if err := r.shiftBack(ctx); err != nil {
		return false, err
	}
	if len(made(svc, r.run.Deployment.ID, platform.RolePrimary)) > 0 {
		return true, nil // the new version still answers in the primary group
	}
	return true, noteShare(ctx, r.run, 0)
}

// shiftBack gives the groups the shares they had before, except that a canary
// group whose set is gone, or goes now, gets none.
func (r rollback) shiftBack(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if traffic == nil {
		return nil
	}
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	return traffic.Shift(ctx, weightsBefore(r.run.Baseline, svc, traffic.Group(platform.RoleCanary), r.run.Deployment.ID), r.run.Log)
}

// weightsBefore are the shares to restore: the recorded ones while a set that
// is not this deployment's still stands in the canary group, all to the primary
// otherwise.
func weightsBefore(b platform.Baseline, svc platform.Service, canaryGroup, deploymentID string) platform.Weights {
	for _, s := range svc.Sets {
		if s.Group == canaryGroup && s.Deployment != deploymentID && s.Steady && !s.Draining {
			return b.Weights
		}
	}
	return allPrimary()
}

// bringBack makes the old primary set primary again, or rebuilds it when it is
// gone, and returns the set that stays.
func (r rollback) bringBack(ctx context.Context) (string, error) {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return "", err
	}
	id := r.run.Baseline.PrimaryID
	old, ok := svc.Set(id)
	switch {
	case !ok || old.Draining:
		id, err = r.rebuild(ctx)
	case !old.Steady:
		_, err = r.run.Target.AwaitSteady(ctx, id, r.run.Log)
	}
	if err != nil || (ok && old.Primary && !old.Draining) {
		return id, err
	}
	_, err = r.run.Target.Promote(ctx, id, r.run.Log)
	return id, err
}

// rebuild starts the old version again beside the new one, which keeps serving.
func (r rollback) rebuild(ctx context.Context) (string, error) {
	const step = "rebuilt-set"
	target, log := r.run.Target, r.run.Log
	if !r.run.Steps.Has(step) {
		if err := r.makeRoom(ctx); err != nil {
			return "", err
		}
	}
	id, err := stage.Do(ctx, r.run.Steps, step,
		func(ctx context.Context) (platform.Change, error) {
			return target.PlanRebuild(ctx, r.run.Baseline, step)
		},
		func(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
			log.Infof("%s", c.Summary)
			return target.ApplySet(ctx, c, a)
		})
	if err != nil {
		return "", err
	}
	_, err = target.AwaitSteady(ctx, id, log)
	return id, err
}

// clear removes every set the deployment made but the one that stays.
func (r rollback) clear(ctx context.Context, keep string) error {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(made(svc, r.run.Deployment.ID, ""), func(s platform.Set) bool { return s.ID == keep })
	return r.run.Target.Remove(ctx, gone, r.run.Log)
}

// restoreRules brings the listener rules back to what they were, once no set
// of the deployment stands behind them.
func (r rollback) restoreRules(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if traffic == nil || r.run.Baseline.Weights.Canary > 0 {
		return nil
	}
	return traffic.Restore(ctx, r.run.Baseline, r.run.Log)
}

// undoFirst removes what a first deployment made: there is no version to go
// back to.
func (r rollback) undoFirst(ctx context.Context) (stage.Outcome, error) {
	if traffic := r.run.Target.Traffic(); traffic != nil {
		if err := traffic.Restore(ctx, r.run.Baseline, r.run.Log); err != nil {
			return stage.Outcome{}, err
		}
	}
	if err := r.clear(ctx, ""); err != nil {
		return stage.Outcome{}, err
	}
	if err := r.run.Target.RevertService(ctx, r.run.Baseline, r.run.Log); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "It was the first deployment: what it made is removed"}, nil
}
