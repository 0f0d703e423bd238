package elb

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// route is what becomes of one request.
type route struct {
	action types.Action // the one that ends
	group  *group       // forward only; nil if every weight is 0
	member *member      // forward only; nil if the group has nobody to ask
	fault  string       // of the task that explains an empty group, if one does
}

// match returns the rule for the request: the first whose conditions hold, in
// priority order, else the default rule.
func (l *listener) match(r *http.Request) *rule {
	for _, candidate := range l.rules {
		if holds(candidate.conditions, r) {
			return candidate
		}
	}
	return l.fallback
}

// route decides what becomes of a request and counts it. It runs with
// Balancers.mu held. Authentication actions are passed over.
func (w *world) route(l *listener, r *http.Request) route {
	rule := l.match(r)
	rule.requests++
	decided := route{action: rule.actions[len(rule.actions)-1]}
	if decided.action.Type != types.ActionTypeEnumForward {
		return decided
	}
	if decided.group = w.group(rule.split.next()); decided.group == nil {
		return decided
	}
	if decided.member = decided.group.pick(); decided.member != nil {
		decided.group.requests++
		decided.member.requests++
		decided.member.inFlight++
		return decided
	}
	decided.fault = decided.group.departed
	for _, m := range decided.group.members {
		if m.target.Fault != "" {
			decided.fault = m.target.Fault
		}
	}
	return decided
}
