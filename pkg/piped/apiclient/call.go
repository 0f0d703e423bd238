package apiclient

import (
	"context"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc"

	"pipecd/pkg/model"
)

const (
	// callDeadline bounds one attempt of a call.
	callDeadline = 20 * time.Second
	// bulkDeadline bounds one attempt of a call that moves much.
	bulkDeadline = 60 * time.Second
	// fewTries is how often a call is tried that meets a limit (one on the rate
	// passes, one on the size does not) or an internal error (as PipeCD's control
	// plane answers when its store hiccups).
	fewTries = 5

	firstPause = 200 * time.Millisecond
	maxPause   = 15 * time.Second
)

// op is one call in words and limits.
type op struct {
	client   *Client
	doing    string // "reporting the plan of deployment d1"
	deadline time.Duration
	acts     bool // changes what only the holder of the lease may change
}

// reading returns a call that anyone may make.
func (c *Client) reading(doing string) op {
	return op{client: c, doing: doing, deadline: callDeadline}
}

// acting returns a call that only the holder of the lease may make.
func (c *Client) acting(doing string) op {
	return op{client: c, doing: doing, deadline: callDeadline, acts: true}
}

func (o op) bulk() op {
	o.deadline = bulkDeadline
	return o
}

// call makes a call until it succeeds, is refused, or ctx ends. Repeated is what
// is unavailable, took longer than its deadline, or, a few times, met a limit or
// an internal error. Every call of this package is safe to repeat.
func call[Req, Res any](ctx context.Context, o op, rpc func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req) (Res, error) {
	pause := newPause()
	for try := 1; ; try++ {
		res, err := attempt(ctx, o, rpc, req)
		if err == nil {
			return res, nil
		}
		if ctx.Err() != nil || !worthRepeating(err, try) {
			return res, err
		}
		wait := pause.NextBackOff()
		o.logRetry(ctx, err, try, wait)
		if !sleep(ctx, wait) {
			return res, err
		}
	}
}

// attempt makes a call once.
func attempt[Req, Res any](ctx context.Context, o op, rpc func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req) (Res, error) {
	if err := o.allowed(); err != nil {
		var none Res
		return none, err
	}
	once, cancel := context.WithTimeout(ctx, o.deadline)
	defer cancel()
	res, err := rpc(once, req)
	return res, o.explain(ctx, err)
}

// allowed refuses to act while another instance is known to hold the lease.
// Before the first lease this process has no epoch that would make the control
// plane refuse it.
func (o op) allowed() error {
	holder := o.client.holder.Load()
	if !o.acts || holder == nil {
		return nil
	}
	return model.Errorf(model.CodeFenced, "%s: %s acts for this piped; this process stands by", o.doing, holder)
}

func worthRepeating(err error, try int) bool {
	switch model.CodeOf(err) {
	case model.CodeUnavailable:
		return true
	case model.CodeExhausted, model.CodeInternal:
		return try < fewTries
	case model.CodeInvalid, model.CodeNotFound, model.CodeAlreadyExists, model.CodeFailedPrecondition, model.CodeUnauthenticated,
		model.CodePermissionDenied, model.CodeFenced, model.CodeUnimplemented:
		return false
	default:
		return false
	}
}

// logRetry warns once per call and whispers after: many calls wait during one
// outage, and the session reports that too.
func (o op) logRetry(ctx context.Context, err error, try int, wait time.Duration) {
	level := slog.LevelDebug
	if try == 1 {
		level = slog.LevelWarn
	}
	o.client.options.Logger.LogAttrs(ctx, level, err.Error()+"; trying again in "+wait.Round(time.Millisecond).String(),
		slog.Int("try", try), slog.String("code", string(model.CodeOf(err))))
}

// newPause returns growing, jittered pauses, short at first.
func newPause() *backoff.ExponentialBackOff {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = firstPause
	pause.Multiplier = 2
	pause.MaxInterval = maxPause
	pause.RandomizationFactor = 0.5
	return pause
}

// sleep waits for d and reports whether ctx lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
