package ecs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// traffic moves requests between the target's two groups.
type traffic struct{ target *target }

// Group returns the target group of the role, "" when the application names
// none.
func (t *traffic) Group(r platform.Role) string {
	g := t.target.app.TargetGroups.Primary
	if r == platform.RoleCanary {
		g = t.target.app.TargetGroups.Canary
	}
	if g == nil {
		return ""
	}
	return g.ARN
}

// read returns the rules of every listener of the load balancers the primary
// group hangs on.
func (t *traffic) read(ctx context.Context) (routing, error) {
	r := routing{primary: t.Group(platform.RolePrimary), canary: t.Group(platform.RoleCanary)}
	groups, err := t.target.describeGroups(ctx, r.primary)
	if err != nil {
		return r, err
	}
	for _, g := range groups {
		for _, lb := range g.LoadBalancerArns {
			rules, err := t.target.describeRules(ctx, lb)
			if err != nil {
				return r, err
			}
			r.rules = append(r.rules, rules...)
		}
	}
	return r, nil
}

// Weights returns the shares now.
func (t *traffic) Weights(ctx context.Context) (platform.Weights, error) {
	r, err := t.read(ctx)
	if err != nil {
		return platform.Weights{}, err
	}
	if len(r.touched()) == 0 {
		return platform.Weights{}, noRule(r)
	}
	w, _ := r.weights()
	return w, nil
}

func noRule(r routing) error {
	return model.Errorf(model.CodeFailedPrecondition,
		"no listener rule forwards to both target groups %s and %s, so no requests can be moved: make one rule forward to both (weights 100 and 0). Looked at: %s",
		shortGroup(r.primary), shortGroup(r.canary), r.describe())
}

// Attach gives the sole default action that forwards to the primary group the
// canary group too, at weight 0, so that the load balancer checks its health.
func (t *traffic) Attach(ctx context.Context, log platform.Log) error {
	r, err := t.read(ctx)
	if err != nil {
		return err
	}
	if len(r.split()) > 0 {
		return nil
	}
	x, ok := r.extendable()
	if !ok || r.canary == "" {
		return noRule(r)
	}
	log.Infof("Adding target group %s at weight 0 to the %s", shortGroup(r.canary), x)
	if err := t.write(ctx, x, r.extended(x)); err != nil {
		return err
	}
	return t.readBack(ctx, "the listener forwards to both target groups", func(now routing) bool { return len(now.split()) > 0 })
}

// Shift gives the groups the shares w.
func (t *traffic) Shift(ctx context.Context, w platform.Weights, log platform.Log) error {
	r, err := t.read(ctx)
	if err != nil {
		return err
	}
	rules := r.split()
	if len(rules) == 0 {
		if _, ok := r.extendable(); ok && w.Canary == 0 {
			return nil
		}
		return noRule(r)
	}
	if err := t.mayTake(ctx, r, w); err != nil {
		return err
	}
	var changed []rule
	for _, x := range rules {
		before := r.weightsOf(x)
		if before == w {
			continue
		}
		log.Infof("%s: primary %d%% → %d%%, canary %d%% → %d%%", x, before.Primary, w.Primary, before.Canary, w.Canary)
		if err := t.write(ctx, x, r.weighted(x, w)); err != nil {
			t.undo(ctx, changed, log)
			return err
		}
		changed = append(changed, x)
	}
	if len(changed) == 0 {
		log.Infof("Requests are already split %d%% to primary and %d%% to canary", w.Primary, w.Canary)
		return nil
	}
	return t.readBack(ctx, fmt.Sprintf("the listener shows %d%% for primary and %d%% for canary", w.Primary, w.Canary), func(now routing) bool {
		got, agree := now.weights()
		return agree && got == w
	})
}

// mayTake refuses a move that would send more requests to a group none of whose
// targets is healthy.
func (t *traffic) mayTake(ctx context.Context, r routing, w platform.Weights) error {
	now, agree := r.weights()
	for _, g := range []struct {
		arn       string
		from, to  int
		roleShown platform.Role
	}{
		{r.primary, now.Primary, w.Primary, platform.RolePrimary},
		{r.canary, now.Canary, w.Canary, platform.RoleCanary},
	} {
		if g.to == 0 || (agree && g.to <= g.from) {
			continue
		}
		healthy, total, err := t.target.healthyTargets(ctx, g.arn)
		if err != nil {
			return err
		}
		if healthy == 0 {
			return model.Errorf(model.CodeFailedPrecondition,
				"the %s target group %s has no healthy target (%d registered), so it is not given %d%% of the requests", g.roleShown, shortGroup(g.arn), total, g.to)
		}
	}
	return nil
}

// undo gives rules that were changed before a later one failed their actions
// back, so that the rules do not disagree. The failure is reported either way.
func (t *traffic) undo(ctx context.Context, changed []rule, log platform.Log) {
	for _, x := range changed {
		if err := t.write(ctx, x, x.Actions); err != nil {
			log.Errorf("%s could not be brought back: %s", x, err)
		}
	}
}

// write makes the one call that changes a rule.
func (t *traffic) write(ctx context.Context, x rule, actions []types.Action) error {
	_, err := call(ctx, "changing "+x.String(), func(ctx context.Context) (struct{}, error) {
		if x.Default {
			_, err := t.target.clients.elb.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: aws.String(x.ListenerArn), DefaultActions: writable(actions)})
			return struct{}{}, err
		}
		_, err := t.target.clients.elb.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String(x.RuleArn), Actions: writable(actions)})
		return struct{}{}, err
	})
	return err
}

func (t *traffic) readBack(ctx context.Context, what string, holds func(routing) bool) error {
	return t.target.waiting(what, t.target.timing.ReadBackTimeout).until(ctx, func(ctx context.Context) (bool, error) {
		now, err := t.read(ctx)
		return err == nil && holds(now), err
	})
}

// Restore brings the recorded rules back to what they were. A rule that exists
// no more is left alone.
func (t *traffic) Restore(ctx context.Context, b platform.Baseline, log platform.Log) error {
	if len(b.Routing) == 0 {
		return nil
	}
	var before []rule
	if err := json.Unmarshal(b.Routing, &before); err != nil {
		return model.Wrap(model.CodeInternal, err, "reading the recorded listener rules")
	}
	r, err := t.read(ctx)
	if err != nil {
		return err
	}
	now := map[string]rule{}
	for _, x := range r.rules {
		now[x.RuleArn] = x
	}
	for _, x := range before {
		live, ok := now[x.RuleArn]
		if !ok {
			log.Infof("%s does not exist any more and is left alone", x)
			continue
		}
		if sameActions(live.Actions, x.Actions) {
			continue
		}
		log.Infof("%s is brought back to what it was", x)
		if err := t.write(ctx, x, x.Actions); err != nil {
			return err
		}
	}
	return nil
}
