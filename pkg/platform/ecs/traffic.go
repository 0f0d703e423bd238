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

// read returns the rules of the listeners that forward to the groups. Where this
// process knows which listeners those are, only they are read; when one of them is
// gone, or none forwards to the groups any more, all are searched again.
func (t *traffic) read(ctx context.Context) (routing, error) {
	r := t.routing()
	for _, l := range t.target.session.knownListeners() {
		rules, err := t.target.rulesOf(ctx, l)
		if model.CodeOf(err) == model.CodeNotFound {
			return t.discover(ctx)
		}
		if err != nil {
			return r, err
		}
		r.rules = append(r.rules, rules...)
	}
	if len(r.touched()) == 0 {
		return t.discover(ctx)
	}
	t.target.session.learnRules(r)
	return r, nil
}

// discover reads the rules of every listener of the load balancers the primary
// group hangs on.
func (t *traffic) discover(ctx context.Context) (routing, error) {
	r := t.routing()
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
	t.target.session.learnRules(r)
	return r, nil
}

func (t *traffic) routing() routing {
	return routing{primary: t.Group(platform.RolePrimary), canary: t.Group(platform.RoleCanary)}
}

// settled reads the rules until they show what this process wrote to them. A rule
// that goes on showing something else was changed by someone else.
func (t *traffic) settled(ctx context.Context) (routing, error) {
	var now routing
	w := t.target.waiting("the rules read as they were written", t.target.timing.ReadBackTimeout)
	err := w.until(ctx, func(ctx context.Context) (bool, error) {
		var err error
		now, err = t.read(ctx)
		return err == nil && !t.target.session.behind(now.rules), err
	})
	return now, err
}

// Weights returns the shares now.
func (t *traffic) Weights(ctx context.Context) (platform.Weights, error) {
	if t.Group(platform.RoleCanary) == "" {
		return platform.Weights{Primary: 100, Canary: 0}, nil // percent
	}
	r, err := t.settled(ctx)
	if err != nil {
		return platform.Weights{}, err
	}
	if len(r.touched()) == 0 {
		return platform.Weights{}, noRule(r)
	}
	w, _ := r.weights()
	return w, nil
}

func noCanaryGroup() error {
	return model.Errorf(model.CodeInvalid, "the application has no canary target group, so no requests can be moved: set input.targetGroups.canary")
}

func noRule(r routing) error {
	return model.Errorf(model.CodeFailedPrecondition,
		"no listener rule forwards to both target groups %s and %s, so no requests can be moved: make one rule forward to both (weights 100 and 0). Looked at: %s",
		shortGroup(r.primary), shortGroup(r.canary), r.describe())
}

// Attach gives the sole default action that forwards to the primary group the
// canary group too, at weight 0, so that the load balancer checks its health.
func (t *traffic) Attach(ctx context.Context, log platform.Log) error {
	r := t.routing()
	if r.canary == "" {
		return noCanaryGroup()
	}
	var known bool
	if r.rules, known = t.target.session.knownRules(); !known {
		var err error
		if r, err = t.settled(ctx); err != nil {
			return err
		}
	}
	if len(r.split()) > 0 {
		return nil
	}
	x, ok := r.extendable()
	if !ok {
		return noRule(r)
	}
	log.Infof("Adding target group %s at weight 0 to the %s", shortGroup(r.canary), x)
	shown, err := t.write(ctx, x, r.extended(x))
	if err != nil || shown {
		return err
	}
	return t.readBack(ctx, "the listener forwards to both target groups", func(now routing) bool { return len(now.split()) > 0 })
}

// Shift gives the groups the shares w. What is written is read back: in the
// answer of the change, and further where that does not show it.
func (t *traffic) Shift(ctx context.Context, w platform.Weights, log platform.Log) error {
	if t.Group(platform.RoleCanary) == "" {
		if w.Canary == 0 {
			return nil
		}
		return noCanaryGroup()
	}
	r, err := t.settled(ctx)
	if err != nil {
		return err
	}
	if len(r.split()) == 0 {
		if _, ok := r.extendable(); ok && w.Canary == 0 {
			return nil
		}
		return noRule(r)
	}
	if err := t.mayTake(ctx, r, w); err != nil {
		return err
	}
	changed, shown, err := t.give(ctx, r, w, log)
	switch {
	case err != nil || (shown && len(changed) > 0):
		return err
	case len(changed) == 0:
		log.Infof("Requests are already split %d%% to primary and %d%% to canary", w.Primary, w.Canary)
		return nil
	}
	return t.readBack(ctx, fmt.Sprintf("the listener shows %d%% for primary and %d%% for canary", w.Primary, w.Canary), func(now routing) bool {
		got, agree := now.weights()
		return agree && got == w
	})
}

// give writes the shares to the rules that have others and reports whether every
// answer showed them.
func (t *traffic) give(ctx context.Context, r routing, w platform.Weights, log platform.Log) (changed []rule, shown bool, err error) {
	shown = true
	for _, x := range r.split() {
		before := r.weightsOf(x)
		if before == w {
			continue
		}
		log.Infof("%s: primary %d%% → %d%%, canary %d%% → %d%%", x, before.Primary, w.Primary, before.Canary, w.Canary)
		one, err := t.write(ctx, x, r.weighted(x, w))
		if err != nil {
			t.undo(ctx, changed, log)
			return changed, false, err
		}
		shown = shown && one
		changed = append(changed, x)
	}
	return changed, shown, nil
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
		if _, err := t.write(ctx, x, x.Actions); err != nil {
			log.Errorf("%s could not be brought back: %s", x, err)
		}
	}
}

// write makes the one call that changes a rule and reports whether its answer
// shows what was written.
func (t *traffic) write(ctx context.Context, x rule, actions []types.Action) (shown bool, err error) {
	wanted := destinations(actions)
	t.target.session.wrote(x, wanted, t.target.timing.ReadBackTimeout)
	answer, err := call(ctx, "changing "+x.String(), func(ctx context.Context) ([]types.Action, error) {
		if x.Default {
			out, err := t.target.clients.elb.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: aws.String(x.ListenerArn), DefaultActions: writable(actions)})
			if err != nil || len(out.Listeners) != 1 {
				return nil, err
			}
			return out.Listeners[0].DefaultActions, nil
		}
		out, err := t.target.clients.elb.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: aws.String(x.RuleArn), Actions: writable(actions)})
		if err != nil || len(out.Rules) != 1 {
			return nil, err
		}
		return out.Rules[0].Actions, nil
	})
	if err != nil {
		t.target.session.unwrote(x)
		return false, err
	}
	return destinations(answer) == wanted, nil
}

func (t *traffic) readBack(ctx context.Context, what string, holds func(routing) bool) error {
	return t.target.waiting(what, t.target.timing.ReadBackTimeout).afterChange().until(ctx, func(ctx context.Context) (bool, error) {
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
	r, err := t.discover(ctx)
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
		if _, err := t.write(ctx, x, x.Actions); err != nil {
			return err
		}
	}
	return nil
}
