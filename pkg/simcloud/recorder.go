package simcloud

import (
	"slices"
	"sync"
	"time"
)

// Call is one call that was answered.
type Call struct {
	// Service is the signing name of the service, such as "ecs" or
	// "elasticloadbalancing", or "datadog".
	Service string
	// Operation is the name of the operation; for Datadog, the path.
	Operation string
	// At is when the call came in.
	At time.Time
	// Status is the HTTP status of the answer, 0 if the answer was lost.
	Status int
}

// maxCalls bounds the memory of a cloud that runs for days.
const maxCalls = 100_000

// recorder remembers calls. Its zero value is ready.
type recorder struct {
	mu    sync.Mutex
	calls []Call
	nth   map[[2]string]int
}

// begin counts a call and returns how many there were of it, this one included.
func (r *recorder) begin(service, operation string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.nth == nil {
		r.nth = map[[2]string]int{}
	}
	key := [2]string{service, operation}
	r.nth[key]++
	return r.nth[key]
}

func (r *recorder) end(call Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.calls) >= maxCalls {
		r.calls = slices.Delete(r.calls, 0, maxCalls/2)
	}
	r.calls = append(r.calls, call)
}

// Calls returns every call answered so far, in the order of their answers.
func (c *Cloud) Calls() []Call {
	c.recorder.mu.Lock()
	defer c.recorder.mu.Unlock()
	return slices.Clone(c.recorder.calls)
}

// CountCalls returns how often each operation was called, by "service:operation".
func (c *Cloud) CountCalls() map[string]int {
	counts := map[string]int{}
	for _, call := range c.Calls() {
		counts[call.Service+":"+call.Operation]++
	}
	return counts
}
