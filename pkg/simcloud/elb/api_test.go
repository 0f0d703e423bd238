package elb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipecd/pkg/simcloud/target"
)

// shapes compares the SDK's structs.
var shapes = cmpopts.IgnoreUnexported(
	types.Action{}, types.ForwardActionConfig{}, types.TargetGroupTuple{}, types.TargetGroupStickinessConfig{},
	types.FixedResponseActionConfig{}, types.AuthenticateOidcActionConfig{}, types.RuleCondition{},
	types.PathPatternConditionConfig{}, types.HostHeaderConditionConfig{}, types.TagDescription{}, types.Tag{},
	types.TargetHealthDescription{}, types.TargetHealth{}, types.TargetDescription{}, types.RedirectActionConfig{},
)

func TestReadsShowWhatAWSShows(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	ctx := t.Context()

	lbs, err := b.api.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"web"}})
	if err != nil {
		t.Fatal(err)
	}
	lb := lbs.LoadBalancers[0]
	if got, want := aws.ToString(lb.DNSName), b.DNSName("web"); got != want || !strings.HasSuffix(got, ".ap-northeast-1.elb.amazonaws.com") {
		t.Errorf("DNS name %q, want %q", got, want)
	}
	if lb.CreatedTime == nil || lb.State.Code != types.LoadBalancerStateEnumActive || lb.Type != types.LoadBalancerTypeEnumApplication {
		t.Errorf("load balancer %+v", lb)
	}

	groups, err := b.api.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: lb.LoadBalancerArn})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range groups.TargetGroups {
		names = append(names, aws.ToString(g.TargetGroupName))
		if diff := cmp.Diff([]string{*lb.LoadBalancerArn}, g.LoadBalancerArns); diff != "" {
			t.Errorf("load balancers of %s: %s", *g.TargetGroupName, diff)
		}
	}
	// green has weight 0 and still belongs to the load balancer.
	if diff := cmp.Diff([]string{"blue", "green", "api"}, names); diff != "" {
		t.Errorf("target groups: %s", diff)
	}
}

func TestListenersAreShown(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	listeners, err := b.api.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{LoadBalancerArn: aws.String(b.LoadBalancerARN("web"))})
	if err != nil {
		t.Fatal(err)
	}
	off := &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}
	blue, green := b.TargetGroupARN("blue"), b.TargetGroupARN("green")
	want := []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{
		TargetGroups: []types.TargetGroupTuple{weighted(blue, 100), weighted(green, 0)}, TargetGroupStickinessConfig: off,
	}}}
	if diff := cmp.Diff(want, listeners.Listeners[0].DefaultActions, shapes); diff != "" {
		t.Errorf("default actions: %s", diff)
	}
	secretless := *oidc().SDK
	config := *secretless.AuthenticateOidcConfig
	config.ClientSecret = nil
	secretless.AuthenticateOidcConfig = &config
	if diff := cmp.Diff([]types.Action{secretless, *fixed().SDK}, listeners.Listeners[1].DefaultActions, shapes); diff != "" {
		t.Errorf("other actions are returned unchanged, without the secret: %s", diff)
	}
}

