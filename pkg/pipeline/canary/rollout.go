package canary

import (
	"context"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// maxSets is how many sets a service may have, draining ones included (Amazon
// ECS quota "task sets per service").
const maxSets = 5

// Names of the steps the stages of a deployment share.
const (
	stepRevision = "revision"
	stepService  = "service"
)

// rollout is what the stages that start tasks have in common.
type rollout struct {
	run *stage.Run
}

// prepare registers the definition and brings the service up to date, once per
// deployment, and returns the revision to run.
func (r rollout) prepare(ctx context.Context) (string, error) {
	target, log := r.run.Target, r.run.Log
	revision, err := stage.Do(ctx, r.run.Shared, stepRevision,
		func(ctx context.Context) (platform.Change, error) {
			return target.PlanRevision(ctx, stepRevision)
		},
		func(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
			log.Infof("%s", c.Summary)
			return target.ApplyRevision(ctx, c, a)
		})
	if err != nil {
		return "", err
	}
	_, err = stage.Do(ctx, r.run.Shared, stepService, target.PlanService,
		func(ctx context.Context, c platform.Change, a platform.Attempt) (struct{}, error) {
			if c.Call == "" {
				return struct{}{}, nil
			}
			log.Infof("%s", c.Summary)
			return struct{}{}, target.ApplyService(ctx, c, a)
		})
	return revision, err
}

// start creates the set and returns when it is steady and healthy.
func (r rollout) start(ctx context.Context, spec platform.SetSpec) (string, error) {
	target, log := r.run.Target, r.run.Log
	id, err := stage.Do(ctx, r.run.Steps, spec.Step,
		func(ctx context.Context) (platform.Change, error) { return target.PlanSet(ctx, spec) },
		func(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
			log.Infof("%s", c.Summary)
			return target.ApplySet(ctx, c, a)
		})
	if err != nil {
		return "", err
	}
	return id, target.AwaitSteady(ctx, id, log)
}

// weights reads the shares of the groups; without a load balancer all zero.
func (r rollout) weights(ctx context.Context) (platform.Weights, error) {
	traffic := r.run.Target.Traffic()
	if traffic == nil {
		return platform.Weights{}, nil
	}
	return traffic.Weights(ctx)
}

// makeRoom removes what earlier deployments left behind and can safely go, and
// waits for sets that drain when the service has no place for one more.
func (r rollout) makeRoom(ctx context.Context) error {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	left := leftovers(svc, r.run.Deployment.ID)
	if len(left) == 0 && len(svc.Sets) < maxSets {
		return nil
	}
	w, err := r.weights(ctx)
	if err != nil {
		return err
	}
	gone, keep := removable(svc, exposureOf(r.run.Target.Traffic(), w), left)
	for _, s := range keep {
		r.run.Log.Infof("Leftover task set %s still gets requests and stays until its target group gets none", s.ID)
	}
	ids := idsOf(gone)
	if len(ids) > 0 {
		r.run.Log.Infof("Removing %d task set(s) that earlier deployments left behind", len(ids))
	}
	if len(svc.Sets) >= maxSets {
		ids = append(ids, draining(svc)...)
	}
	if len(ids) == 0 && len(svc.Sets) >= maxSets {
		return model.Errorf(model.CodeFailedPrecondition,
			"the service already has %d task sets, the most Amazon ECS allows, and none of them may be removed: delete one that is not needed and try again", len(svc.Sets))
	}
	return r.run.Target.Remove(ctx, ids, r.run.Log)
}

// replacePrimary promotes the set and then removes what it replaces: the set
// that was primary before the deployment and the leftovers of ours. It is the
// last act, because until then going back is pointing back.
func (r rollout) replacePrimary(ctx context.Context, id string) error {
	target, log := r.run.Target, r.run.Log
	err := stage.Effect(ctx, r.run.Steps, "promote", func(ctx context.Context) error {
		return target.Promote(ctx, id, log)
	})
	if err != nil {
		return err
	}
	return stage.Effect(ctx, r.run.Steps, "remove-replaced", func(ctx context.Context) error {
		return r.removeReplaced(ctx)
	})
}

func (r rollout) removeReplaced(ctx context.Context) error {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	candidates := leftovers(svc, r.run.Deployment.ID)
	if old, ok := svc.Set(r.run.Baseline.PrimaryID); ok && !old.Primary && !contains(candidates, old.ID) {
		candidates = append(candidates, old)
	}
	w, err := r.weights(ctx)
	if err != nil {
		return err
	}
	gone, keep := removable(svc, exposureOf(r.run.Target.Traffic(), w), candidates)
	for _, s := range keep {
		if s.ID == r.run.Baseline.PrimaryID {
			return model.Errorf(model.CodeFailedPrecondition,
				"the old primary task set %s cannot be removed: no other steady task set of full size is in its target group", s.ID)
		}
		r.run.Log.Infof("Leftover task set %s still gets requests and stays for now", s.ID)
	}
	return r.run.Target.Remove(ctx, idsOf(gone), r.run.Log)
}

func contains(sets []platform.Set, id string) bool {
	for _, s := range sets {
		if s.ID == id {
			return true
		}
	}
	return false
}
