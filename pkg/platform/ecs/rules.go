package ecs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/platform"
)

// rule is one listener rule as it is now; a listener's default action is its
// default rule.
type rule struct {
	ListenerArn string         `json:"listenerArn"`
	Listener    string         `json:"listener"` // for people: protocol and port
	RuleArn     string         `json:"ruleArn"`
	Default     bool           `json:"default"`
	Priority    string         `json:"priority"`
	Actions     []types.Action `json:"actions"`
}

func (r rule) String() string {
	if r.Default {
		return r.Listener + " default action"
	}
	return r.Listener + " rule " + r.Priority
}

// groupsOf returns the target groups the action forwards to, nil if it does not
// forward.
func groupsOf(a types.Action) []string {
	if a.Type != types.ActionTypeEnumForward {
		return nil
	}
	if a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 0 {
		out := make([]string, 0, len(a.ForwardConfig.TargetGroups))
		for _, g := range a.ForwardConfig.TargetGroups {
			out = append(out, aws.ToString(g.TargetGroupArn))
		}
		return out
	}
	if a.TargetGroupArn != nil {
		return []string{*a.TargetGroupArn}
	}
	return nil
}

// routing is the rules of the load balancer seen from one application.
type routing struct {
	primary, canary string
	rules           []rule
}

// both reports whether the rule forwards to exactly the two groups.
func (r routing) both(x rule) bool {
	return slices.ContainsFunc(x.Actions, func(a types.Action) bool {
		groups := groupsOf(a)
		return len(groups) == 2 && slices.Contains(groups, r.primary) && slices.Contains(groups, r.canary)
	})
}

// primaryOnly reports whether the rule forwards to the primary group alone.
func (r routing) primaryOnly(x rule) bool {
	return slices.ContainsFunc(x.Actions, func(a types.Action) bool {
		groups := groupsOf(a)
		return len(groups) == 1 && groups[0] == r.primary
	})
}

// split returns the rules that forward to both groups.
func (r routing) split() []rule {
	return slices.DeleteFunc(slices.Clone(r.rules), func(x rule) bool { return !r.both(x) })
}

// extendable returns the default action that forwards to the primary group
// alone, when it is the only rule that involves the group: only then is it
// clear that it may be given the canary group too.
func (r routing) extendable() (rule, bool) {
	if len(r.split()) > 0 {
		return rule{}, false
	}
	var found []rule
	for _, x := range r.rules {
		if r.primaryOnly(x) {
			found = append(found, x)
		}
	}
	if len(found) == 1 && found[0].Default {
		return found[0], true
	}
	return rule{}, false
}

// listeners returns the listeners that have a rule which names one of the two
// groups.
func (r routing) listeners() []listener {
	var out []listener
	for _, x := range r.rules {
		l := listener{arn: x.ListenerArn, label: x.Listener}
		if !slices.Contains(out, l) && slices.ContainsFunc(x.Actions, r.names) {
			out = append(out, l)
		}
	}
	return out
}

// names reports whether an action forwards to one of the two groups, alone or
// among others.
func (r routing) names(a types.Action) bool {
	return slices.ContainsFunc(groupsOf(a), func(g string) bool { return g == r.primary || g == r.canary })
}

// touched are the rules a deployment may change: what a baseline records.
func (r routing) touched() []rule {
	if r.canary == "" { // requests are not moved
		return nil
	}
	if x, ok := r.extendable(); ok {
		return []rule{x}
	}
	return r.split()
}

// weights returns the shares of the rules that forward to both groups; where
// they disagree, those of the rule that gives the canary most, which is what
// safety must reckon with.
func (r routing) weights() (w platform.Weights, agree bool) {
	split := r.split()
	if len(split) == 0 {
		return platform.Weights{Primary: 100, Canary: 0}, true // percent
	}
	agree = true
	for i, x := range split {
		one := r.weightsOf(x)
		if i > 0 && one != w {
			agree = false
		}
		if i == 0 || one.Canary > w.Canary {
			w = one
		}
	}
	return w, agree
}

// weightsOf returns the shares of one rule in percent. A share above nothing is
// never rounded to nothing.
func (r routing) weightsOf(x rule) platform.Weights {
	for _, a := range x.Actions {
		if len(groupsOf(a)) != 2 || a.ForwardConfig == nil {
			continue
		}
		byGroup := map[string]int{}
		total := 0
		for _, g := range a.ForwardConfig.TargetGroups {
			byGroup[aws.ToString(g.TargetGroupArn)] = int(aws.ToInt32(g.Weight))
			total += int(aws.ToInt32(g.Weight))
		}
		if total == 0 {
			return platform.Weights{}
		}
		canary := (byGroup[r.canary]*100 + total/2) / total
		switch {
		case canary == 0 && byGroup[r.canary] > 0:
			canary = 1
		case canary == 100 && byGroup[r.primary] > 0:
			canary = 99
		}
		return platform.Weights{Primary: 100 - canary, Canary: canary}
	}
	return platform.Weights{}
}

