package ecs

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// pace is how fast the clients of one provider call AWS, all of its applications
// together. It halves when AWS says that it is too fast, and recovers slowly.
type pace struct {
	limiter *rate.Limiter
	most    float64 // requests per second

	mu      sync.Mutex
	now     float64
	changed time.Time
}

const (
	slowest = 0.5 // requests per second
	// changesApart is how long a change of the pace gets to show: requests that
	// were on their way say nothing about it.
	changesApart = time.Second
	recovery     = 1.25 // factor of one change back
)

func newPace(perSecond float64) *pace {
	return &pace{limiter: rate.NewLimiter(rate.Limit(perSecond), burst), most: perSecond, now: perSecond}
}

// heard adapts the pace to how an attempt ended.
func (p *pace) heard(throttled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if (!throttled && p.now >= p.most) || time.Since(p.changed) < changesApart {
		return
	}
	p.changed = time.Now()
	if throttled {
		p.now = max(p.now/2, slowest) // halves
	} else {
		p.now = min(p.now*recovery, p.most)
	}
	p.limiter.SetLimit(rate.Limit(p.now))
	if p.now >= p.most {
		p.limiter.SetBurst(burst)
	} else {
		p.limiter.SetBurst(int(math.Ceil(p.now)))
	}
}

// listening tells the pace how each attempt ended, those that the SDK repeats by
// itself included.
func (p *pace) listening(stack *middleware.Stack) error {
	throttles := retry.IsErrorThrottles(retry.DefaultThrottles)
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			p.heard(err != nil && throttles.IsErrorThrottle(err).Bool())
			return out, metadata, err
		}), (*retry.Attempt)(nil).ID(), middleware.After)
}

// paced delays requests so that the pace is kept, retries of the SDK included.
type paced struct {
	next awsecs.HTTPClient
	pace *pace
}

// Do waits for the pace and sends the request.
func (l paced) Do(r *http.Request) (*http.Response, error) {
	if err := l.pace.limiter.Wait(r.Context()); err != nil {
		return nil, err
	}
	return l.next.Do(r)
}
