package canary

import (
	"context"
	"strconv"
	"strings"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// CanaryRollout is ECS_CANARY_ROLLOUT: a small set of the new version starts in
// the canary group, without requests yet.
type CanaryRollout struct{}

// Run makes the canary group known to the load balancer, starts the set and
// returns when it is steady and healthy.
func (CanaryRollout) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.CanaryRolloutOptions)
	if !ok {
		return stage.Outcome{}, wrongOptions(run)
	}
	scale := float64(opts.Scale)
	if scale == 0 { // not given; a 0 that was written out is refused with the file
		run.Log.Infof("The stage gives no scale, which means 0%%: no task of the canary is started")
		return stage.Outcome{Reason: "No canary was started, because with.scale is not given"}, nil
	}
	if scale < 0 || scale > fullScale {
		return stage.Outcome{}, model.Errorf(model.CodeInvalid, "ECS_CANARY_ROLLOUT needs a scale from 1 to 100 percent, not %v: set with.scale", opts.Scale)
	}
	if err := run.Note(ctx, map[string]string{model.MetadataCanaryScale: strconv.Itoa(int(opts.Scale))}); err != nil {
		return stage.Outcome{}, err
	}
	r := rollout{run}
	revision, err := r.prepare(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	if err := r.settle(ctx); err != nil {
		return stage.Outcome{}, err
	}
	if _, _, err := r.start(ctx, platform.SetSpec{Role: platform.RoleCanary, Revision: revision, Scale: scale, Step: "canary-set"}); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The canary runs and is healthy"}, nil
}

// settle makes a clean start for a canary: its group is attached and gets no
// requests, and what earlier deployments left in it is gone.
func (r rollout) settle(ctx context.Context) error {
	traffic := r.run.Target.Traffic()
	if traffic == nil {
		return r.room(ctx)
	}
	if traffic.Group(platform.RoleCanary) == "" {
		return model.Errorf(model.CodeInvalid, "ECS_CANARY_ROLLOUT needs a target group for the canary, as the primary has one: set input.targetGroups.canary")
	}
	err := stage.Effect(ctx, r.run.Steps, "attach", func(ctx context.Context) error {
		return traffic.Attach(ctx, r.run.Log)
	})
	if err != nil {
		return err
	}
	if err := r.calm(ctx); err != nil {
		return err
	}
	return r.room(ctx)
}

// calm takes requests away from a canary group in which only leftovers of ours
// remain, so that they can be removed.
func (r rollout) calm(ctx context.Context) error {
	if r.run.Baseline.Weights.Canary == 0 || r.run.Baseline.PrimaryID == "" {
		return nil
	}
	return stage.Effect(ctx, r.run.Steps, "calm", func(ctx context.Context) error {
		r.run.Log.Infof("An earlier deployment left %d%% of the requests with the canary: giving them back to the primary before starting", r.run.Baseline.Weights.Canary)
		_, err := r.run.Target.Traffic().Shift(ctx, platform.Move{To: allPrimary(), Since: r.sharesSoFar()}, r.run.Log)
		return err
	})
}

// TrafficRouting is ECS_TRAFFIC_ROUTING: it moves requests between the groups.
type TrafficRouting struct{}

// Run gives the groups the shares the stage names and returns when the load
// balancer has them.
func (TrafficRouting) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.TrafficRouting)
	if !ok {
		return stage.Outcome{}, wrongOptions(run)
	}
	traffic := run.Target.Traffic()
	if traffic == nil {
		return stage.Outcome{}, model.Errorf(model.CodeInvalid,
			"ECS_TRAFFIC_ROUTING needs input.targetGroups with a primary and a canary group; the application has no load balancer")
	}
	primary, canary := opts.Weights()
	w := platform.Weights{Primary: int(primary), Canary: int(canary)}
	err := run.Note(ctx, map[string]string{
		model.MetadataPrimaryPercentage: strconv.Itoa(w.Primary),
		model.MetadataCanaryPercentage:  strconv.Itoa(w.Canary),
	})
	if err != nil {
		return stage.Outcome{}, err
	}
	err = stage.Effect(ctx, run.Steps, "shift", func(ctx context.Context) error {
		_, err := traffic.Shift(ctx, platform.Move{To: w, Since: rollout{run}.sharesSoFar()}, run.Log)
		return err
	})
	if err != nil {
		return stage.Outcome{}, err
	}
	share := w.Canary
	if run.Deployment.Promoted() {
		share = fullScale // both groups have the new version
	}
	if err := noteShare(ctx, run, share); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: strconv.Itoa(w.Primary) + "% of the requests go to primary, " + strconv.Itoa(w.Canary) + "% to canary"}, nil
}

// CanaryClean is ECS_CANARY_CLEAN: the canary set goes.
type CanaryClean struct{}

// Run removes the canary sets of the deployment and returns after they have
// drained. It refuses while their group still gets requests.
func (CanaryClean) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	r := rollout{run}
	outcome, err := r.cleanCanary(ctx)
	if err != nil || outcome.Failed || !run.Deployment.Promoted() {
		return outcome, err
	}
	return outcome, r.keepPrevious(ctx)
}

func (r rollout) cleanCanary(ctx context.Context) (stage.Outcome, error) {
	run := r.run
	svc, err := run.Target.Observe(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	sets := made(svc, run.Deployment.ID, platform.RoleCanary)
	if len(sets) == 0 {
		return stage.Outcome{Reason: "There is no canary to remove"}, nil
	}
	exp, err := r.exposure(ctx, sets)
	if err != nil {
		return stage.Outcome{}, err
	}
	gone, keep := removable(svc, exp, sets)
	if len(keep) > 0 {
		return stage.Outcome{Failed: true, Reason: stillExposed(exp.of(keep[0])) +
			": put ECS_TRAFFIC_ROUTING with primary: 100 before ECS_CANARY_CLEAN, and point rules of your own elsewhere"}, nil
	}
	err = stage.Effect(ctx, run.Steps, "remove-canary", func(ctx context.Context) error {
		return run.Target.Remove(ctx, gone, run.Log)
	})
	if err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The canary is gone"}, nil
}

// stillExposed says why a canary cannot go.
func stillExposed(e platform.Exposed) string {
	return "The canary still gets " + strconv.Itoa(e.Percent) + "% of the requests of " + strings.Join(e.Rules, ", ") + ", so removing it would drop them"
}

// noteShare tells people how much of the requests the new version gets now, in
// percent. The caller has seen at the load balancer that it is so; without one
// there is nothing to see.
func noteShare(ctx context.Context, run *stage.Run, percent int) error {
	if run.Target.Traffic() == nil {
		return nil
	}
	return run.Note(ctx, map[string]string{model.MetadataObservedCanaryPercentage: strconv.Itoa(percent)})
}

func wrongOptions(run *stage.Run) error {
	return model.Errorf(model.CodeInternal, "stage %s was given options of type %T", run.Stage.Name, run.Options)
}
