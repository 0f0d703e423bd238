package canary

import (
	"context"
	"errors"
	"slices"
	"strings"

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
	r := &rollback{rollout: rollout{run}}
	if task := run.Target.Standalone(); task != nil {
		return r.stopTask(ctx, task)
	}
	if run.Baseline.PrimaryID == "" {
		return r.undoFirst(ctx)
	}
	return r.restore(ctx)
}

type rollback struct {
	rollout

	away  bool     // the requests went to a kept previous version first
	found []string // what somebody else had changed, in sentences
}

// restore goes back to the version that ran before. What fails on the way does
// not keep it from doing the rest, as far as the rest does not need it.
func (r *rollback) restore(ctx context.Context) (stage.Outcome, error) {
	moved, err := r.pointBack(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	unreverted := r.run.Target.RevertService(ctx, r.run.Baseline, r.run.Log)
	if ctx.Err() != nil {
		return stage.Outcome{}, unreverted
	}
	if err := r.stopNew(ctx); err != nil {
		return stage.Outcome{}, err
	}
	keep, err := r.bringBack(ctx)
	if err != nil {
		return stage.Outcome{}, errors.Join(err, r.dropCanary(ctx, moved))
	}
	if !moved {
		if err := r.leavePrevious(ctx, keep); err != nil {
			return stage.Outcome{}, err
		}
		if err := r.shiftBack(ctx); err != nil {
			return stage.Outcome{}, err
		}
	}
	stuck, err := r.clear(ctx, keep)
	if err != nil {
		return stage.Outcome{}, err
	}
	if err := r.restoreRules(ctx); err != nil {
		return stage.Outcome{}, err
	}
	outcome := r.conclude("The version before the deployment runs and gets the requests as before")
	if stuck != "" {
		outcome.Failed, outcome.Reason = true, outcome.Reason+"; but "+stuck
	}
	return outcome, unreverted
}

// conclude adds to a reason what somebody else had changed.
func (r *rollback) conclude(reason string) stage.Outcome {
	return stage.Outcome{Reason: strings.Join(append([]string{reason}, r.found...), "; ")}
}

func (r *rollback) note(found string) {
	if found != "" && !slices.Contains(r.found, found) {
		r.found = append(r.found, found)
	}
}

// pointBack moves the requests back as the first act, if the primary group can
// take them; otherwise it reports false and they move after the old version is
// rebuilt.
func (r *rollback) pointBack(ctx context.Context) (moved bool, err error) {
	if r.run.Target.Traffic() == nil {
		return true, nil
	}
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return false, err
	}
	if _, ok := r.previous(svc); ok {
		r.run.Log.Infof("The version before was kept and gets the requests at once; its primary task set is rebuilt meanwhile")
		r.away = true
		found, err := r.run.Target.Traffic().Shift(ctx, platform.Move{To: allCanary(), Since: r.since(), Back: &r.run.Baseline}, r.run.Log)
		r.note(found)
		if err == nil {
			return false, noteShare(ctx, r.run, 0)
		}
		if model.CodeOf(err) != model.CodeFailedPrecondition {
			return false, err
		}
		r.run.Log.Infof("It cannot take them any more: %s", err)
	}
	err = r.shiftTo(ctx, svc)
	if model.CodeOf(err) == model.CodeFailedPrecondition {
		r.run.Log.Infof("The requests cannot move back yet (%s): they do as soon as the version before runs again", err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if len(made(svc, r.run.Deployment.ID, platform.RolePrimary)) > 0 {
		return true, nil // the new version still answers in the primary group
	}
	return true, noteShare(ctx, r.run, 0)
}

// previous returns the version before, if the deployment got as far as keeping it.
func (r *rollback) previous(svc platform.Service) (platform.Set, bool) {
	mine := func(s platform.Set) bool { return s.Deployment == r.run.Deployment.ID }
	return kept(svc, r.run.Target.Traffic().Group(platform.RoleCanary), mine)
}

// leavePrevious removes the new version from the primary group while the kept
// previous one has the requests, so that none comes to it again when they return.
func (r *rollback) leavePrevious(ctx context.Context, keep string) error {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	stays, ok := r.previous(svc)
	if !ok {
		return nil
	}
	gone := slices.DeleteFunc(made(svc, r.run.Deployment.ID, ""), func(s platform.Set) bool { return s.ID == keep || s.ID == stays.ID })
	return r.run.Target.Remove(ctx, gone, r.run.Log)
}

// shiftBack gives the groups the shares they had before.
func (r *rollback) shiftBack(ctx context.Context) error {
	if r.run.Target.Traffic() == nil {
		return nil
	}
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	return r.shiftTo(ctx, svc)
}

// since is sharesSoFar with what this rollback did.
func (r *rollback) since() []platform.Weights {
	shares := r.sharesSoFar()
	if r.away && len(shares) > 0 {
		return append([]platform.Weights{allCanary()}, shares...)
	}
	return shares
}

// shiftTo gives the groups the shares they had before, except that a canary
// group whose set is gone, or goes now, gets none.
func (r *rollback) shiftTo(ctx context.Context, svc platform.Service) error {
	traffic := r.run.Target.Traffic()
	found, err := traffic.Shift(ctx, platform.Move{
		To:    weightsBefore(r.run.Baseline, svc, traffic.Group(platform.RoleCanary), r.run.Deployment.ID),
		Since: r.since(), Back: &r.run.Baseline,
	}, r.run.Log)
	r.note(found)
	return err
}

// weightsBefore are the shares to restore: the recorded ones while a set that
// is not this deployment's still stands in the canary group, all to the primary
// otherwise.
func weightsBefore(b platform.Baseline, svc platform.Service, canaryGroup, deploymentID string) platform.Weights {
	for _, s := range svc.Sets {
		if slices.Contains(s.Groups(), canaryGroup) && s.Deployment != deploymentID && s.Steady && !s.Draining {
			return b.Weights
		}
	}
	return allPrimary()
}

// bringBack makes the old primary set primary again, or rebuilds it when it is
// gone, and returns the set that stays.
func (r *rollback) bringBack(ctx context.Context) (string, error) {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return "", err
	}
	id := r.run.Baseline.PrimaryID
	old, ok := svc.Set(id)
	switch {
	case !ok || old.Draining:
		id, err = r.rebuild(ctx)
	default:
		err = r.revive(ctx, old)
	}
	if err != nil || (ok && old.Primary && !old.Draining) {
		return id, err
	}
	_, err = r.run.Target.Promote(ctx, id, r.run.Log)
	return id, err
}

// stopNew removes the new version first where the two must not run beside each
// other; nothing answers requests until the old one runs again.
func (r *rollback) stopNew(ctx context.Context) error {
	if !r.run.Shared.Has(stepStopRunning) {
		return nil
	}
	r.run.Log.Infof("quickSync.recreate is set: the new version stops before the old one starts again, and nothing answers requests until then")
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(made(svc, r.run.Deployment.ID, ""), func(s platform.Set) bool { return s.Step == stepRebuilt })
	return r.run.Target.Remove(ctx, gone, r.run.Log)
}

// revive returns when the old primary set has its tasks, all of which are healthy.
func (r *rollback) revive(ctx context.Context, old platform.Set) error {
	before := float64(fullScale)
	if recorded, ok := (platform.Service{Sets: r.run.Baseline.Sets}).Set(old.ID); ok {
		before = recorded.Scale
	}
	if old.Scale == before && old.Steady {
		return nil
	}
	if r.run.Shared.Has(stepStopRunning) && old.Scale != before {
		if err := r.run.Target.Scale(ctx, old.ID, before, r.run.Log); err != nil {
			return err
		}
	}
	_, err := r.run.Target.AwaitSteady(ctx, old.ID, r.run.Log)
	return err
}

// stepRebuilt names the set that rebuild starts.
const stepRebuilt = "rebuilt-set"

// rebuild starts the old version again beside the new one, which keeps serving.
func (r *rollback) rebuild(ctx context.Context) (string, error) {
	if !r.run.Steps.Has(stepRebuilt) {
		if err := r.makeRoom(ctx, platform.RoleCanary, platform.RoleBaseline); err != nil {
			return "", err
		}
	}
	id, _, err := r.copy(ctx, platform.SetSpec{Role: platform.RolePrimary, Scale: fullScale, Step: stepRebuilt})
	return id, err
}

// dropCanary removes the canary when the version before could not be brought
// back: once it gets no requests it serves nobody.
func (r *rollback) dropCanary(ctx context.Context, moved bool) error {
	if !moved {
		return nil
	}
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	gone, _, err := r.mayGo(ctx, svc, made(svc, r.run.Deployment.ID, platform.RoleCanary))
	if err != nil {
		return err
	}
	return r.run.Target.Remove(ctx, gone, r.run.Log)
}

// clear removes every set the deployment made but the one that stays. stuck says
// which of them has to stay because of what somebody else did.
func (r *rollback) clear(ctx context.Context, keep string) (stuck string, err error) {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return "", err
	}
	all := slices.DeleteFunc(made(svc, r.run.Deployment.ID, ""), func(s platform.Set) bool { return s.ID == keep })
	gone, stay, err := r.mayGo(ctx, svc, all)
	if err != nil {
		return "", err
	}
	if len(stay) > 0 {
		if gone, stuck, err = r.settleRest(ctx, keep, all); err != nil {
			return "", err
		}
	}
	return stuck, r.run.Target.Remove(ctx, gone, r.run.Log)
}

