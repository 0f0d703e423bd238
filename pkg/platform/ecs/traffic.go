package ecs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// traffic moves requests between the target's groups.
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
	if _, short := r.extendable(); len(short) > 0 || len(r.touched()) == 0 {
		return t.discover(ctx)
	}
	t.target.session.learnRules(r)
	return r, nil
}

// discover reads the rules of every listener of the load balancers that a group
// of ours hangs on.
func (t *traffic) discover(ctx context.Context) (routing, error) {
	r := t.routing()
	groups, err := t.target.describeGroups(ctx, r.groups()...)
	if err != nil {
		return r, err
	}
	if r.rules, err = t.target.rulesBehind(ctx, balancersOf(groups)); err != nil {
		return r, err
	}
	t.target.session.learnRules(r)
	return r, nil
}

// readAll reads the rules of every listener, others' too. A target group hangs on
// one load balancer at most (a quota that Amazon does not raise): while each of the
// groups stands in a rule of those that are known, there are no others to ask.
func (t *traffic) readAll(ctx context.Context) (routing, error) {
	r, known := t.routing(), t.target.session.knownBalancers()
	if len(known) == 0 {
		return t.discover(ctx)
	}
	var err error
	switch r.rules, err = t.target.rulesBehind(ctx, known); {
	case model.CodeOf(err) == model.CodeNotFound || err == nil && !r.namesAll():
		return t.discover(ctx)
	case err != nil:
		return r, err
	}
	t.target.session.learnRules(r)
	return r, nil
}

func (t *traffic) routing() routing {
	if p := (pair{primary: t.Group(platform.RolePrimary), canary: t.Group(platform.RoleCanary)}); p.primary != "" {
		return routing{pairs: []pair{p}}
	}
	return routing{}
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
	if _, short := r.extendable(); len(short) > 0 {
		return platform.Weights{}, noRule(r)
	}
	w, _ := r.weights()
	return w, nil
}

func noCanaryGroup() error {
	return model.Errorf(model.CodeInvalid, "the application has no canary target group, so no requests can be moved: set input.targetGroups.canary")
}

func noRule(r routing) error {
	_, short := r.extendable()
	if len(short) == 0 {
		short = r.pairs
	}
	return model.Errorf(model.CodeFailedPrecondition,
		"no listener rule forwards to both target groups %s and %s, so no requests can be moved: make one rule forward to both (weights 100 and 0). Looked at: %s",
		shortGroup(short[0].primary), shortGroup(short[0].canary), r.describe())
}

// Attach gives the sole default action that forwards to the primary group the
// canary group too, at weight 0, so that the load balancer checks its health.
func (t *traffic) Attach(ctx context.Context, log platform.Log) error {
	r := t.routing()
	if t.Group(platform.RoleCanary) == "" {
		return noCanaryGroup()
	}
	var known bool
	if r.rules, known = t.target.session.knownRules(); !known {
		var err error
		if r, err = t.settled(ctx); err != nil {
			return err
		}
	}
	found, short := r.extendable()
	if len(short) > 0 {
		return noRule(r)
	}
	shown := true
	for _, x := range found {
		log.Infof("Adding the canary's target group at weight 0 to the %s", x)
		one, err := t.write(ctx, x, r.extended(x))
		if err != nil {
			return err
		}
		shown = shown && one
	}
	if shown {
		return nil
	}
	return t.readBack(ctx, "the listener forwards to both target groups", func(now routing) bool {
		alone, none := now.extendable()
		return len(alone)+len(none) == 0
	})
}

// Shift makes the move. What is written is read back: in the answer of the
// change, and further where that does not show it.
func (t *traffic) Shift(ctx context.Context, m platform.Move, log platform.Log) (found string, err error) {
	if t.Group(platform.RoleCanary) == "" {
		if m.To.Canary == 0 {
			return "", nil
		}
		return "", noCanaryGroup()
	}
	r, found, err := t.undisturbed(ctx, m)
	if err != nil {
		return "", err
	}
	if found != "" {
		log.Errorf("Found that %s", found)
		if r, err = t.reattach(ctx, r, *m.Back, log); err != nil {
			return found, err
		}
	}
	if len(r.split()) == 0 {
		return found, nil
	}
	if err := t.mayTake(ctx, r, m, log); err != nil {
		return found, err
	}
	return found, t.give(ctx, r, m, log)
}

