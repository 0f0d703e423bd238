package elb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/simcloud/elb"
)

// refusal is a call that is refused, and the code it is refused with.
type refusal struct {
	call func(context.Context) error
	want string
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	for _, cases := range []map[string]refusal{refusedActions(t, b), refusedRules(t, b), refusedConditions(t, b), refusedReads(t, b), refusedWrites(t, b)} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				err := c.call(t.Context())
				if code(err) != c.want {
					t.Errorf("got %v, want %s", err, c.want)
				}
			})
		}
	}
}

// ownRules returns the ARNs of the default rule of a listener and of its other rule.
func ownRules(b bed) (defaultRule, pathRule string) {
	for _, r := range b.Snapshot().LoadBalancers[0].Listeners[0].Rules {
		if r.Priority == "default" {
			defaultRule = r.ARN
		} else {
			pathRule = r.ARN
		}
	}
	return defaultRule, pathRule
}

// refusedActions are actions that a listener refuses.
func refusedActions(t *testing.T, b bed) map[string]refusal {
	t.Helper()
	web := listenerARN(t, b, "web", 0)
	tg := b.TargetGroupARN
	modify := func(actions ...types.Action) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := b.api.ModifyListener(ctx, &elbv2.ModifyListenerInput{ListenerArn: aws.String(web), DefaultActions: actions})
			return err
		}
	}
	disagree := forward(weighted(tg("green"), 1))
	disagree.TargetGroupArn = aws.String(tg("blue"))
	blue := forward(weighted(tg("blue"), 1))
	noWeight := types.TargetGroupTuple{TargetGroupArn: aws.String(tg("blue"))}
	sticky := forward(weighted(tg("blue"), 1))
	sticky.ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true)}
	mixed := forward(weighted(tg("blue"), 1))
	mixed.FixedResponseConfig = fixed().SDK.FixedResponseConfig
	second := *fixed().SDK
	ghost := "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:"
	many := make([]types.TargetGroupTuple, 0, 6)
	for i := range 6 {
		many = append(many, weighted(fmt.Sprintf("%stargetgroup/g%d/0123456789abcdef", ghost, i), 1))
	}

	return map[string]refusal{
		"unknown group":           {modify(forward(weighted(ghost+"targetgroup/none/0123456789abcdef", 1))), "TargetGroupNotFound"},
		"malformed group":         {modify(forward(weighted("blue", 1))), "ValidationError"},
		"weight 1000":             {modify(forward(weighted(tg("blue"), 1000))), "ValidationError"},
		"weight -1":               {modify(forward(weighted(tg("blue"), -1))), "ValidationError"},
		"no weight among several": {modify(forward(noWeight, weighted(tg("green"), 1))), "ValidationError"},
		"six groups":              {modify(forward(many...)), "ValidationError"},
		"a group twice":           {modify(forward(weighted(tg("blue"), 1), weighted(tg("blue"), 2))), "ValidationError"},
		"no group":                {modify(forward()), "ValidationError"},
		"disagreeing arn":         {modify(disagree), "InvalidLoadBalancerAction"},
		"another's group":         {modify(forward(weighted(tg("foreign"), 1))), "TargetGroupAssociationLimit"},
		"stickiness for no time":  {modify(sticky), "ValidationError"},
		"two configurations":      {modify(mixed), "ValidationError"},
		"no terminal action":      {modify(*oidc().SDK), "InvalidLoadBalancerAction"},
		"two terminal actions":    {modify(types.Action{Type: blue.Type, Order: aws.Int32(1), ForwardConfig: blue.ForwardConfig}, second), "InvalidLoadBalancerAction"},
		"three actions":           {modify(blue, blue, blue), "TooManyActions"},
		"no order":                {modify(blue, blue), "ValidationError"},
		"oidc on http":            {modify(*oidc().SDK, second), "InvalidLoadBalancerAction"},
		"no action":               {modify([]types.Action{}...), "ValidationError"},
		"redirect loop": {modify(types.Action{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
			StatusCode: types.RedirectActionStatusCodeEnumHttp301,
		}}), "InvalidLoadBalancerAction"},
		"fixed 302": {modify(types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode: aws.String("302"),
		}}), "ValidationError"},
	}
}