// weighted returns the rule's actions with the shares w; everything else of
// them stays: order, stickiness, other actions.
func (r routing) weighted(x rule, w platform.Weights) []types.Action {
	out := copyActions(x.Actions)
	for i := range out {
		if len(groupsOf(out[i])) != 2 || out[i].ForwardConfig == nil {
			continue
		}
		for j := range out[i].ForwardConfig.TargetGroups {
			g := &out[i].ForwardConfig.TargetGroups[j]
			weight := w.Primary
			if aws.ToString(g.TargetGroupArn) == r.canary {
				weight = w.Canary
			}
			g.Weight = aws.Int32(int32(weight)) //nolint:gosec // a percentage
		}
		out[i].TargetGroupArn = nil
	}
	return out
}

// extended returns the actions of a rule that forwards to the primary group
// alone with the canary group added at weight 0.
func (r routing) extended(x rule) []types.Action {
	out := copyActions(x.Actions)
	for i := range out {
		groups := groupsOf(out[i])
		if len(groups) != 1 || groups[0] != r.primary {
			continue
		}
		forward := &types.ForwardActionConfig{}
		if out[i].ForwardConfig != nil {
			forward.TargetGroupStickinessConfig = out[i].ForwardConfig.TargetGroupStickinessConfig
		}
		forward.TargetGroups = []types.TargetGroupTuple{
			{TargetGroupArn: aws.String(r.primary), Weight: aws.Int32(100)}, // percent
			{TargetGroupArn: aws.String(r.canary), Weight: aws.Int32(0)},
		}
		out[i].ForwardConfig, out[i].TargetGroupArn = forward, nil
	}
	return out
}

// describe lists the rules for a sentence about why none fits.
func (r routing) describe() string {
	if len(r.rules) == 0 {
		return "the load balancer has no listener"
	}
	parts := make([]string, 0, len(r.rules))
	for _, x := range r.rules {
		var to []string
		for _, a := range x.Actions {
			if groups := groupsOf(a); groups != nil {
				for i := range groups {
					groups[i] = shortGroup(groups[i])
				}
				to = append(to, "forwards to "+strings.Join(groups, "+"))
			} else {
				to = append(to, string(a.Type))
			}
		}
		parts = append(parts, fmt.Sprintf("%s: %s", x, strings.Join(to, ", ")))
	}
	return strings.Join(parts, "; ")
}

// shortGroup is the name of a target group from its ARN.
func shortGroup(arn string) string {
	parts := strings.Split(arn, "/")
	if len(parts) < 2 {
		return arn
	}
	return parts[len(parts)-2]
}

// copyActions copies deeply, by way of JSON, which is also how rules are
// recorded.
func copyActions(actions []types.Action) []types.Action {
	data, err := json.Marshal(actions)
	if err != nil {
		return nil
	}
	var out []types.Action
	if err := json.Unmarshal(data, &out); err != nil {
		return nil
	}
	return out
}

// destinations writes down where actions forward to and in which proportion, in
// a form in which two readings of the same rule are equal.
func destinations(actions []types.Action) string {
	var parts []string
	for _, a := range actions {
		groups := groupsOf(a)
		if len(groups) == 1 {
			parts = append(parts, groups[0])
		}
		if len(groups) < 2 { // a lone group has no proportion
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			parts = append(parts, fmt.Sprintf("%s=%d", aws.ToString(g.TargetGroupArn), aws.ToInt32(g.Weight)))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// sameActions compares two lists of actions as they would be recorded.
func sameActions(a, b []types.Action) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// writable prepares actions for a call: descriptions leave the client secret
// of an authenticating action out, and it must not be lost.
func writable(actions []types.Action) []types.Action {
	out := copyActions(actions)
	for i := range out {
		if out[i].AuthenticateOidcConfig != nil && out[i].AuthenticateOidcConfig.ClientSecret == nil {
			out[i].AuthenticateOidcConfig.UseExistingClientSecret = aws.Bool(true)
		}
		if len(groupsOf(out[i])) > 1 {
			out[i].TargetGroupArn = nil
		}
	}
	return out
}
