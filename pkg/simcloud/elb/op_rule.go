package elb

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	maxPriority = 50000
	maxRules    = 100 // per load balancer, default rules not counted
)

func (b *Balancers) describeRules(in *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
	all, err := b.rulesBy(in)
	if err != nil {
		return nil, err
	}
	shown, next, err := page(all, func(r *rule) string { return r.arn },
		paging{size: in.PageSize, marker: in.Marker, keys: len(in.RuleArns), initial: b.cfg.PageSize})
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeRulesOutput{Rules: showRules(shown), NextMarker: next}, nil
}

func (b *Balancers) rulesBy(in *elbv2.DescribeRulesInput) ([]*rule, error) {
	if (in.ListenerArn == nil) == (len(in.RuleArns) == 0) {
		return nil, invalid("rules are looked up either by their ARNs or by a listener ARN")
	}
	if in.ListenerArn != nil {
		l, err := b.listenerBy(*in.ListenerArn)
		if err != nil {
			return nil, err
		}
		return l.all(), nil
	}
	var found []*rule
	for _, arn := range in.RuleArns {
		r, err := b.ruleBy(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, nil
}

func (b *Balancers) ruleBy(arn string) (*rule, error) {
	if err := arnOf("listener-rule", arn); err != nil {
		return nil, err
	}
	r := b.world.rule(arn)
	if r == nil {
		return nil, ruleNotFound(arn)
	}
	return r, nil
}

func showRules(rules []*rule) []types.Rule {
	shown := make([]types.Rule, 0, len(rules))
	for _, r := range rules {
		s := types.Rule{
			RuleArn:    aws.String(r.arn),
			IsDefault:  aws.Bool(r.isDefault()),
			Priority:   aws.String("default"),
			Actions:    readable(r.actions),
			Conditions: []types.RuleCondition{},
		}
		if !r.isDefault() {
			s.Priority = aws.String(strconv.Itoa(r.priority))
			s.Conditions = r.conditions
		}
		shown = append(shown, s)
	}
	return shown
}

func (b *Balancers) modifyRule(in *elbv2.ModifyRuleInput) (*elbv2.ModifyRuleOutput, error) {
	r, err := b.ruleBy(aws.ToString(in.RuleArn))
	if err != nil {
		return nil, err
	}
	switch {
	case r.isDefault():
		return nil, refuse("OperationNotPermitted", "the default rule %q is modified through its listener", r.arn)
	case in.Transforms != nil || in.ResetTransforms != nil:
		return nil, notSimulated("a transform")
	case in.Actions == nil && in.Conditions == nil:
		return nil, invalid("ModifyRule needs Actions or Conditions")
	}
	var actions []types.Action
	conditions := r.conditions
	if in.Conditions != nil {
		if conditions, err = acceptConditions(in.Conditions); err != nil {
			return nil, err
		}
	}
	if in.Actions != nil {
		if actions, err = b.world.accept(r.listener, in.Actions, r.actions); err != nil {
			return nil, err
		}
		r.set(actions)
	}
	r.conditions = conditions
	return &elbv2.ModifyRuleOutput{Rules: showRules([]*rule{r})}, nil
}

func (b *Balancers) createRule(in *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error) {
	l, err := b.listenerBy(aws.ToString(in.ListenerArn))
	if err != nil {
		return nil, err
	}
	if in.Transforms != nil {
		return nil, notSimulated("a transform")
	}
	r, err := b.world.newRule(l, newRule{
		seed: b.world.seed(), priority: int(aws.ToInt32(in.Priority)), conditions: in.Conditions, actions: in.Actions,
	})
	if err != nil {
		return nil, err
	}
	l.rules = append(l.rules, r)
	l.sortRules()
	b.world.tag(r.arn, in.Tags)
	return &elbv2.CreateRuleOutput{Rules: showRules([]*rule{r})}, nil
}

type newRule struct {
	seed       string
	priority   int
	conditions []types.RuleCondition
	actions    []types.Action
}

// newRule checks a rule for the listener; the caller adds it.
func (w *world) newRule(l *listener, n newRule) (*rule, error) {
	rules := 0
	for _, other := range l.balancer.listeners {
		rules += len(other.rules)
	}
	switch {
	case n.priority < 1 || n.priority > maxPriority:
		return nil, invalid("a rule's priority is between 1 and %d, not %d", maxPriority, n.priority)
	case slices.ContainsFunc(l.rules, func(r *rule) bool { return r.priority == n.priority }):
		return nil, refuse("PriorityInUse", "priority %d is already in use on this listener", n.priority)
	case rules >= maxRules:
		return nil, refuse("TooManyRules", "a load balancer has at most %d rules", maxRules)
	}
	conditions, err := acceptConditions(n.conditions)
	if err != nil {
		return nil, err
	}
	actions, err := w.accept(l, n.actions, nil)
	if err != nil {
		return nil, err
	}
	r := &rule{arn: w.names.rule(l.arn, n.seed), listener: l, priority: n.priority, conditions: conditions}
	r.set(actions)
	return r, nil
}

func (b *Balancers) deleteRule(in *elbv2.DeleteRuleInput) (*elbv2.DeleteRuleOutput, error) {
	r, err := b.ruleBy(aws.ToString(in.RuleArn))
	if err != nil {
		return nil, err
	}
	if r.isDefault() {
		return nil, refuse("OperationNotPermitted", "the default rule %q cannot be deleted", r.arn)
	}
	r.listener.rules = slices.DeleteFunc(r.listener.rules, func(other *rule) bool { return other == r })
	delete(b.world.tags, r.arn)
	return &elbv2.DeleteRuleOutput{}, nil
}
