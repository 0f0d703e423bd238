package ecs_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/wire"
)

// acts is a stage that does something and then ends as it is told.
type acts struct {
	do   func()
	fail bool
}

func (a acts) Run(context.Context, *stage.Run) (stage.Outcome, error) {
	a.do()
	return stage.Outcome{Failed: a.fail, Reason: "as the test says"}, nil
}

func analysis() stageSpec { return stageSpec{model.StageAnalysis, &config.AnalysisOptions{}} }

func routes(canary config.Percent) stageSpec {
	return stageSpec{model.StageECSTrafficRouting, &config.TrafficRouting{Canary: new(canary)}}
}

func both(primary, canary int) []elb.Action {
	return []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: primary}, {TargetGroup: "green", Weight: canary}}}}
}

func to(group string) []elb.Action {
	return []elb.Action{{Forward: []elb.Weighted{{TargetGroup: group, Weight: 1}}}}
}

// signedIn is a rule's actions that let only people in who are signed in, and
// keep them with a version.
func signedIn(blue, green string) []elb.Action {
	oidc := types.AuthenticateOidcActionConfig{
		Issuer: aws.String("https://id.example.com"), AuthorizationEndpoint: aws.String("https://id.example.com/a"),
		TokenEndpoint: aws.String("https://id.example.com/t"), UserInfoEndpoint: aws.String("https://id.example.com/u"),
		ClientId: aws.String("shop"), ClientSecret: aws.String("hidden"),
	}
	forward := types.ForwardActionConfig{
		TargetGroups:                []types.TargetGroupTuple{{TargetGroupArn: &green, Weight: aws.Int32(0)}, {TargetGroupArn: &blue, Weight: aws.Int32(1)}},
		TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)},
	}
	return []elb.Action{
		{SDK: &types.Action{Type: types.ActionTypeEnumAuthenticateOidc, Order: aws.Int32(1), AuthenticateOidcConfig: &oidc}},
		{SDK: &types.Action{Type: types.ActionTypeEnumForward, Order: aws.Int32(2), ForwardConfig: &forward}},
	}
}

// shared is a load balancer with several listeners, which others use too.
func shared(cfg *simcloud.Config) {
	const arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/"
	cfg.TargetGroups = append(cfg.TargetGroups, elb.TargetGroup{Name: "red"})
	names, err := elb.New(elb.Config{TargetGroups: cfg.TargetGroups})
	if err != nil || !strings.HasPrefix(names.TargetGroupARN("blue"), arn) {
		panic("the simulated load balancer gives out other names")
	}
	cfg.PageSize = 2
	cfg.LoadBalancers = []elb.LoadBalancer{{Name: "shared", Listeners: []elb.Listener{
		{Port: 80, DefaultActions: to("red"), Rules: []elb.Rule{
			{Priority: 1, Paths: []string{"/red/*"}, Actions: to("red")},
			{Priority: 2, Hosts: []string{"shop.example.com"}, Actions: both(100, 0)},
			{Priority: 3, Paths: []string{"/mixed"}, Actions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "red", Weight: 1}, {TargetGroup: "blue", Weight: 1}}}}},
			{Priority: 4, Paths: []string{"/shop/*"}, Actions: both(1, 0)},
		}},
		{Port: 8080, DefaultActions: to("red")},
		{Port: 443, Protocol: "HTTPS", DefaultActions: to("red"), Rules: []elb.Rule{
			{Priority: 7, Paths: []string{"/shop/*"}, Actions: signedIn(names.TargetGroupARN("blue"), names.TargetGroupARN("green"))},
		}},
	}}}
}

// rules reads every rule of the load balancer as someone else sees it.
func (w *world) rules() map[string]types.Rule {
	w.t.Helper()
	client, out := w.operator(), map[string]types.Rule{}
	listeners := awselb.NewDescribeListenersPaginator(client, &awselb.DescribeListenersInput{LoadBalancerArn: aws.String(w.balancerARN(client))})
	for listeners.HasMorePages() {
		page, err := listeners.NextPage(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, l := range page.Listeners {
			rules := awselb.NewDescribeRulesPaginator(client, &awselb.DescribeRulesInput{ListenerArn: l.ListenerArn})
			for rules.HasMorePages() {
				page, err := rules.NextPage(w.t.Context())
				if err != nil {
					w.t.Fatal(err)
				}
				for _, r := range page.Rules {
					out[aws.ToString(l.ListenerArn)+" "+aws.ToString(r.Priority)] = r
				}
			}
		}
	}
	return out
}

// asText is the rules by their names, without the shares of the two groups where
// a rule forwards to both.
func (w *world) asText(rules map[string]types.Rule, withShares bool) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for name, r := range rules {
		body, err := json.Marshal(r)
		if err != nil {
			w.t.Fatal(err)
		}
		var copied types.Rule
		if err := json.Unmarshal(body, &copied); err != nil {
			w.t.Fatal(err)
		}
		for _, a := range copied.Actions {
			if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) < 2 || withShares || w.shares(a) == "" {
				continue
			}
			for i := range a.ForwardConfig.TargetGroups {
				a.ForwardConfig.TargetGroups[i].Weight = nil
			}
		}
		if body, err = json.Marshal(copied); err != nil {
			w.t.Fatal(err)
		}
		out[name] = string(body)
	}
	return out
}

