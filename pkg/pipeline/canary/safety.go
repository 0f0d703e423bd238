package canary

import (
	"slices"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// fullScale is the scale of a set that can carry all requests, in percent.
const fullScale = 100

// exposure says how much of the requests each target group gets, in percent, and
// from which rules.
type exposure map[string]platform.Exposed

// everywhere is what must be reckoned with while nobody has looked: every group
// gets requests.
func everywhere(t platform.Traffic) exposure {
	if t == nil {
		return nil
	}
	all := platform.Exposed{Percent: fullScale}
	return exposure{t.Group(platform.RolePrimary): all, t.Group(platform.RoleCanary): all}
}

// of returns what sends requests to a set.
func (e exposure) of(s platform.Set) platform.Exposed {
	for _, g := range s.Groups() {
		if e[g].Percent > 0 {
			return e[g]
		}
	}
	return platform.Exposed{}
}

// served reports whether a set other than those in gone carries the group by
// itself: steady, healthy and of full size.
func served(svc platform.Service, group string, gone []string) bool {
	return slices.ContainsFunc(svc.Sets, func(s platform.Set) bool {
		return slices.Contains(s.Groups(), group) && s.Steady && !s.Draining && s.Scale >= fullScale && !slices.Contains(gone, s.ID)
	})
}

// removable splits candidates into those whose removal drops no request and
// those that must stay for now. A set may go when each of its groups gets no
// requests, or has another steady set of full size that stays.
func removable(svc platform.Service, exp exposure, candidates []platform.Set) (remove, keep []platform.Set) {
	ids := make([]string, 0, len(candidates))
	for _, c := range candidates {
		ids = append(ids, c.ID)
	}
	for _, c := range candidates {
		needed := slices.ContainsFunc(c.Groups(), func(group string) bool {
			return exp[group].Percent > 0 && !served(svc, group, ids)
		})
		if needed {
			keep = append(keep, c)
		} else {
			remove = append(remove, c)
		}
	}
	return remove, keep
}

// leftovers returns the sets of ours that other deployments left behind: not
// the primary one, and not of this deployment.
func leftovers(svc platform.Service, deploymentID string) []platform.Set {
	var out []platform.Set
	for _, s := range svc.Sets {
		if s.Ours && !s.Primary && !s.Draining && s.Deployment != deploymentID {
			out = append(out, s)
		}
	}
	return out
}

// made returns the sets this deployment made, in the role if it is not "".
func made(svc platform.Service, deploymentID string, role platform.Role) []platform.Set {
	var out []platform.Set
	for _, s := range svc.Sets {
		if s.Ours && s.Deployment == deploymentID && (role == "" || s.Role == role) {
			out = append(out, s)
		}
	}
	return out
}

// draining returns the sets that are on their way out.
func draining(svc platform.Service) []platform.Set {
	var out []platform.Set
	for _, s := range svc.Sets {
		if s.Draining {
			out = append(out, s)
		}
	}
	return out
}

// promoted returns the service with the set as its primary one, in the steadiness
// the promotion found it in.
func promoted(svc platform.Service, set platform.Set) platform.Service {
	svc.Sets = slices.Clone(svc.Sets)
	for i := range svc.Sets {
		svc.Sets[i].Primary = svc.Sets[i].ID == set.ID
		if svc.Sets[i].Primary {
			svc.Sets[i].Steady = set.Steady
		}
	}
	return svc
}

// roomy reports whether the deployment can start all its sets without looking
// what there is: before it there was nothing of ours to sweep, and even if none
// of its sets is removed the service stays within its quota. What is not
// recorded is looked at.
func roomy(b platform.Baseline, d *model.Deployment) bool {
	if b.Sets == nil || len(leftovers(platform.Service{Sets: b.Sets}, d.ID)) > 0 {
		return false
	}
	starts := 0
	for _, s := range d.Stages {
		switch s.Name {
		case model.StageECSSync, model.StageECSCanaryRollout, model.StageECSBaselineRollout, model.StageECSPrimaryRollout:
			starts++
		default:
		}
	}
	return len(b.Sets)+starts <= maxSets
}

// undivided reports whether all requests went to the primary group before the
// deployment and no stage of it moves any.
func undivided(b platform.Baseline, d *model.Deployment) bool {
	return b.Weights == allPrimary() &&
		!slices.ContainsFunc(d.Stages, func(s model.Stage) bool { return s.Name == model.StageECSTrafficRouting })
}

func idsOf(sets []platform.Set) []string {
	ids := make([]string, 0, len(sets))
	for _, s := range sets {
		ids = append(ids, s.ID)
	}
	return ids
}

// groupsOf returns the groups of the sets.
func groupsOf(sets []platform.Set) []string {
	var out []string
	for _, s := range sets {
		out = append(out, s.Groups()...)
	}
	return out
}
