package elb

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// Moment is what decides where requests go, between two changes.
type Moment struct {
	At     time.Time
	Routes []Route
	Groups map[string]Standing // by ARN
}

// Route is a target group's share in one rule.
type Route struct {
	Rule   string // ARN
	Group  string // ARN
	Weight int
}

// Standing is how many targets of a group are in each state.
type Standing struct {
	Healthy, Unhealthy, Initial, Draining int
}

// Answers reports whether a request to the group reaches a target: a load
// balancer asks unhealthy ones when there is no healthy one.
func (s Standing) Answers() bool { return s.Healthy+s.Unhealthy > 0 }

// tell tells who watches what is so now. It runs with b.mu held.
func (b *Balancers) tell() {
	if b.cfg.Watch == nil || b.closed {
		return
	}
	now := Moment{At: time.Now(), Groups: make(map[string]Standing, len(b.world.groups))}
	for _, r := range b.world.rules() {
		for _, s := range forwarded(r.actions) {
			now.Routes = append(now.Routes, Route{Rule: r.arn, Group: s.group, Weight: s.weight})
		}
	}
	for _, g := range b.world.groups {
		now.Groups[g.arn] = g.standing()
	}
	b.cfg.Watch(now)
}

func (g *group) standing() Standing {
	var s Standing
	for _, m := range g.members {
		switch {
		case m.draining:
			s.Draining++
		case m.health.state == types.TargetHealthStateEnumHealthy:
			s.Healthy++
		case m.health.state == types.TargetHealthStateEnumUnhealthy:
			s.Unhealthy++
		default:
			s.Initial++
		}
	}
	return s
}