// undisturbed reads the rules and finds out whether somebody else changed where
// requests go, which a move that is not one back refuses. A reading may be older
// than the last move of this deployment, which another process may have made: so
// a difference must last.
func (t *traffic) undisturbed(ctx context.Context, m platform.Move) (routing, string, error) {
	r, err := t.settled(ctx)
	if err != nil {
		return r, "", err
	}
	found := t.disturbance(r, m)
	for until := time.Now().Add(disturbanceLasts); found != "" && m.Back == nil && time.Now().Before(until); found = t.disturbance(r, m) {
		if err := pause(ctx, disturbanceLasts/5); err != nil {
			return r, "", err
		}
		if r, err = t.read(ctx); err != nil {
			return r, "", err
		}
	}
	if found == "" || m.Back != nil {
		return r, found, nil
	}
	if _, short := r.extendable(); len(short) > 0 {
		return r, "", noRule(r)
	}
	return r, "", model.Errorf(model.CodeFailedPrecondition, "%s. Their choice is not overwritten: find out who and why, then deploy again", found)
}

// disturbanceLasts is for how long a difference must show before it counts.
const disturbanceLasts = 10 * time.Second

func (t *traffic) disturbance(r routing, m platform.Move) string {
	alone, short := r.extendable()
	if len(short) > 0 || (len(alone) > 0 && m.To.Canary > 0) {
		return "someone else changed the listeners: no rule forwards to both target groups any more. They are: " + r.describe()
	}
	return r.moved(m.Since, m.To)
}

// give writes the shares to the rules that have others, all of them or none, and
// returns when they read so. A move back in a process that did not make the last
// one writes even what reads as wanted already: that may be an old reading.
func (t *traffic) give(ctx context.Context, r routing, m platform.Move, log platform.Log) error {
	doubtful := m.Back != nil && slices.ContainsFunc(m.Since, func(w platform.Weights) bool { return w != m.To })
	changed := slices.DeleteFunc(r.split(), func(x rule) bool {
		return r.weightsOf(x) == m.To && (!doubtful || t.target.session.hasWritten(x))
	})
	longer, cancel := outlasting(ctx)
	defer cancel()
	shown := true
	for i, x := range changed {
		tellMove(log, x, r.weightsOf(x), m.To)
		writing := ctx
		if i > 0 { // half a move is worse than a late end
			writing = longer
		}
		one, err := t.write(writing, x, r.weighted(x, m.To))
		if err != nil {
			t.undo(ctx, changed[:i+1], log)
			return err
		}
		shown = shown && one
	}
	switch {
	case len(changed) == 0:
		log.Infof("Requests are already split %d%% to primary and %d%% to canary", m.To.Primary, m.To.Canary)
		return nil
	case shown:
		return nil
	}
	return t.readBack(ctx, fmt.Sprintf("the listener shows %d%% for primary and %d%% for canary", m.To.Primary, m.To.Canary), func(now routing) bool {
		got, agree := now.weights()
		return agree && got == m.To
	})
}

func tellMove(log platform.Log, x rule, before, after platform.Weights) {
	if before == after {
		log.Infof("%s: written again as primary %d%%, canary %d%%, in case what was read is old", x, after.Primary, after.Canary)
		return
	}
	log.Infof("%s: primary %d%% → %d%%, canary %d%% → %d%%", x, before.Primary, after.Primary, before.Canary, after.Canary)
}

// undo gives rules their actions back when one of them could not be changed, so
// that they do not disagree. That one is among them: its change may have happened
// although the answer says otherwise, or did not come. The failure is reported
// either way.
func (t *traffic) undo(ctx context.Context, changed []rule, log platform.Log) {
	if len(changed) == 1 && ctx.Err() == nil {
		return // nothing else was changed, and AWS said no
	}
	ctx, cancel := outlasting(ctx)
	defer cancel()
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
