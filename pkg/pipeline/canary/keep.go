package canary

import (
	"context"
	"slices"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// stepToPrevious is the step that gives the requests to a kept previous version.
const stepToPrevious = "to-previous"

// allCanary is how requests flow while a kept previous version answers them.
func allCanary() platform.Weights {
	return platform.Weights{Primary: 0, Canary: fullScale}
}

// keepPrevious starts the version before the deployment again, in the canary's
// group and without requests, when input.keepPrevious asks for it: so going back
// is a change of weights first. It comes last, when the canary's group is empty
// and gets nothing. That it cannot be kept is no reason to take back a version
// that runs well.
func (r rollout) keepPrevious(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if r.run.KeepPrevious <= 0 || traffic == nil || traffic.Group(platform.RoleCanary) == "" || r.run.Baseline.PrimaryID == "" {
		return nil
	}
	w, err := traffic.Weights(ctx)
	if err != nil {
		return err
	}
	if w.Canary > 0 {
		r.run.Log.Infof("The previous version is not kept, because the canary's target group still gets %d%% of the requests", w.Canary)
		return nil
	}
	err = r.startPrevious(ctx)
	if err == nil || ctx.Err() != nil || stage.Interrupted(ctx, err) != nil {
		return err
	}
	r.run.Log.Errorf("The previous version cannot be kept, so going back will take as long as starting it: %s", err)
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	return r.run.Target.Remove(ctx, made(svc, r.run.Deployment.ID, platform.RolePrevious), r.run.Log)
}

func (r rollout) startPrevious(ctx context.Context) error {
	const step = "previous-set"
	if !r.run.Steps.Has(step) {
		if err := r.makeRoom(ctx); err != nil {
			return err
		}
	}
	until := time.Now().Add(r.run.KeepPrevious).UTC().Truncate(time.Second)
	_, _, err := r.copy(ctx, platform.SetSpec{Role: platform.RolePrevious, Scale: fullScale, Step: step, Until: until})
	if err == nil {
		r.run.Log.Infof("The previous version is kept without requests for %s", r.run.KeepPrevious)
	}
	return err
}

// kept returns a previous version that can take all requests at once.
func kept(svc platform.Service, canaryGroup string, fits func(platform.Set) bool) (platform.Set, bool) {
	i := slices.IndexFunc(svc.Sets, func(s platform.Set) bool {
		return s.Ours && s.Role == platform.RolePrevious && s.Group == canaryGroup && s.Steady && !s.Draining && s.Scale >= fullScale && fits(s)
	})
	if canaryGroup == "" || i < 0 {
		return platform.Set{}, false
	}
	return svc.Sets[i], true
}

// backToPrevious gives the requests to the previous version at once, when it is
// kept and is the one that is brought out now: its new primary set follows.
func (r rollout) backToPrevious(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if traffic == nil {
		return nil
	}
	commit := r.run.Deployment.Trigger.Commit.Hash
	before := platform.Service{Sets: r.run.Baseline.Sets}
	if _, ok := kept(before, traffic.Group(platform.RoleCanary), func(s platform.Set) bool { return s.Commit == commit }); !ok {
		return nil
	}
	return stage.Effect(ctx, r.run.Steps, stepToPrevious, func(ctx context.Context) error {
		r.run.Log.Infof("The version was kept since the last deployment and gets the requests at once")
		_, err := traffic.Shift(ctx, platform.Move{To: allCanary(), Since: r.sharesSoFar()}, r.run.Log)
		if model.CodeOf(err) != model.CodeFailedPrecondition {
			return err
		}
		r.run.Log.Infof("It cannot take them any more, so they wait for its new tasks: %s", err)
		return nil
	})
}

// wentToPrevious reports whether the stage gave the requests to a kept version,
// or was about to.
func wentToPrevious(s *model.Stage) bool {
	steps, err := stage.OpenJournal(s.Metadata[stage.MetadataSteps], nil, nil)
	return err == nil && steps.Has(stepToPrevious)
}

// hasCanary reports whether a stage of the deployment starts a canary.
func hasCanary(d *model.Deployment) bool {
	return slices.ContainsFunc(d.Stages, func(s model.Stage) bool { return s.Name == model.StageECSCanaryRollout })
}

// Sweep removes the previous versions whose time is over, and returns when the
// next one's is; zero if none is kept. Nothing of a deployment may be under way.
func Sweep(ctx context.Context, target platform.Target, log platform.Log) (next time.Time, err error) {
	svc, err := target.Observe(ctx)
	traffic := target.Traffic()
	if err != nil || traffic == nil {
		return time.Time{}, err
	}
	var over []platform.Set
	for _, s := range svc.Sets {
		switch {
		case !s.Ours || s.Role != platform.RolePrevious || s.Draining:
		case time.Now().Before(s.Until):
			if next.IsZero() || s.Until.Before(next) {
				next = s.Until
			}
		default:
			over = append(over, s)
		}
	}
	if len(over) == 0 {
		return next, nil
	}
	exp, err := traffic.Exposure(ctx, platform.Baseline{}, groupsOf(over)...)
	if err != nil {
		return next, err
	}
	gone, _ := removable(svc, exp, over)
	return next, target.Remove(ctx, gone, log)
}
