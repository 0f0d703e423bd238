package elb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Snapshot is what the load balancers are doing at one moment. Counts are since
// Start or the last ResetCounts.
type Snapshot struct {
	LoadBalancers []LoadBalancerState
	TargetGroups  []TargetGroupState
	// Errors counts the errors the load balancers made themselves, by cause.
	Errors map[Cause]uint64
	// Records are the latest of those errors, the oldest first, at most 1000.
	Records []ErrorRecord
}

// LoadBalancerState is one load balancer.
type LoadBalancerState struct {
	Name, ARN, DNSName string
	Listeners          []ListenerState
}

// ListenerState is one listener. Addr is empty before Start.
type ListenerState struct {
	ARN   string
	Port  int
	Addr  string
	Rules []RuleState // by priority, the default rule last
}

// RuleState is one rule.
type RuleState struct {
	ARN        string
	Priority   string // a number or "default"
	Conditions []string
	Action     string // the type of the action that ends
	Weights    []GroupWeight
	Requests   uint64
}

// GroupWeight is a target group's weight in a rule.
type GroupWeight struct {
	TargetGroup string // name
	ARN         string
	Weight      int
}

// TargetGroupState is one target group. Requests are those it was chosen for
// and had a target; Answers are the targets' answers by class, "2xx" to "5xx".
type TargetGroupState struct {
	Name, ARN    string
	LoadBalancer string // name; empty if none forwards to it
	Requests     uint64
	Answers      map[string]uint64
	Targets      []TargetState
}

// TargetState is one registered target.
type TargetState struct {
	ID       string
	Port     int
	Addr     string
	Fault    string
	State    string // as ELBv2 names it: initial, healthy, …
	Reason   string
	Requests uint64
	InFlight int
}

// Snapshot returns a copy of the present state.
func (b *Balancers) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{Errors: map[Cause]uint64{}, Records: slices.Clone(b.counts.records)}
	maps.Copy(s.Errors, b.counts.errors)
	for _, lb := range b.world.balancers {
		state := LoadBalancerState{Name: lb.name, ARN: lb.arn, DNSName: lb.dns}
		for _, l := range lb.listeners {
			state.Listeners = append(state.Listeners, b.listenerState(l))
		}
		s.LoadBalancers = append(s.LoadBalancers, state)
	}
	for _, g := range b.world.groups {
		s.TargetGroups = append(s.TargetGroups, groupState(g))
	}
	return s
}

// TargetGroup returns the state of the target group of that name; false if
// there is none.
func (s Snapshot) TargetGroup(name string) (TargetGroupState, bool) {
	i := slices.IndexFunc(s.TargetGroups, func(g TargetGroupState) bool { return g.Name == name })
	if i < 0 {
		return TargetGroupState{}, false
	}
	return s.TargetGroups[i], true
}

// ResetCounts sets every count and record to nothing; the world stays.
func (b *Balancers) ResetCounts() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts = counts{}
	for _, r := range b.world.rules() {
		r.requests = 0
	}
	for _, g := range b.world.groups {
		g.requests, g.answers = 0, [6]uint64{}
		for _, m := range g.members {
			m.requests = 0
		}
	}
}

func (b *Balancers) listenerState(l *listener) ListenerState {
	state := ListenerState{ARN: l.arn, Port: l.shownPort()}
	if socket, ok := b.sockets[l.arn]; ok {
		state.Addr = socket.addr
	}
	for _, r := range l.all() {
		shown := showRules([]*rule{r})[0]
		rs := RuleState{
			ARN: r.arn, Priority: aws.ToString(shown.Priority), Requests: r.requests,
			Action: string(r.actions[len(r.actions)-1].Type),
		}
		for _, c := range r.conditions {
			values, err := conditionValues(&c)
			if err != nil {
				continue // it was checked when it was stored
			}
			rs.Conditions = append(rs.Conditions, fmt.Sprintf("%s %s", aws.ToString(c.Field), strings.Join(values, " or ")))
		}
		for _, share := range forwarded(r.actions) {
			name := share.group
			if g := b.world.group(share.group); g != nil {
				name = g.name
			}
			rs.Weights = append(rs.Weights, GroupWeight{TargetGroup: name, ARN: share.group, Weight: share.weight})
		}
		state.Rules = append(state.Rules, rs)
	}
	return state
}

func groupState(g *group) TargetGroupState {
	state := TargetGroupState{Name: g.name, ARN: g.arn, Requests: g.requests, Answers: map[string]uint64{}}
	if g.owner != nil {
		state.LoadBalancer = g.owner.name
	}
	for class, n := range g.answers {
		if n > 0 {
			state.Answers[fmt.Sprintf("%dxx", class)] = n
		}
	}
	for _, m := range g.members {
		s, reason := m.shown(g.owner != nil)
		state.Targets = append(state.Targets, TargetState{
			ID: m.target.ID, Port: m.target.Port, Addr: m.target.Addr, Fault: m.target.Fault,
			State: string(s), Reason: string(reason), Requests: m.requests, InFlight: m.inFlight,
		})
	}
	return state
}
