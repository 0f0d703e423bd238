package elb

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// health is what a load balancer knows of one target from its health checks:
// a state machine without sockets or clock.
//
//	initial ── one success ──────────────▶ healthy
//	initial ── UnhealthyThreshold failures ▶ unhealthy
//	healthy ── UnhealthyThreshold failures ▶ unhealthy
//	unhealthy ─ HealthyThreshold successes ▶ healthy
//
// A new target needs a single success, whatever the threshold (AWS,
// "Health checks for your target groups").
type health struct {
	state     types.TargetHealthStateEnum
	reason    types.TargetHealthReasonEnum
	successes int // consecutive
	failures  int // consecutive
}

func newHealth() health {
	return health{
		state:  types.TargetHealthStateEnumInitial,
		reason: types.TargetHealthReasonEnumRegistrationInProgress,
	}
}

// observe takes one health check's result; failure is empty for a success.
func (h *health) observe(failure types.TargetHealthReasonEnum, check HealthCheck) {
	if failure == "" {
		h.failures = 0
		h.successes++
		if h.state == types.TargetHealthStateEnumInitial || h.successes >= check.HealthyThreshold {
			h.state, h.reason = types.TargetHealthStateEnumHealthy, ""
		}
		return
	}
	h.successes = 0
	h.failures++
	switch {
	case h.failures >= check.UnhealthyThreshold || h.state == types.TargetHealthStateEnumUnhealthy:
		h.state, h.reason = types.TargetHealthStateEnumUnhealthy, failure
	case h.state == types.TargetHealthStateEnumInitial:
		h.reason = types.TargetHealthReasonEnumInitialHealthChecking
	}
}

// matches reports whether an HTTP code is success for a matcher such as "200",
// "200,202" or "200-299".
func matches(matcher string, code int) bool {
	for part := range strings.SplitSeq(matcher, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(low)
		if err != nil {
			continue
		}
		to := from
		if isRange {
			if to, err = strconv.Atoi(high); err != nil {
				continue
			}
		}
		if from <= code && code <= to {
			return true
		}
	}
	return false
}

// describeReason is the sentence that accompanies a reason code.
func describeReason(reason types.TargetHealthReasonEnum) string {
	switch reason {
	case types.TargetHealthReasonEnumRegistrationInProgress:
		return "the target is being registered"
	case types.TargetHealthReasonEnumInitialHealthChecking:
		return "the first health checks are running"
	case types.TargetHealthReasonEnumResponseCodeMismatch:
		return "health checks got an unexpected HTTP code"
	case types.TargetHealthReasonEnumTimeout:
		return "health checks got no answer in time"
	case types.TargetHealthReasonEnumFailedHealthChecks:
		return "health checks could not connect"
	case types.TargetHealthReasonEnumNotRegistered:
		return "the target is not registered with the group"
	case types.TargetHealthReasonEnumNotInUse:
		return "no listener forwards to the target group"
	case types.TargetHealthReasonEnumDeregistrationInProgress:
		return "the target is draining"
	default:
		return ""
	}
}