// shares is how an action splits requests between the two groups, "" if it does
// not forward to both.
func (w *world) shares(a types.Action) string {
	text := map[string]string{}
	if a.ForwardConfig == nil {
		return ""
	}
	for _, g := range a.ForwardConfig.TargetGroups {
		text[aws.ToString(g.TargetGroupArn)] = string('0' + aws.ToInt32(g.Weight)/10)
	}
	blue, green := text[w.cloud.ELB.TargetGroupARN("blue")], text[w.cloud.ELB.TargetGroupARN("green")]
	if blue == "" || green == "" {
		return ""
	}
	return blue + green
}

func TestASharedLoadBalancerKeepsAllButTheShares(t *testing.T) {
	for _, fail := range []bool{false, true} {
		virtually(t, shared, func(t *testing.T, w *world) {
			t.Helper()
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			before := w.rules()
			d := w.deployment("d2", shop("v2", ""), canaryPipeline(analysis())...)
			want := model.DeploymentSuccess
			if fail {
				want = model.DeploymentFailure
			}
			d.mustRun(acts{func() {
				during := w.rules()
				if diff := cmp.Diff(w.asText(before, false), w.asText(during, false)); diff != "" {
					t.Errorf("more than shares changed: %s", diff)
				}
				split := 0
				for _, r := range during {
					for _, a := range r.Actions {
						if s := w.shares(a); s != "" {
							split++
							if s != "82" {
								t.Errorf("rule %s splits %s", aws.ToString(r.Priority), s)
							}
						}
					}
				}
				if split != 3 {
					t.Errorf("%d rules were split, want the 3 that forward to both groups", split)
				}
			}, fail}, want)
			after := w.asText(w.rules(), fail)
			if diff := cmp.Diff(w.asText(before, fail), after); diff != "" {
				t.Errorf("after the deployment (fail=%t): %s", fail, diff)
			}
		})
	}
}

func TestATargetGroupThatIsTooSmallIsNotGivenAll(t *testing.T) {
	for name, tt := range map[string]struct {
		scale, share config.Percent
		want         model.DeploymentStatus
		says         string
	}{
		"a third takes all":   {30, 100, model.DeploymentFailure, "has 2 healthy target(s), and the service needs 4 for 100% of the requests"},
		"a third takes half":  {25, 50, model.DeploymentSuccess, "Warning: 50% of the requests go to 1 healthy target(s) of green, fewer than the 2"},
		"a third takes less":  {25, 20, model.DeploymentSuccess, ""},
		"all of it takes all": {100, 100, model.DeploymentSuccess, ""},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, nil, func(t *testing.T, w *world) {
				t.Helper()
				four := []string{"desiredCount: 2", "desiredCount: 4"}
				w.deployment("d1", shop("v1", "").with(four...), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				before := w.state()
				d := w.deployment("d2", shop("v2", "").with(four...),
					stageSpec{model.StageECSCanaryRollout, &config.CanaryRolloutOptions{Scale: tt.scale}}, routes(tt.share),
					stageSpec{model.StageECSPrimaryRollout, &config.PrimaryRolloutOptions{}}, routes(0), stageSpec{model.StageECSCanaryClean, &config.CanaryCleanOptions{}})
				d.mustRun(nil, tt.want)
				if !strings.Contains(d.log(), tt.says) {
					t.Errorf("the log does not say %q:\n%s", tt.says, d.log())
				}
				if tt.says == "" && strings.Contains(d.log(), "Warning:") {
					t.Errorf("a warning without a reason:\n%s", d.log())
				}
				if after := w.state(); tt.want == model.DeploymentFailure && after != before {
					t.Errorf("after the refusal: %+v, before %+v", after, before)
				}
			})
		})
	}
}

