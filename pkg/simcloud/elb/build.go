package elb

import (
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
)

const defaultDeregistrationDelay = 300 * time.Second

// build makes the configured world. Target groups come first because rules name
// them.
func (b *Balancers) build() error {
	for _, c := range b.cfg.TargetGroups {
		if err := b.buildGroup(c); err != nil {
			return err
		}
	}
	for _, c := range b.cfg.LoadBalancers {
		if err := b.buildBalancer(c); err != nil {
			return err
		}
	}
	b.reattach()
	return nil
}

func (b *Balancers) buildGroup(c TargetGroup) error {
	if !resourceName.MatchString(c.Name) || b.world.groupNamed(c.Name) != nil {
		return model.Errorf(model.CodeInvalid, "target group %q: the name is malformed or used twice", c.Name)
	}
	g := &group{
		name: c.Name, arn: b.names.targetGroup(c.Name), port: 80,
		check: c.HealthCheck.withDefaults(), delay: c.DeregistrationDelay, attributes: map[string]string{},
	}
	switch {
	case g.delay == 0:
		g.delay = defaultDeregistrationDelay
	case g.delay < 0:
		g.delay = 0
	}
	b.world.groups = append(b.world.groups, g)
	b.world.tags[g.arn] = maps.Clone(c.Tags)
	return nil
}

func (b *Balancers) buildBalancer(c LoadBalancer) error {
	arn := b.names.loadBalancer(c.Name)
	if !resourceName.MatchString(c.Name) || b.world.balancer(arn) != nil {
		return model.Errorf(model.CodeInvalid, "load balancer %q: the name is malformed or used twice", c.Name)
	}
	lb := &balancer{name: c.Name, arn: arn, dns: b.names.dnsName(c.Name), created: time.Now()}
	b.world.balancers = append(b.world.balancers, lb)
	b.world.tags[arn] = maps.Clone(c.Tags)
	for i, lc := range c.Listeners {
		if err := b.buildListener(lb, lc, i); err != nil {
			return model.Wrap(model.CodeInvalid, err, fmt.Sprintf("load balancer %q, listener %d", c.Name, i))
		}
	}
	return nil
}

func (b *Balancers) buildListener(lb *balancer, c Listener, n int) error {
	l := &listener{arn: b.names.listener(lb.arn, strconv.Itoa(n)), balancer: lb, port: c.Port, protocol: c.Protocol}
	if l.protocol == "" {
		l.protocol = httpProtocol
	}
	actions, err := b.world.accept(l, b.resolve(c.DefaultActions), nil)
	if err != nil {
		return err
	}
	l.fallback = &rule{arn: b.names.rule(l.arn, "default"), listener: l}
	l.fallback.set(actions)
	for _, rc := range c.Rules {
		r, err := b.buildRule(l, rc)
		if err != nil {
			return fmt.Errorf("rule with priority %d: %w", rc.Priority, err)
		}
		l.rules = append(l.rules, r)
	}
	l.sortRules()
	lb.listeners = append(lb.listeners, l)
	return nil
}

func (b *Balancers) buildRule(l *listener, c Rule) (*rule, error) {
	var conditions []types.RuleCondition
	if len(c.Paths) > 0 {
		conditions = append(conditions, types.RuleCondition{Field: aws.String(fieldPath), Values: c.Paths})
	}
	if len(c.Hosts) > 0 {
		conditions = append(conditions, types.RuleCondition{Field: aws.String(fieldHost), Values: c.Hosts})
	}
	return b.world.newRule(l, newRule{
		seed: strconv.Itoa(c.Priority), priority: c.Priority, conditions: conditions, actions: b.resolve(c.Actions),
	})
}

// resolve turns configured actions into the API's shape; names become ARNs.
func (b *Balancers) resolve(actions []Action) []types.Action {
	resolved := make([]types.Action, 0, len(actions))
	for _, a := range actions {
		if a.SDK != nil {
			resolved = append(resolved, *a.SDK)
			continue
		}
		tuples := make([]types.TargetGroupTuple, 0, len(a.Forward))
		for _, f := range a.Forward {
			tuples = append(tuples, types.TargetGroupTuple{
				TargetGroupArn: aws.String(b.names.targetGroup(f.TargetGroup)), Weight: int32p(f.Weight),
			})
		}
		resolved = append(resolved, types.Action{
			Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: tuples},
		})
	}
	return resolved
}
