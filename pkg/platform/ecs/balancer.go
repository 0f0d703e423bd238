package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// describeGroups reads target groups.
func (t *target) describeGroups(ctx context.Context, arns ...string) ([]types.TargetGroup, error) {
	var groups []types.TargetGroup
	pages := elb.NewDescribeTargetGroupsPaginator(t.clients.elb, &elb.DescribeTargetGroupsInput{TargetGroupArns: arns})
	for pages.HasMorePages() {
		page, err := call(ctx, "reading the target groups", func(ctx context.Context) (*elb.DescribeTargetGroupsOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, err
		}
		groups = append(groups, page.TargetGroups...)
	}
	return groups, nil
}

// balancersOf returns the load balancers that the groups hang on.
func balancersOf(groups []types.TargetGroup) []string {
	var balancers []string
	for i := range groups {
		for _, lb := range groups[i].LoadBalancerArns {
			if !slices.Contains(balancers, lb) {
				balancers = append(balancers, lb)
			}
		}
	}
	return balancers
}

// rulesBehind reads the rules of the load balancers.
func (t *target) rulesBehind(ctx context.Context, balancers []string) ([]rule, error) {
	var rules []rule
	for _, lb := range balancers {
		of, err := t.describeRules(ctx, lb)
		if err != nil {
			return nil, err
		}
		rules = append(rules, of...)
	}
	t.session.learnBalancers(balancers)
	return rules, nil
}

// listener is a listener of a load balancer.
type listener struct {
	arn   string
	label string // for people: protocol and port
}

// describeRules reads all rules of all listeners of a load balancer.
func (t *target) describeRules(ctx context.Context, balancerArn string) ([]rule, error) {
	var rules []rule
	pages := elb.NewDescribeListenersPaginator(t.clients.elb, &elb.DescribeListenersInput{LoadBalancerArn: aws.String(balancerArn)})
	for pages.HasMorePages() {
		page, err := call(ctx, "reading the listeners of the load balancer", func(ctx context.Context) (*elb.DescribeListenersOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, err
		}
		for _, l := range page.Listeners {
			label := fmt.Sprintf("Listener %s:%d", l.Protocol, aws.ToInt32(l.Port))
			of, err := t.rulesOf(ctx, listener{arn: aws.ToString(l.ListenerArn), label: label})
			if err != nil {
				return nil, err
			}
			rules = append(rules, of...)
		}
	}
	return rules, nil
}

func (t *target) rulesOf(ctx context.Context, l listener) ([]rule, error) {
	var rules []rule
	pages := elb.NewDescribeRulesPaginator(t.clients.elb, &elb.DescribeRulesInput{ListenerArn: aws.String(l.arn)})
	for pages.HasMorePages() {
		page, err := call(ctx, "reading the rules of a listener", func(ctx context.Context) (*elb.DescribeRulesOutput, error) {
			return pages.NextPage(ctx)
		})
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			rules = append(rules, rule{
				ListenerArn: l.arn,
				Listener:    l.label,
				RuleArn:     aws.ToString(r.RuleArn),
				Default:     aws.ToBool(r.IsDefault),
				Priority:    aws.ToString(r.Priority),
				Actions:     r.Actions,
			})
		}
	}
	return rules, nil
}

// healthyTargets counts the healthy and all targets of a group.
func (t *target) healthyTargets(ctx context.Context, groupArn string) (healthy, total int, err error) {
	out, err := call(ctx, "reading the health of target group "+shortGroup(groupArn), func(ctx context.Context) (*elb.DescribeTargetHealthOutput, error) {
		return t.clients.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(groupArn)})
	})
	if err != nil {
		return 0, 0, err
	}
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth != nil && d.TargetHealth.State == types.TargetHealthStateEnumHealthy {
			healthy++
		}
	}
	return healthy, len(out.TargetHealthDescriptions), nil
}
