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

// pair is two target groups between which requests are moved: the primary's and
// the canary's, "" where requests are not moved.
type pair struct{ primary, canary string }

// routing is the rules of the load balancers seen from one application.
type routing struct {
	pairs []pair // one, or none without a load balancer: Amazon ECS takes one target group per task set
	rules []rule
}

// pairOf returns the pair to both of whose groups the action forwards, and to no
// other.
func (r routing) pairOf(a types.Action) (pair, bool) {
	groups := groupsOf(a)
	i := slices.IndexFunc(r.pairs, func(p pair) bool {
		return p.canary != "" && len(groups) == 2 && slices.Contains(groups, p.primary) && slices.Contains(groups, p.canary)
	})
	if i < 0 {
		return pair{}, false
	}
	return r.pairs[i], true
}

// both reports whether the rule forwards to exactly the two groups of a pair.
func (r routing) both(x rule) bool {
	return slices.ContainsFunc(x.Actions, func(a types.Action) bool { _, ok := r.pairOf(a); return ok })
}

// only reports whether the action forwards to the group alone.
func only(a types.Action, group string) bool {
	groups := groupsOf(a)
	return len(groups) == 1 && groups[0] == group
}

// split returns the rules that forward to both groups of a pair.
func (r routing) split() []rule {
	return slices.DeleteFunc(slices.Clone(r.rules), func(x rule) bool { return !r.both(x) })
}

// of returns the rules seen from one pair.
func (r routing) of(p pair) routing { return routing{pairs: []pair{p}, rules: r.rules} }

// extendable returns, for each pair that no rule forwards to, the default action
// that forwards to the primary group alone, when it is the only rule that
// involves the group: only then is it clear that it may be given the canary
// group too. short are the pairs for which there is no such rule.
func (r routing) extendable() (found []rule, short []pair) {
	for _, p := range r.pairs {
		if p.canary == "" || len(r.of(p).split()) > 0 {
			continue
		}
		var alone []rule
		for _, x := range r.rules {
			if slices.ContainsFunc(x.Actions, func(a types.Action) bool { return only(a, p.primary) }) {
				alone = append(alone, x)
			}
		}
		if len(alone) == 1 && alone[0].Default {
			found = append(found, alone[0])
		} else {
			short = append(short, p)
		}
	}
	return found, short
}

// listeners returns the listeners that have a rule which names one of the
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

// names reports whether an action forwards to one of the groups, alone or among
// others.
func (r routing) names(a types.Action) bool {
	return slices.ContainsFunc(groupsOf(a), func(g string) bool {
		return slices.ContainsFunc(r.pairs, func(p pair) bool { return g == p.primary || g == p.canary })
	})
}

// touched are the rules a deployment may change: what a baseline records.
func (r routing) touched() []rule {
	extended, _ := r.extendable()
	return append(extended, r.split()...)
}

// least returns the smallest share of each group over the rules that forward to
// both: what a group surely gets already.
func (r routing) least() platform.Weights {
	least := platform.Weights{Primary: 100, Canary: 100} // percent
	split := r.split()
	if len(split) == 0 {
		least.Canary = 0
	}
	for _, x := range split {
		one := r.weightsOf(x)
		least.Primary, least.Canary = min(least.Primary, one.Primary), min(least.Canary, one.Canary)
	}
	return least
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
		p, ok := r.pairOf(a)
		if !ok {
			continue
		}
		shares := sharesOf(a)
		if shares[p.primary] == 0 && shares[p.canary] == 0 {
			return platform.Weights{}
		}
		return platform.Weights{Primary: 100 - shares[p.canary], Canary: shares[p.canary]}
	}
	return platform.Weights{}
}

// sharesOf returns the percentage of its requests that an action gives each
// group. A lone group gets all, whatever its weight; a share above nothing is
// never rounded to nothing, nor one below all to all.
func sharesOf(a types.Action) map[string]int {
	groups := groupsOf(a)
	shares := map[string]int{}
	if len(groups) == 1 {
		shares[groups[0]] = 100
	}
	if len(groups) < 2 { // a lone group has no proportion
		return shares
	}
	total := 0
	for _, g := range a.ForwardConfig.TargetGroups {
		total += int(aws.ToInt32(g.Weight))
	}
	for _, g := range a.ForwardConfig.TargetGroups {
		weight := int(aws.ToInt32(g.Weight))
		switch weight {
		case 0:
			shares[aws.ToString(g.TargetGroupArn)] = 0
		case total:
			shares[aws.ToString(g.TargetGroupArn)] = 100
		default:
			shares[aws.ToString(g.TargetGroupArn)] = min(max((weight*100+total/2)/total, 1), 99)
		}
	}
	return shares
}

// weighted returns the rule's actions with the shares w; everything else of
// them stays: order, stickiness, other actions.
func (r routing) weighted(x rule, w platform.Weights) []types.Action {
	out := copyActions(x.Actions)
	for i := range out {
		p, ok := r.pairOf(out[i])
		if !ok {
			continue
		}
		for j := range out[i].ForwardConfig.TargetGroups {
			g := &out[i].ForwardConfig.TargetGroups[j]
			weight := w.Primary
			if aws.ToString(g.TargetGroupArn) == p.canary {
				weight = w.Canary
			}
			g.Weight = aws.Int32(int32(weight)) //nolint:gosec // a percentage
		}
		out[i].TargetGroupArn = nil
	}
	return out
}

// extended returns the actions of a rule that forwards to a primary group alone
// with the canary group added at weight 0.
func (r routing) extended(x rule) []types.Action {
	out := copyActions(x.Actions)
	for i := range out {
		at := slices.IndexFunc(r.pairs, func(p pair) bool { return p.canary != "" && only(out[i], p.primary) })
		if at < 0 {
			continue
		}
		forward := &types.ForwardActionConfig{}
		if out[i].ForwardConfig != nil {
			forward.TargetGroupStickinessConfig = out[i].ForwardConfig.TargetGroupStickinessConfig
		}
		forward.TargetGroups = []types.TargetGroupTuple{
			{TargetGroupArn: aws.String(r.pairs[at].primary), Weight: aws.Int32(100)}, // percent
			{TargetGroupArn: aws.String(r.pairs[at].canary), Weight: aws.Int32(0)},
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
		parts = append(parts, x.String()+": "+describeActions(x.Actions))
	}
	return strings.Join(parts, "; ")
}

func describeActions(actions []types.Action) string {
	var to []string
	for _, a := range actions {
		groups := groupsOf(a)
		if groups == nil {
			to = append(to, string(a.Type))
			continue
		}
		shares := sharesOf(a)
		for i, g := range groups {
			if groups[i] = shortGroup(g); len(groups) > 1 {
				groups[i] += fmt.Sprintf(" (%d%%)", shares[g])
			}
		}
		to = append(to, "forwards to "+strings.Join(groups, " + "))
	}
	return strings.Join(to, ", ")
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

// sameButShares compares two lists of actions without the shares of their groups.
func sameButShares(a, b []types.Action) bool {
	return sameActions(withoutShares(a), withoutShares(b))
}

func withoutShares(actions []types.Action) []types.Action {
	out := copyActions(actions)
	for i := range out {
		if out[i].ForwardConfig == nil {
			continue
		}
		for j := range out[i].ForwardConfig.TargetGroups {
			out[i].ForwardConfig.TargetGroups[j].Weight = nil
		}
	}
	return out
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
