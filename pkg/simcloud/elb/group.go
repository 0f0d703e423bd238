package elb

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/simcloud/target"
)

// group is a target group and its targets.
type group struct {
	name, arn  string
	port       int
	check      HealthCheck
	delay      time.Duration     // deregistration delay
	attributes map[string]string // those that were set on the wire
	members    []*member
	departed   string // the fault of the target that left last
	turn       int    // round robin
	requests   uint64
	answers    [6]uint64 // by class of the targets' HTTP codes: [2] is 2xx
	owner      *balancer // the load balancer that forwards here, kept by reattach
}

// member is one registered target.
type member struct {
	target   target.Target
	group    *group
	health   health
	draining bool
	// gone ends with the cause errDeregistered when the deregistration delay has
	// passed, and so cuts what is still in flight.
	gone     context.Context //nolint:containedctx // the target's lifetime, which requests to it join
	remove   context.CancelCauseFunc
	left     chan struct{} // closed when the target is no longer registered
	timer    *time.Timer   // runs while draining
	wake     chan struct{} // asks for a health check now
	unwatch  context.CancelFunc
	inFlight int
	requests uint64
}

func (g *group) member(t target.Target) *member {
	return find(g.members, func(m *member) bool { return m.target.ID == t.ID && m.target.Port == t.Port })
}

// pick returns the target for the next request, by round robin over the healthy
// ones. When none is healthy the group fails open: the unhealthy ones get the
// requests (AWS, "Health checks for your target groups"). Initial and draining
// targets get none; nil if there is no other.
func (g *group) pick() *member {
	for _, state := range []types.TargetHealthStateEnum{
		types.TargetHealthStateEnumHealthy, types.TargetHealthStateEnumUnhealthy,
	} {
		var able []*member
		for _, m := range g.members {
			if !m.draining && m.health.state == state {
				able = append(able, m)
			}
		}
		if len(able) > 0 {
			g.turn++
			return able[g.turn%len(able)]
		}
	}
	return nil
}

// count returns how many targets are healthy and unhealthy; draining and
// initial ones are neither.
func (g *group) count() (healthy, unhealthy int) {
	for _, m := range g.members {
		switch {
		case m.draining:
		case m.health.state == types.TargetHealthStateEnumHealthy:
			healthy++
		case m.health.state == types.TargetHealthStateEnumUnhealthy:
			unhealthy++
		}
	}
	return healthy, unhealthy
}

func (g *group) drop(m *member) {
	g.members = slices.DeleteFunc(g.members, func(other *member) bool { return other == m })
}

// shown is the target's state as the API tells it.
func (m *member) shown(attached bool) (types.TargetHealthStateEnum, types.TargetHealthReasonEnum) {
	switch {
	case m.draining:
		return types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress
	case !attached:
		return types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse
	default:
		return m.health.state, m.health.reason
	}
}