// refusedRules are changes that a rule refuses.
func refusedRules(t *testing.T, b bed) map[string]refusal {
	t.Helper()
	web := listenerARN(t, b, "web", 0)
	defaultRule, pathRule := ownRules(b)
	modifyRule := func(in *elbv2.ModifyRuleInput) func(context.Context) error {
		return func(ctx context.Context) error { _, err := b.api.ModifyRule(ctx, in); return err }
	}
	blue := forward(weighted(b.TargetGroupARN("blue"), 1))
	return map[string]refusal{
		"default rule":    {modifyRule(&elbv2.ModifyRuleInput{RuleArn: aws.String(defaultRule), Actions: []types.Action{blue}}), "OperationNotPermitted"},
		"nothing to do":   {modifyRule(&elbv2.ModifyRuleInput{RuleArn: aws.String(pathRule)}), "ValidationError"},
		"unknown rule":    {modifyRule(&elbv2.ModifyRuleInput{RuleArn: aws.String(pathRule[:len(pathRule)-1] + "g"), Actions: []types.Action{blue}}), "RuleNotFound"},
		"listener as arn": {modifyRule(&elbv2.ModifyRuleInput{RuleArn: aws.String(web), Actions: []types.Action{blue}}), "ValidationError"},
		"transform": {modifyRule(&elbv2.ModifyRuleInput{RuleArn: aws.String(pathRule), Transforms: []types.RuleTransform{
			{Type: types.TransformTypeEnumUrlRewrite},
		}}), "InvalidConfigurationRequest"},
	}
}

// refusedConditions are rules that cannot be made.
func refusedConditions(t *testing.T, b bed) map[string]refusal {
	t.Helper()
	web := listenerARN(t, b, "web", 0)
	create := func(priority int32, conditions []types.RuleCondition, actions ...types.Action) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := b.api.CreateRule(ctx, &elbv2.CreateRuleInput{
				ListenerArn: aws.String(web), Priority: aws.Int32(priority), Conditions: conditions, Actions: actions,
			})
			return err
		}
	}
	blue := forward(weighted(b.TargetGroupARN("blue"), 1))
	return map[string]refusal{
		"priority 0":         {create(0, path("/x"), blue), "ValidationError"},
		"priority 50001":     {create(50001, path("/x"), blue), "ValidationError"},
		"priority in use":    {create(10, path("/x"), blue), "PriorityInUse"},
		"no condition":       {create(11, []types.RuleCondition{}, blue), "ValidationError"},
		"four values":        {create(11, path("/1", "/2", "/3", "/4"), blue), "ValidationError"},
		"two path fields":    {create(11, append(path("/1"), path("/2")...), blue), "ValidationError"},
		"long value":         {create(11, path("/"+strings.Repeat("x", 128)), blue), "ValidationError"},
		"six wildcards":      {create(11, path("/******"), blue), "ValidationError"},
		"unknown field":      {create(11, []types.RuleCondition{{Field: aws.String("moon"), Values: []string{"full"}}}, blue), "ValidationError"},
		"regular expression": {create(11, []types.RuleCondition{{Field: aws.String("path-pattern"), RegexValues: []string{"^/x"}}}, blue), "InvalidConfigurationRequest"},
	}
}

// refusedReads are questions without an answer.
func refusedReads(t *testing.T, b bed) map[string]refusal {
	t.Helper()
	web := listenerARN(t, b, "web", 0)
	_, pathRule := ownRules(b)
	tg := b.TargetGroupARN
	return map[string]refusal{
		"listeners of nobody": {func(ctx context.Context) error {
			_, err := b.api.DescribeListeners(ctx, &elbv2.DescribeListenersInput{})
			return err
		}, "ValidationError"},
		"rules both ways": {func(ctx context.Context) error {
			_, err := b.api.DescribeRules(ctx, &elbv2.DescribeRulesInput{ListenerArn: aws.String(web), RuleArns: []string{pathRule}})
			return err
		}, "ValidationError"},
		"unknown load balancer": {func(ctx context.Context) error {
			_, err := b.api.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"none"}})
			return err
		}, "LoadBalancerNotFound"},
		"groups of unknown load balancer": {func(ctx context.Context) error {
			_, err := b.api.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: aws.String(b.LoadBalancerARN("none"))})
			return err
		}, "LoadBalancerNotFound"},
		"groups two ways": {func(ctx context.Context) error {
			_, err := b.api.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Names: []string{"blue"}, TargetGroupArns: []string{tg("blue")}})
			return err
		}, "ValidationError"},
		"page size 401": {func(ctx context.Context) error {
			_, err := b.api.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{PageSize: aws.Int32(401)})
			return err
		}, "ValidationError"},
		"foreign marker": {func(ctx context.Context) error {
			_, err := b.api.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Marker: aws.String("%")})
			return err
		}, "ValidationError"},
		"health of unknown group": {func(ctx context.Context) error {
			_, err := b.api.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(tg("none"))})
			return err
		}, "TargetGroupNotFound"},
	}
}

