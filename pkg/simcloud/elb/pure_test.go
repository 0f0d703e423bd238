package elb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"testing"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestSplitterIsExactOverEveryCycle(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]int{{1}, {80, 20}, {100, 0}, {1, 1, 1}, {999, 1}, {5, 0, 3, 2, 7}} {
		var shares []share
		total := 0
		for i, w := range weights {
			shares = append(shares, share{group: strconv.Itoa(i), weight: w})
			total += w
		}
		s := newSplitter(shares)
		for cycle := range 3 {
			got := map[string]int{}
			for range total {
				got[s.next()]++
			}
			for _, sh := range shares {
				if got[sh.group] != sh.weight {
					t.Errorf("weights %v, cycle %d: group %s got %d", weights, cycle, sh.group, got[sh.group])
				}
			}
		}
	}
	none := newSplitter([]share{{"a", 0}})
	if got := none.next(); got != "" {
		t.Errorf("a split without weight chose %q", got)
	}
}

func TestHealthStateMachine(t *testing.T) {
	t.Parallel()
	const (
		ok   = types.TargetHealthReasonEnum("")
		fail = types.TargetHealthReasonEnumTimeout
	)
	check := HealthCheck{HealthyThreshold: 3, UnhealthyThreshold: 2}
	for name, c := range map[string]struct {
		results []types.TargetHealthReasonEnum
		want    types.TargetHealthStateEnum
		reason  types.TargetHealthReasonEnum
	}{
		"nothing yet":              {nil, types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumRegistrationInProgress},
		"one success is enough":    {[]types.TargetHealthReasonEnum{ok}, types.TargetHealthStateEnumHealthy, ""},
		"one failure is not":       {[]types.TargetHealthReasonEnum{fail}, types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumInitialHealthChecking},
		"threshold of failures":    {[]types.TargetHealthReasonEnum{fail, fail}, types.TargetHealthStateEnumUnhealthy, fail},
		"a blip changes nothing":   {[]types.TargetHealthReasonEnum{ok, fail, ok, fail}, types.TargetHealthStateEnumHealthy, ""},
		"unhealthy after healthy":  {[]types.TargetHealthReasonEnum{ok, fail, fail}, types.TargetHealthStateEnumUnhealthy, fail},
		"recovery takes threshold": {[]types.TargetHealthReasonEnum{fail, fail, ok, ok}, types.TargetHealthStateEnumUnhealthy, fail},
		"recovered":                {[]types.TargetHealthReasonEnum{fail, fail, ok, ok, ok}, types.TargetHealthStateEnumHealthy, ""},
		"successes in a row":       {[]types.TargetHealthReasonEnum{fail, fail, ok, ok, fail, ok}, types.TargetHealthStateEnumUnhealthy, fail},
	} {
		h := newHealth()
		for _, r := range c.results {
			h.observe(r, check)
		}
		if h.state != c.want || h.reason != c.reason {
			t.Errorf("%s: %s (%s), want %s (%s)", name, h.state, h.reason, c.want, c.reason)
		}
	}
}

func TestPickFailsOpen(t *testing.T) {
	t.Parallel()
	made := func(state types.TargetHealthStateEnum, draining bool) *member {
		return &member{health: health{state: state}, draining: draining}
	}
	initial := made(types.TargetHealthStateEnumInitial, false)
	healthy := made(types.TargetHealthStateEnumHealthy, false)
	sick := made(types.TargetHealthStateEnumUnhealthy, false)
	leaving := made(types.TargetHealthStateEnumHealthy, true)
	for name, c := range map[string]struct {
		members []*member
		want    *member
	}{
		"empty":                 {nil, nil},
		"only initial":          {[]*member{initial}, nil},
		"only draining":         {[]*member{leaving}, nil},
		"healthy before others": {[]*member{sick, initial, healthy, leaving}, healthy},
		"unhealthy if none is":  {[]*member{initial, sick, leaving}, sick},
	} {
		g := &group{members: c.members}
		for range 3 {
			if got := g.pick(); got != c.want {
				t.Errorf("%s: picked %+v", name, got)
			}
		}
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"/img/*", "/img/a/b", true},
		{"/img/*", "/img", false},
		{"*", "", true},
		{"/?", "/a", true},
		{"/?", "/", false},
		{"/*/end", "/a/end/end", true},
		{"/a", "/A", false},
		{"", "x", false},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("glob(%q, %q) is %v", c.pattern, c.text, got)
		}
	}
}

