package ecs

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/platform"
)

// forward is a forward action; weights by group, in the order given.
func forward(pairs ...any) types.Action {
	config := &types.ForwardActionConfig{}
	for i := 0; i < len(pairs); i += 2 {
		group, weight := pairs[i].(string), pairs[i+1].(int) //nolint:forcetypeassert // a table of the test's own
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(group), Weight: aws.Int32(int32(weight))})
	}
	return types.Action{Type: types.ActionTypeEnumForward, Order: aws.Int32(2), ForwardConfig: config}
}

func single(group string) types.Action {
	return types.Action{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(group)}
}

func routingOf(rules ...rule) routing { return routing{pairs: []pair{{"blue", "green"}}, rules: rules} }

func TestOnlyRulesThatForwardToExactlyBothAreSplit(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		action types.Action
		split  bool
	}{
		"both":          {forward("blue", 1, "green", 0), true},
		"both, swapped": {forward("green", 5, "blue", 5), true},
		"primary":       {single("blue"), false},
		"canary":        {single("green"), false},
		"three":         {forward("blue", 1, "green", 1, "red", 1), false},
		"others":        {forward("red", 1, "blue", 1), false},
		"redirect":      {types.Action{Type: types.ActionTypeEnumRedirect}, false},
	} {
		r := routingOf(rule{Actions: []types.Action{tc.action}})
		if got := len(r.split()) == 1; got != tc.split {
			t.Errorf("%s: split is %t", name, got)
		}
	}
}

func TestOnlyTheSoleDefaultActionIsExtended(t *testing.T) {
	t.Parallel()
	def := rule{RuleArn: "d", Default: true, Actions: []types.Action{single("blue")}}
	other := rule{RuleArn: "o", Actions: []types.Action{single("blue")}}
	both := rule{RuleArn: "b", Actions: []types.Action{forward("blue", 1, "green", 0)}}
	redirect := rule{RuleArn: "r", Default: true, Actions: []types.Action{{Type: types.ActionTypeEnumRedirect}}}
	for name, tc := range map[string]struct {
		rules []rule
		want  bool
	}{
		"sole default":                   {[]rule{def}, true},
		"default beside a redirect":      {[]rule{redirect, def}, true},
		"a rule, not a default action":   {[]rule{other}, false},
		"two that forward to primary":    {[]rule{def, other}, false},
		"one that already splits exists": {[]rule{def, both}, false},
	} {
		if got, _ := routingOf(tc.rules...).extendable(); (len(got) == 1) != tc.want {
			t.Errorf("%s: extendable is %v", name, got)
		}
	}
}

func TestWeightsAreSharesAndNeverRoundedToNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		blue, green int
		want        platform.Weights
	}{
		{100, 0, platform.Weights{Primary: 100}},
		{80, 20, platform.Weights{Primary: 80, Canary: 20}},
		{4, 1, platform.Weights{Primary: 80, Canary: 20}},
		{999, 1, platform.Weights{Primary: 99, Canary: 1}},
		{1, 999, platform.Weights{Primary: 1, Canary: 99}},
		{0, 0, platform.Weights{}},
	} {
		r := routingOf(rule{Actions: []types.Action{forward("blue", tc.blue, "green", tc.green)}})
		if got, _ := r.weights(); got != tc.want {
			t.Errorf("%d/%d: got %+v, want %+v", tc.blue, tc.green, got, tc.want)
		}
	}
	r := routingOf(
		rule{Actions: []types.Action{forward("blue", 100, "green", 0)}},
		rule{Actions: []types.Action{forward("blue", 70, "green", 30)}})
	if got, agree := r.weights(); agree || got.Canary != 30 {
		t.Errorf("rules that disagree: got %+v, agree %t; want the larger canary", got, agree)
	}
}

func TestChangingWeightsKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	auth := types.Action{Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1), AuthenticateOidcConfig: &types.AuthenticateOidcActionConfig{ClientId: aws.String("id")}}
	move := forward("green", 0, "blue", 100)
	move.ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}
	x := rule{Actions: []types.Action{auth, move}}
	got := routingOf(x).weighted(x, platform.Weights{Primary: 80, Canary: 20})
	move.ForwardConfig.TargetGroups[0].Weight, move.ForwardConfig.TargetGroups[1].Weight = aws.Int32(20), aws.Int32(80)
	if !sameActions(got, []types.Action{auth, move}) {
		text, _ := json.Marshal(got)
		t.Errorf("got %s", text)
	}
	if w := writable(got); !aws.ToBool(w[0].AuthenticateOidcConfig.UseExistingClientSecret) {
		t.Error("the client secret, which descriptions leave out, would be lost")
	}
}

func TestExtendingAddsTheCanaryAtNothing(t *testing.T) {
	t.Parallel()
	x := rule{Default: true, Actions: []types.Action{single("blue")}}
	after := routingOf(rule{Default: true, Actions: routingOf(x).extended(x)})
	if got, _ := after.weights(); len(after.split()) != 1 || got != (platform.Weights{Primary: 100}) {
		t.Errorf("got %+v", got)
	}
}

func TestSplitImage(t *testing.T) {
	t.Parallel()
	for image, want := range map[string][2]string{
		"nginx":                                  {"nginx", ""},
		"nginx:1.23":                             {"nginx", "1.23"},
		"localhost:5000/team/app:v2":             {"app", "v2"},
		"localhost:5000/app":                     {"app", ""},
		"example.com/app@sha256:abc":             {"app", "sha256:abc"},
		"example.com/app:v3@sha256:abc":          {"app", "v3"},
		"public.ecr.aws/nginx/nginx:1.23-alpine": {"nginx", "1.23-alpine"},
	} {
		if name, version := splitImage(image); name != want[0] || version != want[1] {
			t.Errorf("%s: got %s %s", image, name, version)
		}
	}
}

func TestSameDefinition(t *testing.T) {
	t.Parallel()
	want := func() *awsecs.RegisterTaskDefinitionInput {
		return &awsecs.RegisterTaskDefinitionInput{
			Family: aws.String("shop"), NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{
				Name: aws.String("web"), Image: aws.String("shop:v1"), Command: []string{"sh", "-c", "x"},
				PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(80)}},
				Environment:  []ecstypes.KeyValuePair{{Name: aws.String("B"), Value: aws.String("2")}, {Name: aws.String("A"), Value: aws.String("1")}},
			}},
		}
	}
	live := &ecstypes.TaskDefinition{
		Family: aws.String("shop"), NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Revision: 7, Status: ecstypes.TaskDefinitionStatusActive,
		Compatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate}, TaskDefinitionArn: aws.String("arn"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("shop:v1"), Essential: aws.Bool(true), Command: []string{"sh", "-c", "x"},
			PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(80), Protocol: ecstypes.TransportProtocolTcp}},
			Environment:  []ecstypes.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("B"), Value: aws.String("2")}},
			MountPoints:  []ecstypes.MountPoint{},
		}},
	}
	if !sameDefinition(want(), live) {
		t.Error("what AWS fills in counts as a difference")
	}
	for name, change := range map[string]func(*awsecs.RegisterTaskDefinitionInput){
		"image":         func(d *awsecs.RegisterTaskDefinitionInput) { d.ContainerDefinitions[0].Image = aws.String("shop:v2") },
		"not essential": func(d *awsecs.RegisterTaskDefinitionInput) { d.ContainerDefinitions[0].Essential = aws.Bool(false) },
		"argument": func(d *awsecs.RegisterTaskDefinitionInput) {
			d.ContainerDefinitions[0].Command = []string{"sh", "-c", "x", ""}
		},
		"order": func(d *awsecs.RegisterTaskDefinitionInput) {
			d.ContainerDefinitions[0].Command = []string{"-c", "sh", "x"}
		},
		"variable": func(d *awsecs.RegisterTaskDefinitionInput) {
			d.ContainerDefinitions[0].Environment[0].Value = aws.String("3")
		},
		"role": func(d *awsecs.RegisterTaskDefinitionInput) { d.TaskRoleArn = aws.String("role") },
	} {
		d := want()
		change(d)
		if sameDefinition(d, live) {
			t.Errorf("a changed %s does not count as a difference", strings.ToLower(name))
		}
	}
}