// give is someone else's change of the only listener's shares.
func (w *world) give(blue, green int32) {
	w.t.Helper()
	client := w.operator()
	b, g := w.cloud.ELB.TargetGroupARN("blue"), w.cloud.ELB.TargetGroupARN("green")
	w.point(client, types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{
		{TargetGroupArn: &b, Weight: &blue}, {TargetGroupArn: &g, Weight: &green},
	}})
}

func (w *world) point(client *awselb.Client, forward types.ForwardActionConfig) {
	w.t.Helper()
	found, err := client.DescribeListeners(w.t.Context(), &awselb.DescribeListenersInput{LoadBalancerArn: aws.String(w.balancerARN(client))})
	if err == nil {
		_, err = client.ModifyListener(w.t.Context(), &awselb.ModifyListenerInput{
			ListenerArn:    found.Listeners[0].ListenerArn,
			DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &forward}},
		})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatSomeoneElseMovedIsToldAndNotOverwrittenSilently(t *testing.T) {
	for name, tt := range map[string]struct {
		do     func(w *world)
		fail   bool
		stage  string // the reason of the stage that failed, in part
		undone string // the reason of the rollback, in part
		moves  int    // most changes of the listener after that
	}{
		"moved, then a move":             {func(w *world) { w.give(50, 50) }, false, "omeone else moved requests since this deployment left them at 80% to primary and 20% to canary", "", 1},
		"taken back, then a move":        {func(w *world) { w.give(100, 0) }, false, "now gives 100% to primary and 0% to canary", "", 1},
		"moved, then a rollback":         {func(w *world) { w.give(50, 50) }, true, "as the test says", "someone else moved requests", 1},
		"all to the canary, rolled back": {func(w *world) { w.cover("green") }, true, "as the test says", "no rule forwards to both", 2},
		"all to the canary, then a move": {func(w *world) { w.cover("green") }, false, "o listener rule forwards to both", "no rule forwards to both", 2},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, nil, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				before, rules := w.state(), w.asText(w.rules(), true)
				moves := 0
				d := w.deployment("d2", shop("v2", ""),
					stageSpec{model.StageECSCanaryRollout, &config.CanaryRolloutOptions{Scale: 100}}, routes(20), analysis(), routes(60))
				d.mustRun(acts{func() { tt.do(w); moves = number(w.cloud.Calls(), "ModifyListener") }, tt.fail}, model.DeploymentFailure)
				if !strings.Contains(d.log(), tt.stage) {
					t.Errorf("the log does not say %q:\n%s", tt.stage, d.log())
				}
				undone := d.d.Stage(model.StageIDRollback)
				if undone.Status != model.StageSuccess || !strings.Contains(undone.StatusReason, tt.undone) {
					t.Errorf("the rollback ended %s: %s, want %q\n%s", undone.Status, undone.StatusReason, tt.undone, d.log())
				}
				if after := w.state(); after != before {
					t.Errorf("after the rollback: %+v, before %+v\n%s", after, before, d.log())
				}
				if diff := cmp.Diff(rules, w.asText(w.rules(), true)); diff != "" {
					t.Errorf("the rules are not as before: %s\n%s", diff, d.log())
				}
				if n := number(w.cloud.Calls(), "ModifyListener") - moves; n > tt.moves {
					t.Errorf("%d moves after what someone else did, want those back\n%s", n, d.log())
				}
			})
		})
	}
}

// cover points the only listener at one group alone.
func (w *world) cover(group string) {
	w.t.Helper()
	arn := w.cloud.ELB.TargetGroupARN(group)
	w.point(w.operator(), types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &arn, Weight: aws.Int32(1)}}})
}

// TestHalfAMoveIsUndone: of two rules the second cannot be changed.
func TestHalfAMoveIsUndone(t *testing.T) {
	for name, fault := range map[string]wire.Fault{
		"refused": {Error: wire.Errorf("InvalidLoadBalancerAction", "no")},
		"lost":    {Lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			broken := false
			virtually(t, func(cfg *simcloud.Config) {
				shared(cfg)
				cfg.Faults = func(_, operation string, nth int) *wire.Fault {
					if operation == "ModifyRule" && broken && nth%4 == 2 { // of this move the second
						return &fault
					}
					return nil
				}
			}, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				before := w.asText(w.rules(), true)
				d := w.deployment("d2", shop("v2", ""), stageSpec{model.StageECSCanaryRollout, &config.CanaryRolloutOptions{Scale: 100}}, analysis())
				d.mustRun(acts{func() {
					broken = true
					_, err := w.target().Traffic().Shift(t.Context(), platform.Move{To: platform.Weights{Primary: 80, Canary: 20}}, silent{})
					broken = false
					moved := w.asText(w.rules(), true)
					if name == "lost" { // the SDK tries again, and the second try holds
						if err != nil {
							t.Error(err)
						}
						return
					}
					if err == nil || !strings.Contains(err.Error(), "changing Listener HTTP:80 rule 4") {
						t.Errorf("the error is %v", err)
					}
					if diff := cmp.Diff(before, moved); diff != "" {
						t.Errorf("half of the move stayed: %s", diff)
					}
				}, true}, model.DeploymentFailure)
			})
		})
	}
}