// refusedWrites are other changes that are refused.
func refusedWrites(t *testing.T, b bed) map[string]refusal {
	t.Helper()
	web := listenerARN(t, b, "web", 0)
	defaultRule, _ := ownRules(b)
	tg := b.TargetGroupARN
	blue := forward(weighted(b.TargetGroupARN("blue"), 1))
	return map[string]refusal{
		"unknown listener": {func(ctx context.Context) error {
			_, err := b.api.ModifyListener(ctx, &elbv2.ModifyListenerInput{ListenerArn: aws.String(web[:len(web)-1] + "g"), DefaultActions: []types.Action{blue}})
			return err
		}, "ListenerNotFound"},
		"unknown attribute": {func(ctx context.Context) error {
			_, err := b.api.ModifyTargetGroupAttributes(ctx, &elbv2.ModifyTargetGroupAttributesInput{
				TargetGroupArn: aws.String(tg("blue")), Attributes: []types.TargetGroupAttribute{{Key: aws.String("moon"), Value: aws.String("1")}},
			})
			return err
		}, "ValidationError"},
		"delay 3601": {func(ctx context.Context) error {
			_, err := b.api.ModifyTargetGroupAttributes(ctx, &elbv2.ModifyTargetGroupAttributesInput{
				TargetGroupArn: aws.String(tg("blue")),
				Attributes:     []types.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("3601")}},
			})
			return err
		}, "ValidationError"},
		"tag key twice": {func(ctx context.Context) error {
			tag := types.Tag{Key: aws.String("a"), Value: aws.String("1")}
			_, err := b.api.AddTags(ctx, &elbv2.AddTagsInput{ResourceArns: []string{tg("blue")}, Tags: []types.Tag{tag, tag}})
			return err
		}, "DuplicateTagKeys"},
		"tags of nothing": {func(ctx context.Context) error {
			_, err := b.api.DescribeTags(ctx, &elbv2.DescribeTagsInput{ResourceArns: []string{tg("none")}})
			return err
		}, "TargetGroupNotFound"},
		"delete default rule": {func(ctx context.Context) error {
			_, err := b.api.DeleteRule(ctx, &elbv2.DeleteRuleInput{RuleArn: aws.String(defaultRule)})
			return err
		}, "OperationNotPermitted"},
		"duplicate listener": {func(ctx context.Context) error {
			_, err := b.api.CreateListener(ctx, &elbv2.CreateListenerInput{
				LoadBalancerArn: aws.String(b.LoadBalancerARN("web")), Port: aws.Int32(8443), Protocol: types.ProtocolEnumHttp, DefaultActions: []types.Action{blue},
			})
			return err
		}, "DuplicateListener"},
		"https without certificate": {func(ctx context.Context) error {
			_, err := b.api.CreateListener(ctx, &elbv2.CreateListenerInput{
				LoadBalancerArn: aws.String(b.LoadBalancerARN("web")), Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, DefaultActions: []types.Action{blue},
			})
			return err
		}, "ValidationError"},
		"duplicate group name": {func(ctx context.Context) error {
			_, err := b.api.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
				Name: aws.String("blue"), Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, TargetType: types.TargetTypeEnumIp, VpcId: aws.String("vpc-1"),
			})
			return err
		}, "DuplicateTargetGroupName"},
		"operation of another day": {func(ctx context.Context) error {
			_, err := b.api.DeleteLoadBalancer(ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: aws.String(b.LoadBalancerARN("web"))})
			return err
		}, "InvalidAction"},
	}
}

func TestRefusalsAreTypedBySDK(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	_, err := b.api.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{TargetGroupArns: []string{b.TargetGroupARN("none")}})
	if _, ok := errors.AsType[*types.TargetGroupNotFoundException](err); !ok {
		t.Errorf("the SDK does not know the error: %v", err)
	}
}

func TestNewRefusesBadWorlds(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*elb.Config){
		"unknown group": func(c *elb.Config) {
			c.LoadBalancers[0].Listeners[0].DefaultActions[0].Forward[0].TargetGroup = "none"
		},
		"no action":      func(c *elb.Config) { c.LoadBalancers[0].Listeners[0].DefaultActions = nil },
		"bad name":       func(c *elb.Config) { c.TargetGroups[0].Name = "-" },
		"name twice":     func(c *elb.Config) { c.TargetGroups[0].Name = "green" },
		"balancer twice": func(c *elb.Config) { c.LoadBalancers[1].Name = "web" },
		"priority 0":     func(c *elb.Config) { c.LoadBalancers[0].Listeners[0].Rules[0].Priority = 0 },
	} {
		cfg := world()
		change(&cfg)
		if _, err := elb.New(cfg); err == nil {
			t.Errorf("%s: New accepted it", name)
		}
	}
}
