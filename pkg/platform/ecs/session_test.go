package ecs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
)

func TestWhatWasReadIsKnownForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s session
		if _, ok := s.knownService(); ok {
			t.Error("an empty session knows a service")
		}
		s.learnService(nil)
		if svc, ok := s.knownService(); !ok || svc != nil {
			t.Error("that there is no service was read just now")
		}
		time.Sleep(freshness)
		if _, ok := s.knownService(); ok {
			t.Error("an old reading still stands")
		}
		s.learnService(&types.Service{})
		s.forgetService()
		if _, ok := s.knownService(); ok {
			t.Error("a reading from before a change still stands")
		}
		s.learnDefinition(&types.TaskDefinition{TaskDefinitionArn: aws.String("a")})
		if _, ok := s.knownDefinition("b"); ok {
			t.Error("another definition is known")
		}
	})
}

func TestAReadingBehindOurWriteIsNotBelievedForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s session
		at := func(blue, green int) []rule {
			return []rule{{RuleArn: "r", Actions: []elbtypes.Action{forward("blue", blue, "green", green)}}}
		}
		x := at(100, 0)[0]
		s.wrote(x, destinations(at(80, 20)[0].Actions), time.Minute)
		if !s.behind(at(100, 0)) {
			t.Error("a reading from before the write is believed")
		}
		if s.behind(at(80, 20)) {
			t.Error("a reading that shows the write is not believed")
		}
		time.Sleep(time.Minute)
		if s.behind(at(100, 0)) {
			t.Error("what goes on differing was changed by someone else")
		}
		s.wrote(x, "", time.Minute)
		s.unwrote(x)
		if s.behind(at(100, 0)) {
			t.Error("a write that failed is expected to be seen")
		}
	})
}

func TestDestinationsDoNotDependOnTheForm(t *testing.T) {
	t.Parallel()
	long := elbtypes.Action{
		Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String("blue"),
		ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: aws.String("blue"), Weight: aws.Int32(1)}}},
	}
	for name, pair := range map[string][2]elbtypes.Action{
		"one group":  {single("blue"), long},
		"two groups": {forward("blue", 80, "green", 20), forward("green", 20, "blue", 80)},
	} {
		if a, b := destinations([]elbtypes.Action{pair[0]}), destinations([]elbtypes.Action{pair[1]}); a != b {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
	if destinations([]elbtypes.Action{forward("blue", 80, "green", 20)}) == destinations([]elbtypes.Action{forward("blue", 20, "green", 80)}) {
		t.Error("other shares are the same destinations")
	}
}

func TestOnlyListenersThatNameAGroupAreAskedAgain(t *testing.T) {
	t.Parallel()
	r := routingOf(
		rule{ListenerArn: "redirect", Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumRedirect}}},
		rule{ListenerArn: "https", Actions: []elbtypes.Action{forward("blue", 1, "green", 0)}},
		rule{ListenerArn: "https", Actions: []elbtypes.Action{single("blue")}},
		rule{ListenerArn: "other", Actions: []elbtypes.Action{single("red")}},
		rule{ListenerArn: "three", Actions: []elbtypes.Action{forward("red", 1, "green", 1, "pink", 1)}},
	)
	var got []string
	for _, l := range r.listeners() {
		got = append(got, l.arn)
	}
	if diff := cmp.Diff([]string{"https", "three"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	live := &types.DeploymentConfiguration{
		MaximumPercent: aws.Int32(200), MinimumHealthyPercent: aws.Int32(100),
		Alarms: &types.DeploymentAlarms{AlarmNames: []string{"a"}, Enable: true},
	}
	for name, tt := range map[string]struct {
		file *types.DeploymentConfiguration
		want []string
	}{
		"the same":           {&types.DeploymentConfiguration{MaximumPercent: aws.Int32(200)}, nil},
		"zero is a value":    {&types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(0)}, []string{"at.minimumHealthyPercent"}},
		"nothing is nothing": {&types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{}}, nil},
		"something is not":   {&types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true}}, []string{"at.deploymentCircuitBreaker.enable"}},
		"an item":            {&types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{AlarmNames: []string{"b"}, Enable: true}}, []string{"at.alarms.alarmNames[0]"}},
		"one more":           {&types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{AlarmNames: []string{"a", "b"}, Enable: true}}, []string{"at.alarms.alarmNames"}},
	} {
		var got []string
		for _, d := range differences("at", tree(tt.file), tree(live)) {
			got = append(got, d.path)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