// serve adds someone else's rule that forwards to a group alone.
func (w *world) serve(group string) (remove func()) {
	w.t.Helper()
	client, arn := w.operator(), w.cloud.ELB.TargetGroupARN(group)
	out, err := client.CreateListener(w.t.Context(), &awselb.CreateListenerInput{
		LoadBalancerArn: aws.String(w.balancerARN(client)), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8443),
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &arn}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return func() {
		_, err := client.ModifyListener(w.t.Context(), &awselb.ModifyListenerInput{
			ListenerArn: out.Listeners[0].ListenerArn,
			DefaultActions: []types.Action{{
				Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("404")},
			}},
		})
		if err != nil {
			w.t.Error(err)
		}
	}
}

// TestASetStaysWhileAnyRuleSendsItRequests: also one that is not ours.
func TestASetStaysWhileAnyRuleSendsItRequests(t *testing.T) {
	for _, fail := range []bool{false, true} {
		virtually(t, nil, func(t *testing.T, w *world) {
			t.Helper()
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			var remove func()
			d := w.deployment("d2", shop("v2", ""), canaryPipeline(analysis())...)
			d.mustRun(acts{func() { remove = w.serve("green") }, fail}, model.DeploymentFailure)
			for _, want := range []string{"HTTP:8443 default action", "stays, because"} {
				if !strings.Contains(d.log(), want) {
					t.Errorf("fail=%t: the log does not say %q:\n%s", fail, want, d.log())
				}
			}
			if undone := d.d.Stage(model.StageIDRollback); undone.Status != model.StageFailure || !strings.Contains(undone.StatusReason, "point that elsewhere") {
				t.Errorf("fail=%t: the rollback ended %s: %s", fail, undone.Status, undone.StatusReason)
			}
			svc := w.observe()
			if !slices.ContainsFunc(svc.Sets, func(s platform.Set) bool { return s.Role == platform.RoleCanary && !s.Draining }) {
				t.Errorf("fail=%t: the canary was removed while it got requests: %+v", fail, svc.Sets)
			}
			if now := w.weights(); now != (platform.Weights{Primary: 100}) {
				t.Errorf("fail=%t: the shares are %+v", fail, now)
			}
			remove()
			w.deployment("d3", shop("v3", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			if after := w.state(); after.sets != 1 {
				t.Errorf("fail=%t: the next deployment left %d sets", fail, after.sets)
			}
		})
	}
}

// TestAStandingRuleForTestsDoesNotKeepTheCanary: it answered nobody before, and
// need not after.
func TestAStandingRuleForTestsDoesNotKeepTheCanary(t *testing.T) {
	for _, fail := range []bool{false, true} {
		virtually(t, func(cfg *simcloud.Config) {
			cfg.LoadBalancers[0].Listeners = append(cfg.LoadBalancers[0].Listeners, elb.Listener{Port: 8443, DefaultActions: to("green")})
		}, func(t *testing.T, w *world) {
			t.Helper()
			w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
			rules := w.asText(w.rules(), false)
			d := w.deployment("d2", shop("v2", ""), canaryPipeline(analysis())...)
			want := model.DeploymentSuccess
			if fail {
				want = model.DeploymentFailure
			}
			d.mustRun(verdictStage{fail: fail}, want)
			if after := w.state(); after.sets != 1 {
				t.Errorf("fail=%t: %d sets are left\n%s", fail, after.sets, d.log())
			}
			if !strings.Contains(d.log(), "always forward to target group green") {
				t.Errorf("the log does not tell of the rule:\n%s", d.log())
			}
			if diff := cmp.Diff(rules, w.asText(w.rules(), false)); diff != "" {
				t.Errorf("fail=%t: %s", fail, diff)
			}
		})
	}
}