func TestMatcher(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		matcher string
		code    int
		want    bool
	}{{"200", 200, true}, {"200", 204, false}, {"200-299,301", 301, true}, {"200-299", 204, true}, {"x,200", 200, true}, {"200-x", 200, false}} {
		if got := matches(c.matcher, c.code); got != c.want {
			t.Errorf("matches(%q, %d) is %v", c.matcher, c.code, got)
		}
	}
}

func TestBlame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failure failure
		fault   string
		want    Cause
	}{
		{noTarget, "", CauseRouting},
		{noTarget, "drop", CauseRouting},
		{noTarget, "crash", CauseTarget},
		{refused, "", CauseRouting},
		{refused, "drop", CauseRouting}, // it listens; if it does not, it was stopped
		{refused, "crash", CauseTarget},
		{cut, "", CauseRouting},
		{cut, "drop", CauseTarget},
		{cut, "errors", CauseRouting},
		{timedOut, "slow", CauseTarget},
		{deregistered, "slow", CauseRouting},
		{deregistered, "drop", CauseRouting},
	} {
		if got := blame(c.failure, c.fault); got != c.want {
			t.Errorf("%s with fault %q is blamed on %s, want %s", c.failure, c.fault, got, c.want)
		}
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	slow := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	for _, c := range []struct {
		err, cause error
		want       failure
		status     int
	}{
		{dial, nil, refused, 502},
		{slow, nil, timedOut, 504},
		{io.EOF, nil, cut, 502},
		{context.Canceled, errDeregistered, deregistered, 502},
		{context.Canceled, errIdleTimeout, timedOut, 504},
	} {
		if got := classify(fmt.Errorf("wrapped: %w", c.err), c.cause); got != c.want || got.status() != c.status {
			t.Errorf("%v because of %v is %s with %d", c.err, c.cause, got, got.status())
		}
	}
}

func TestARNs(t *testing.T) {
	t.Parallel()
	n := names{region: "eu-west-1", account: "123456789012"}
	lb := n.loadBalancer("web")
	l := n.listener(lb, "0")
	for kind, arn := range map[string]string{
		"loadbalancer": lb, "targetgroup": n.targetGroup("blue"), "listener": l, "listener-rule": n.rule(l, "default"),
	} {
		if err := arnOf(kind, arn); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if arnOf("x", arn) == nil {
			t.Errorf("%q passes for another kind", arn)
		}
	}
	if again := n.rule(l, "1"); again == n.rule(l, "2") || again != n.rule(l, "1") {
		t.Error("rule ARNs are not stable and different")
	}
}

func FuzzForm(f *testing.F) {
	f.Add("Action=ModifyListener&DefaultActions.member.1.Type=forward&DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight=3")
	f.Add("DefaultActions=&ListenerArn=x")
	f.Add("DefaultActions.member.1.AuthenticateOidcConfig.AuthenticationRequestExtraParams.entry.1.key=a")
	f.Add("DefaultActions.member.1.Order=9999999999999")
	f.Fuzz(func(_ *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		var in elbv2.ModifyListenerInput
		_ = newForm(values).decode(&in) // must not panic
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("/img/*", "/img/x")
	f.Add("**?*", "aaaaaaaaaaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !glob("*"+pattern+"*", text+pattern) && pattern == "" {
			t.Errorf("glob(%q, %q) does not match", pattern, text)
		}
		if !glob("*", text) {
			t.Errorf("* does not match %q", text)
		}
	})
}
