package canary

import (
	"context"
	"slices"

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
	revision, err := r.register(ctx)
	if err != nil {
		return "", err
	}
	_, err = stage.Do(ctx, r.run.Shared, stepService,
		func(ctx context.Context) (platform.Change, error) { return target.PlanService(ctx, log) },
		func(ctx context.Context, c platform.Change, a platform.Attempt) (struct{}, error) {
			if c.Call == "" {
				return struct{}{}, nil
			}
			log.Infof("%s", c.Summary)
			return struct{}{}, target.ApplyService(ctx, c, a)
		})
	return revision, err
}

// register registers the definition, once per deployment, and returns the
// revision to run.
func (r rollout) register(ctx context.Context) (string, error) {
	target, log := r.run.Target, r.run.Log
	return stage.Do(ctx, r.run.Shared, stepRevision,
		func(ctx context.Context) (platform.Change, error) {
			return target.PlanRevision(ctx, stepRevision)
		},
		func(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
			log.Infof("%s", c.Summary)
			return target.ApplyRevision(ctx, c, a)
		})
}

// start creates the set and returns when it is steady and healthy, with the
// service as it is then.
func (r rollout) start(ctx context.Context, spec platform.SetSpec) (string, platform.Service, error) {
	return r.create(ctx, spec, r.run.Target.PlanSet)
}

// copy is start for a set of the version before the deployment.
func (r rollout) copy(ctx context.Context, spec platform.SetSpec) (string, platform.Service, error) {
	return r.create(ctx, spec, func(ctx context.Context, spec platform.SetSpec) (platform.Change, error) {
		return r.run.Target.PlanCopy(ctx, r.run.Baseline, spec)
	})
}

func (r rollout) create(ctx context.Context, spec platform.SetSpec, plan func(context.Context, platform.SetSpec) (platform.Change, error)) (string, platform.Service, error) {
	target, log := r.run.Target, r.run.Log
	id, err := stage.Do(ctx, r.run.Steps, spec.Step,
		func(ctx context.Context) (platform.Change, error) { return plan(ctx, spec) },
		func(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
			log.Infof("%s", c.Summary)
			return target.ApplySet(ctx, c, a)
		})
	if err != nil {
		return "", platform.Service{}, err
	}
	svc, err := target.AwaitSteady(ctx, id, log)
	return id, svc, err
}

// exposure reads where the requests of the groups come from; nowhere without a
// load balancer. It gives the load balancer some seconds to show that the groups of
// the sets get none.
func (r rollout) exposure(ctx context.Context, none []platform.Set) (exposure, error) {
	traffic := r.run.Target.Traffic()
	if traffic == nil {
		return exposure{}, nil
	}
	return traffic.Exposure(ctx, r.run.Baseline, groupsOf(none)...)
}

// room makes room for the stage's set, unless the state before the deployment
// already says that there is some and nothing to sweep.
func (r rollout) room(ctx context.Context) error {
	if roomy(r.run.Baseline, r.run.Deployment) {
		return nil
	}
	return r.makeRoom(ctx)
}

// makeRoom removes what earlier deployments left behind and can safely go, and
// waits for sets that drain when the service has no place for one more. Then
// the deployment's own sets of the dispensable roles go, too.
func (r rollout) makeRoom(ctx context.Context, dispensable ...platform.Role) error {
	svc, err := r.run.Target.Observe(ctx)
	if err != nil {
		return err
	}
	left := leftovers(svc, r.run.Deployment.ID)
	if len(svc.Sets) >= maxSets {
		for _, role := range dispensable {
			left = append(left, made(svc, r.run.Deployment.ID, role)...)
		}
	}
	if len(left) == 0 && len(svc.Sets) < maxSets {
		return nil
	}
	gone, keep, err := r.mayGo(ctx, svc, left)
	if err != nil {
		return err
	}
	for _, s := range keep {
		r.run.Log.Infof("Leftover task set %s still gets requests and stays until its target group gets none", s.ID)
	}
	if len(gone) > 0 {
		r.run.Log.Infof("Removing %d task set(s) that are not needed any more", len(gone))
	}
	if len(svc.Sets) >= maxSets {
		gone = append(gone, draining(svc)...)
	}
	if len(gone) == 0 && len(svc.Sets) >= maxSets {
		return model.Errorf(model.CodeFailedPrecondition,
			"the service already has %d task sets, the most Amazon ECS allows, and none of them may be removed: delete one that is not needed and try again", len(svc.Sets))
	}
	return r.run.Target.Remove(ctx, gone, r.run.Log)
}

// mayGo splits the candidates into those that may be removed and those that must
// stay for now. It asks the load balancer only where the sets alone do not settle
// it.
func (r rollout) mayGo(ctx context.Context, svc platform.Service, candidates []platform.Set) (gone, keep []platform.Set, err error) {
	if gone, keep = removable(svc, everywhere(r.run.Target.Traffic()), candidates); len(keep) == 0 {
		return gone, nil, nil
	}
	exp, err := r.exposure(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	gone, keep = removable(svc, exp, candidates)
	return gone, keep, nil
}

// replacePrimary promotes the set and then removes what it replaces: the set
// that was primary before the deployment, a baseline that runs the same version,
// and the leftovers of ours. It is the last act, because until then going back is
// pointing back. svc is the service as the wait for the set saw it.
func (r rollout) replacePrimary(ctx context.Context, id string, svc platform.Service) error {
	target, log := r.run.Target, r.run.Log
	err := stage.Effect(ctx, r.run.Steps, "promote", func(ctx context.Context) error {
		set, err := target.Promote(ctx, id, log)
		svc = promoted(svc, set)
		return err
	})
	if err != nil {
		return err
	}
	return stage.Effect(ctx, r.run.Steps, "remove-replaced", func(ctx context.Context) error {
		return r.removeReplaced(ctx, id, svc)
	})
}

// removeReplaced removes what the set with the id replaces. It looks again
// unless svc shows the set as the primary one and steady.
func (r rollout) removeReplaced(ctx context.Context, id string, svc platform.Service) error {
	if now, _ := svc.Set(id); !now.Primary || !now.Steady {
		set, err := r.run.Target.Promote(ctx, id, r.run.Log)
		if err != nil {
			return err
		}
		if svc, err = r.run.Target.Observe(ctx); err != nil {
			return err
		}
		seen, _ := svc.Set(id)
		set.Steady = seen.Steady
		svc = promoted(svc, set)
	}
	candidates := append(leftovers(svc, r.run.Deployment.ID), made(svc, r.run.Deployment.ID, platform.RoleBaseline)...)
	if old, ok := svc.Set(r.run.Baseline.PrimaryID); ok && !old.Primary && !contains(candidates, old.ID) {
		candidates = append(candidates, old)
	}
	gone, keep, err := r.mayGo(ctx, svc, candidates)
	if err != nil {
		return err
	}
	for _, s := range keep {
		if s.ID == r.run.Baseline.PrimaryID {
			return model.Errorf(model.CodeFailedPrecondition,
				"the old primary task set %s cannot be removed: no other steady task set of full size is in its target group", s.ID)
		}
		r.run.Log.Infof("Leftover task set %s still gets requests and stays for now", s.ID)
	}
	return r.run.Target.Remove(ctx, gone, r.run.Log)
}

func contains(sets []platform.Set, id string) bool {
	return slices.ContainsFunc(sets, func(s platform.Set) bool { return s.ID == id })
}