// settleRest does what may still let sets go: the listener rules are as before,
// and the set that stays is steady.
func (r *rollback) settleRest(ctx context.Context, keep string, all []platform.Set) (gone []platform.Set, stuck string, err error) {
	if err := r.restoreRules(ctx); err != nil {
		return nil, "", err
	}
	svc, err := r.run.Target.AwaitSteady(ctx, keep, r.run.Log)
	if err != nil {
		return nil, "", err
	}
	exp, err := r.exposure(ctx, slices.DeleteFunc(slices.Clone(all), func(s platform.Set) bool { return s.Role != platform.RoleCanary }))
	if err != nil {
		return nil, "", err
	}
	gone, stay := removable(svc, exp, all)
	for _, s := range stay {
		r.run.Log.Errorf("Task set %s of this deployment still gets requests by %s, which the deployment did not make, so it stays", s.ID, strings.Join(exp.of(s).Rules, ", "))
	}
	if len(stay) > 0 {
		stuck = "task set " + stay[0].ID + " of this deployment stays, because " + strings.Join(exp.of(stay[0]).Rules, ", ") +
			" of somebody else still sends it requests: point that elsewhere; the next deployment then removes the set"
	}
	return gone, stuck, nil
}

// restoreRules brings the listener rules back to what they were, once no set
// of the deployment stands behind them.
func (r *rollback) restoreRules(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if traffic == nil || r.run.Baseline.Weights.Canary > 0 {
		return nil
	}
	found, err := traffic.Restore(ctx, r.run.Baseline, r.run.Log)
	r.note(found)
	return err
}

// undoFirst removes what a first deployment made: there is no version to go
// back to.
func (r *rollback) undoFirst(ctx context.Context) (stage.Outcome, error) {
	target := r.run.Target
	if traffic := target.Traffic(); traffic != nil {
		found, err := traffic.Restore(ctx, r.run.Baseline, r.run.Log)
		if err != nil {
			return stage.Outcome{}, err
		}
		r.note(found)
	}
	svc, err := target.Observe(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	if err := target.Remove(ctx, made(svc, r.run.Deployment.ID, ""), r.run.Log); err != nil {
		return stage.Outcome{}, err
	}
	if err := target.RevertService(ctx, r.run.Baseline, r.run.Log); err != nil {
		return stage.Outcome{}, err
	}
	return r.conclude("It was the first deployment: what it made is removed"), nil
}
