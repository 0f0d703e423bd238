package elb

import (
	"context"
	"errors"
	"net"
	"net/http"

	"pipecd/pkg/simcloud/task"
)

// Cause says who is to blame for an error that a load balancer made.
type Cause string

const (
	// CauseRouting is a move of the operator: weight was given to a target group
	// that could not answer, or a target was removed or stopped before its
	// requests ended.
	CauseRouting Cause = "routing"
	// CauseTarget is a task, in particular one that was told to misbehave.
	CauseTarget Cause = "target"
)

// failure is how a request failed at the load balancer.
type failure int

const (
	noTarget     failure = iota + 1 // the group had nobody to ask: 503
	refused                         // no connection could be made: 502
	cut                             // the connection ended without a whole answer: 502
	timedOut                        // no connection or no answer in time: 504
	deregistered                    // the deregistration delay passed first: 502
)

// status is the HTTP code AWS answers with ("Troubleshoot your Application Load
// Balancers").
func (f failure) status() int {
	switch f {
	case noTarget:
		return http.StatusServiceUnavailable
	case timedOut:
		return http.StatusGatewayTimeout
	case refused, cut, deregistered:
		return http.StatusBadGateway
	default:
		return http.StatusBadGateway
	}
}

// String names the failure in records.
func (f failure) String() string {
	switch f {
	case noTarget:
		return "no target to send the request to"
	case refused:
		return "the target refused the connection"
	case cut:
		return "the target closed the connection without a whole answer"
	case timedOut:
		return "the target did not answer in time"
	case deregistered:
		return "the target's deregistration delay passed before it answered"
	default:
		return "unknown"
	}
}

// blame decides the cause. A misbehaving task explains only what its fault can
// do: a task that drops connections still listens, so that a refused connection
// to it means it was stopped under its requests.
func blame(f failure, fault string) Cause {
	kind := task.FaultKind(fault)
	switch f {
	case deregistered:
		return CauseRouting
	case timedOut:
		return CauseTarget // a stopped task refuses or cuts; only a slow one is silent
	case cut:
		if kind == task.FaultDrop || kind == task.FaultCrash {
			return CauseTarget
		}
	case refused, noTarget:
		if kind == task.FaultCrash {
			return CauseTarget
		}
	}
	return CauseRouting
}

// errIdleTimeout is why a request that the target does not answer ends.
var errIdleTimeout = errors.New("the target did not begin its answer within the idle timeout")

// classify tells what a failed round trip was; cause is why its context ended.
func classify(err, cause error) failure {
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(cause, errDeregistered):
		return deregistered
	case errors.Is(cause, errIdleTimeout), errors.Is(err, context.DeadlineExceeded):
		return timedOut
	case errors.As(err, &timeout) && timeout.Timeout():
		return timedOut
	case errors.As(err, &op) && op.Op == "dial":
		return refused
	default:
		return cut
	}
}
