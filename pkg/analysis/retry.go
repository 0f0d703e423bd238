package analysis

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"pipecd/pkg/model"
)

// The pace of retries: fast at first, then slower, each wait half random.
const (
	firstRetry = 500 * time.Millisecond
	slowRetry  = 15 * time.Second
)

// RetryConfig bounds the retries of one query.
type RetryConfig struct {
	// Timeout bounds one request. Must be positive.
	Timeout time.Duration
	// Budget bounds the query with all its requests and waits. Must be
	// positive.
	Budget time.Duration
	Logger *slog.Logger
}

// Retrying returns a Provider that asks again after errors with
// CodeUnavailable and CodeExhausted, with growing random waits or when the
// provider said, as long as cfg.Budget allows. It returns the last error of the
// provider, or an error that wraps context.Cause(ctx) if ctx ended.
func Retrying(p Provider, cfg RetryConfig) Provider {
	return &retrying{provider: p, cfg: cfg}
}

type retrying struct {
	provider Provider
	cfg      RetryConfig
}

// Query implements Provider.
func (r *retrying) Query(ctx context.Context, q Query) (Result, error) {
	budget, cancel := context.WithTimeoutCause(ctx, r.cfg.Budget, errNoTimeLeft)
	defer cancel()

	pace := backoff.NewExponentialBackOff()
	pace.InitialInterval, pace.MaxInterval = firstRetry, slowRetry
	var last error
	result, err := backoff.Retry(budget, func() (Result, error) {
		var result Result
		result, last = r.attempt(budget, q)
		return result, asBackoff(last)
	},
		backoff.WithBackOff(pace),
		backoff.WithMaxElapsedTime(r.cfg.Budget),
		backoff.WithNotify(func(err error, wait time.Duration) {
			r.cfg.Logger.WarnContext(ctx, "metrics provider gave no answer, asking again",
				slog.Duration("wait", wait), slog.Any("error", err))
		}))
	switch {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return Result{}, model.Wrap(model.CodeUnavailable, context.Cause(ctx), "ask the metrics provider")
	default:
		return Result{}, last
	}
}

// attempt makes one request. A provider that ran into the request's own
// deadline counts as unavailable, whatever error it made of it.
func (r *retrying) attempt(ctx context.Context, q Query) (Result, error) {
	request, cancel := context.WithTimeoutCause(ctx, r.cfg.Timeout, errRequestTimeout)
	defer cancel()
	result, err := r.provider.Query(request, q)
	if err != nil && request.Err() != nil {
		return Result{}, model.Errorf(model.CodeUnavailable, "the metrics provider did not answer in time: %w", err)
	}
	return result, err
}

var (
	errNoTimeLeft     = errors.New("no time is left for the query")
	errRequestTimeout = errors.New("the request took too long")
)

// asBackoff tells the backoff library what the codes of package model say.
func asBackoff(err error) error {
	if err == nil {
		return nil
	}
	if !model.IsRetryable(err) {
		return backoff.Permanent(err)
	}
	if later, ok := errors.AsType[*RetryAfterError](err); ok && later.After > 0 {
		// All metrics of all applications are told the same instant, so they
		// come back spread over a tenth of the wait.
		wait := later.After + rand.N(later.After/10+time.Millisecond) //nolint:gosec // G404: spreads load, guards nothing
		return errors.Join(err, &backoff.RetryAfterError{Duration: wait})
	}
	return err
}