func TestRulesAreShown(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	rules, err := b.api.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: aws.String(listenerARN(t, b, "web", 0))})
	if err != nil {
		t.Fatal(err)
	}
	api := aws.String(b.TargetGroupARN("api"))
	single := []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: api, ForwardConfig: &types.ForwardActionConfig{
		TargetGroups: []types.TargetGroupTuple{weighted(*api, 1)}, TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)},
	}}}
	if diff := cmp.Diff(single, rules.Rules[0].Actions, shapes); diff != "" {
		t.Errorf("a single target group is shown both ways: %s", diff)
	}
	path := []types.RuleCondition{{
		Field: aws.String("path-pattern"), Values: []string{"/api/*"},
		PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/api/*"}},
	}}
	if diff := cmp.Diff(path, rules.Rules[0].Conditions, shapes); diff != "" {
		t.Errorf("conditions: %s", diff)
	}
	if last := rules.Rules[1]; !aws.ToBool(last.IsDefault) || aws.ToString(last.Priority) != "default" {
		t.Errorf("the default rule comes last, got %+v", last)
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	cfg := world()
	cfg.PageSize = 1
	b := newAPI(t, cfg)
	listener := listenerARN(t, b, "web", 0)
	addRule(t, b, 20)
	addRule(t, b, 5)

	var priorities []string
	pages := 0
	for p := elbv2.NewDescribeTargetGroupsPaginator(b.api, &elbv2.DescribeTargetGroupsInput{}); p.HasMorePages(); pages++ {
		if _, err := p.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if pages != 5 {
		t.Errorf("5 target groups came on %d pages of one", pages)
	}
	in := &elbv2.DescribeRulesInput{ListenerArn: aws.String(listener)}
	for {
		out, err := b.api.DescribeRules(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Rules {
			priorities = append(priorities, aws.ToString(r.Priority))
		}
		if in.Marker = out.NextMarker; in.Marker == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"5", "10", "20", "default"}, priorities); diff != "" {
		t.Errorf("rules over pages: %s", diff)
	}
	in = &elbv2.DescribeRulesInput{ListenerArn: aws.String(listener), PageSize: aws.Int32(3)}
	out, err := b.api.DescribeRules(t.Context(), in)
	if err != nil || len(out.Rules) != 3 || out.NextMarker == nil {
		t.Errorf("PageSize 3 gave %+v, %v", out, err)
	}
}

func listenerARN(t *testing.T, b bed, name string, n int) string {
	t.Helper()
	for _, lb := range b.Snapshot().LoadBalancers {
		if lb.Name == name {
			return lb.Listeners[n].ARN
		}
	}
	t.Fatalf("no load balancer %s", name)
	return ""
}

func path(values ...string) []types.RuleCondition {
	return []types.RuleCondition{{
		Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: values},
	}}
}

func addRule(t *testing.T, b bed, priority int32) string {
	t.Helper()
	out, err := b.api.CreateRule(t.Context(), &elbv2.CreateRuleInput{
		ListenerArn: aws.String(listenerARN(t, b, "web", 0)), Priority: aws.Int32(priority), Conditions: path(fmt.Sprintf("/p%d", priority)),
		Actions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(b.TargetGroupARN("idle"))}},
		Tags:    []types.Tag{{Key: aws.String("made"), Value: aws.String("here")}},
	})
	if err != nil {
		t.Fatalf("CreateRule: %v", err)
	}
	return aws.ToString(out.Rules[0].RuleArn)
}

func TestRuleLifeCycle(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	ctx := t.Context()
	idle := b.TargetGroupARN("idle")
	if _, attached := b.Lookup(idle); attached {
		t.Fatal("idle is attached before any rule forwards to it")
	}
	tg := target.Target{ID: "10.0.0.9", Port: 80, Addr: "127.0.0.1:1"}
	if err := b.Register(idle, tg); err != nil {
		t.Fatal(err)
	}
	if state, reason := b.Health(idle, tg); state != "unused" || reason != "Target.NotInUse" {
		t.Errorf("a target of an unused group is %s (%s)", state, reason)
	}
	arn := addRule(t, b, 7)
	if _, attached := b.Lookup(idle); !attached {
		t.Error("idle is not attached although a rule forwards to it")
	}
	health, err := b.api.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(idle)})
	if err != nil {
		t.Fatal(err)
	}
	if got := health.TargetHealthDescriptions[0].TargetHealth; got.State != types.TargetHealthStateEnumInitial || got.Description == nil {
		t.Errorf("a registered target is %+v", got)
	}
	mod, err := b.api.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: aws.String(arn), Conditions: path("/other")})
	if err != nil || !slices.Equal(mod.Rules[0].Conditions[0].Values, []string{"/other"}) || *mod.Rules[0].Actions[0].TargetGroupArn != idle {
		t.Errorf("ModifyRule of conditions gave %+v, %v", mod, err)
	}
	tags, err := b.api.DescribeTags(ctx, &elbv2.DescribeTagsInput{ResourceArns: []string{arn}})
	if err != nil || aws.ToString(tags.TagDescriptions[0].Tags[0].Value) != "here" {
		t.Errorf("tags %+v, %v", tags, err)
	}
	if _, err := b.api.DeleteRule(ctx, &elbv2.DeleteRuleInput{RuleArn: aws.String(arn)}); err != nil {
		t.Fatal(err)
	}
	if _, attached := b.Lookup(idle); attached {
		t.Error("idle is attached although its only rule is gone")
	}
	_, err = b.api.DescribeRules(ctx, &elbv2.DescribeRulesInput{RuleArns: []string{arn}})
	if code(err) != "RuleNotFound" {
		t.Errorf("a deleted rule: %v", err)
	}
}

func TestTagsAndAttributes(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	ctx, arn := t.Context(), b.TargetGroupARN("blue")
	_, err := b.api.AddTags(ctx, &elbv2.AddTagsInput{ResourceArns: []string{arn}, Tags: []types.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.api.RemoveTags(ctx, &elbv2.RemoveTagsInput{ResourceArns: []string{arn}, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := b.api.DescribeTags(ctx, &elbv2.DescribeTagsInput{ResourceArns: []string{arn}})
	if err != nil {
		t.Fatal(err)
	}
	want := []types.TagDescription{{ResourceArn: aws.String(arn), Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}}
	if diff := cmp.Diff(want, tags.TagDescriptions, shapes); diff != "" {
		t.Error(diff)
	}
	_, err = b.api.ModifyTargetGroupAttributes(ctx, &elbv2.ModifyTargetGroupAttributesInput{
		TargetGroupArn: aws.String(arn),
		Attributes:     []types.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("7")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.api.DescribeTargetGroupAttributes(ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(out.Attributes, func(a types.TargetGroupAttribute) bool {
		return aws.ToString(a.Key) == "deregistration_delay.timeout_seconds"
	})
	if i < 0 || aws.ToString(out.Attributes[i].Value) != "7" {
		t.Errorf("attributes %+v", out.Attributes)
	}
}

func TestCreateGroupAndListener(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	ctx := t.Context()
	made, err := b.api.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: aws.String("fresh"), Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, TargetType: types.TargetTypeEnumIp,
		VpcId: aws.String("vpc-1"), HealthCheckPath: aws.String("/up"),
	})
	if err != nil {
		t.Fatal(err)
	}
	arn := made.TargetGroups[0].TargetGroupArn
	if got := made.TargetGroups[0]; aws.ToString(got.HealthCheckPath) != "/up" || aws.ToInt32(got.HealthCheckIntervalSeconds) != 30 {
		t.Errorf("created %+v", got)
	}
	l, err := b.api.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: aws.String(b.LoadBalancerARN("web")), Port: aws.Int32(81), Protocol: types.ProtocolEnumHttp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: arn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToInt32(l.Listeners[0].Port) != 81 || b.ListenerAddr("web", 2) == "" {
		t.Errorf("created listener %+v at %q", l.Listeners[0], b.ListenerAddr("web", 2))
	}
	if _, attached := b.Lookup(*arn); !attached {
		t.Error("the new listener's group is not attached")
	}
}

func TestOIDCSecretMustBeKeptOrGiven(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	arn := aws.String(listenerARN(t, b, "web", 1))
	read, err := b.api.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{ListenerArns: []string{*arn}})
	if err != nil {
		t.Fatal(err)
	}
	actions := read.Listeners[0].DefaultActions
	_, err = b.api.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: arn, DefaultActions: actions})
	if code(err) != "ValidationError" {
		t.Errorf("writing back what was read must be refused, got %v", err)
	}
	actions[0].AuthenticateOidcConfig.UseExistingClientSecret = aws.Bool(true)
	if _, err = b.api.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: arn, DefaultActions: actions}); err != nil {
		t.Errorf("keeping the secret: %v", err)
	}
}
