package ecs

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// mayTake refuses a move that would send more requests to a group whose healthy
// targets cannot take them. None healthy is always too few. Fewer than the
// service would run for that share is too few for all requests, because then
// nothing else is left to help; for less than all it is worth a warning, because
// how much room a task has is the operator's to know.
func (t *traffic) mayTake(ctx context.Context, r routing, m platform.Move, log platform.Log) error {
	now, _ := r.weights()
	held := r.least()
	for _, role := range []platform.Role{platform.RolePrimary, platform.RoleCanary} {
		from, to, has := now.Primary, m.To.Primary, held.Primary
		if role == platform.RoleCanary {
			from, to, has = now.Canary, m.To.Canary, held.Canary
		}
		if to <= has { // in every rule, also when an earlier try of the move changed only some
			continue
		}
		for _, p := range r.pairs {
			d := destination{traffic: t, role: role, group: p.primary, from: from, to: to, back: m.Back != nil}
			if role == platform.RoleCanary {
				d.group = p.canary
			}
			if err := d.check(ctx, log); err != nil {
				return err
			}
		}
	}
	return nil
}

// destination is a group that is to get more requests.
type destination struct {
	traffic  *traffic
	role     platform.Role
	group    string
	from, to int // percent
	back     bool

	healthy, total, needed int
	growing                bool // a set of full size is in the group and its tasks are on their way
}

// check asks until it is clear: a full-size set whose count was just raised is
// worth waiting for.
func (d *destination) check(ctx context.Context, log platform.Log) error {
	target := d.traffic.target
	told := false
	err := target.waiting("enough targets are healthy", target.timing.ReadBackTimeout).until(ctx, func(ctx context.Context) (bool, error) {
		if err := d.look(ctx); err != nil {
			return false, err
		}
		refusal := d.refusal()
		if refusal == nil || !d.growing || d.back {
			return true, refusal
		}
		if !told {
			told = true
			log.Infof("Waiting for targets of %s: %d of %d are healthy", shortGroup(d.group), d.healthy, d.needed)
		}
		return false, nil
	})
	if model.CodeOf(err) == model.CodeFailedPrecondition {
		if refusal := d.refusal(); refusal != nil {
			return refusal
		}
	}
	if err == nil && d.healthy < d.needed {
		log.Infof("Warning: %d%% of the requests go to %d healthy target(s) of %s, fewer than the %d the service would run for them: each gets %s times as many as usual",
			d.to, d.healthy, shortGroup(d.group), d.needed, d.strain())
	}
	return err
}

func (d *destination) strain() string {
	return fmt.Sprintf("%.1f", float64(d.needed)/float64(d.healthy))
}

func (d *destination) look(ctx context.Context) error {
	target := d.traffic.target
	var err error
	if d.healthy, d.total, err = target.healthyTargets(ctx, d.group); err != nil {
		return err
	}
	sets, err := target.knownSets(ctx)
	if err != nil {
		return err
	}
	d.needed = int(math.Ceil(float64(fullSize(sets)*d.to) / 100)) // percent
	d.growing = slices.ContainsFunc(sets, func(s types.TaskSet) bool {
		return aws.ToString(s.Status) != setDraining && s.Scale != nil && s.Scale.Value >= 100 && slices.Contains(groupsOfSet(&s), d.group)
	})
	if d.healthy < d.needed && d.growing {
		target.session.forgetSets()
	}
	return nil
}

// refusal says why the group is not given the share, nil when it may have it.
func (d *destination) refusal() error {
	switch {
	case d.healthy == 0:
		return model.Errorf(model.CodeFailedPrecondition,
			"the %s target group %s has no healthy target (%d registered), so it is not given %d%% of the requests", d.role, shortGroup(d.group), d.total, d.to)
	case d.healthy >= d.needed:
		return nil
	case d.back:
		const half = 2
		if d.from*half >= 100 || d.healthy*half >= d.needed { // it has most of them already, or can carry most of them
			return nil
		}
	case d.to < 100:
		return nil
	}
	return model.Errorf(model.CodeFailedPrecondition,
		"the %s target group %s has %d healthy target(s), and the service needs %d for %d%% of the requests, so it is not given them: start it at full size first (with.scale: 100), or give it a smaller share",
		d.role, shortGroup(d.group), d.healthy, d.needed, d.to)
}

// fullSize is how many tasks the service runs at full size, as its largest set
// shows; 0 when there is none.
func fullSize(sets []types.TaskSet) int {
	largest, full := 0.0, 0
	for i := range sets {
		s := &sets[i]
		if aws.ToString(s.Status) == setDraining || s.Scale == nil || s.Scale.Value <= largest {
			continue
		}
		largest = s.Scale.Value
		full = int(math.Round(float64(s.ComputedDesiredCount) * 100 / largest)) // percent
	}
	return full
}

func groupsOfSet(s *types.TaskSet) []string {
	var out []string
	for _, lb := range s.LoadBalancers {
		if lb.TargetGroupArn != nil {
			out = append(out, *lb.TargetGroupArn)
		}
	}
	return out
}
