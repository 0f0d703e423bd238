package analysis_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

// service is a metrics service in virtual time: a value per bucket of ten
// seconds, visible some time after the bucket ended.
type service struct {
	lag   time.Duration
	value func(at time.Time) (float64, bool)
	// fails, if not nil, answers instead, given the number of the request.
	fails func(n int) error

	mu    sync.Mutex
	asked []time.Time
}

const bucket = 10 * time.Second

func (s *service) Query(_ context.Context, q analysis.Query) (analysis.Result, error) {
	s.mu.Lock()
	s.asked = append(s.asked, time.Now())
	n := len(s.asked)
	s.mu.Unlock()
	if s.fails != nil {
		if err := s.fails(n); err != nil {
			return analysis.Result{}, err
		}
	}
	var result analysis.Result
	line := analysis.Series{Name: "errors"}
	for at := q.Window.From.Add(-q.Lookback).Truncate(bucket); !at.Add(bucket + s.lag).After(time.Now()); at = at.Add(bucket) {
		value, ok := s.value(at)
		if !ok {
			continue
		}
		result.Newest = at.Add(bucket)
		if q.Window.Ends(at.Add(bucket)) {
			line.Points = append(line.Points, analysis.Point{Time: at, Value: value})
		}
	}
	result.Series = []analysis.Series{line}
	return result, nil
}

func always(v float64) func(time.Time) (float64, bool) {
	return func(time.Time) (float64, bool) { return v, true }
}

func metric(p analysis.Provider, cfg analysis.Config) analysis.Metric {
	return analysis.Metric{
		ID: "metrics-0", Provider: p, Query: "q", Expected: analysis.Bounds{Max: new(float64(10))},
		Config: cfg, Logger: slog.New(slog.DiscardHandler),
	}
}

var tenMinutes = analysis.Config{Duration: 10 * time.Minute, Interval: time.Minute}

// run runs a metric from now and returns how it ended, what it reported and
// how long it took.
func run(t *testing.T, s *service, cfg analysis.Config) (analysis.Outcome, []analysis.Report, time.Duration) {
	t.Helper()
	begin := time.Now()
	var reports []analysis.Report
	outcome, err := metric(s, cfg).Run(t.Context(), analysis.NewProgress(begin), func(_ context.Context, r analysis.Report) error {
		stored(t, r.Progress)
		reports = append(reports, r)
		return nil
	})
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return outcome, reports, time.Since(begin)
}

func TestRun(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	unavailable := model.Errorf(model.CodeUnavailable, "the far end is away")
	for name, tt := range map[string]struct {
		service *service
		cfg     analysis.Config
		state   analysis.State
		says    string
		least   time.Duration
		most    time.Duration
	}{
		"healthy":           {&service{value: always(1)}, tenMinutes, analysis.StateSucceeded, "10 checks passed, 0 failed", 10 * m, 10*m + 2*time.Second},
		"bad at once":       {&service{value: always(50)}, tenMinutes, analysis.StateFailed, "the value was 50 at", m, m + 2*time.Second},
		"late metric":       {&service{value: always(1), lag: 3 * m}, tenMinutes, analysis.StateSucceeded, "10 checks passed, 0 failed", 13 * m, 14 * m},
		"bad late metric":   {&service{value: always(50), lag: 3 * m}, tenMinutes, analysis.StateFailed, "the value was 50 at", 4 * m, 5 * m},
		"later than waited": {&service{value: always(50), lag: 7 * m}, tenMinutes, analysis.StateSucceeded, "10 without data; no check ever saw data", 10 * m, 11 * m},
		"silent metric":     {&service{value: func(time.Time) (float64, bool) { return 0, false }}, tenMinutes, analysis.StateSucceeded, "no check ever saw data", 10 * m, 11 * m},
		"provider away":     {&service{fails: func(int) error { return unavailable }}, tenMinutes, analysis.StateFailed, "the provider gave no answer to 3 checks in a row: the far end is away", 3 * m, 5 * m},
		"a blip is retried": {&service{value: always(1), fails: func(n int) error {
			if n <= 3 {
				return unavailable
			}
			return nil
		}}, tenMinutes, analysis.StateSucceeded, "10 checks passed, 0 failed", 10 * m, 11 * m},
		"rejected query is not retried": {&service{fails: func(n int) error {
			if n > 3 {
				return nil
			}
			return model.Errorf(model.CodeInvalid, "no such metric")
		}}, tenMinutes, analysis.StateFailed, "no such metric", 3 * m, 3*m + 5*time.Second},
		"as bad as before the stage": {&service{value: func(at time.Time) (float64, bool) {
			return 99, at.Before(epoch)
		}}, tenMinutes, analysis.StateSucceeded, "no check ever saw data", 10 * m, 16 * m},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got, _, took := run(t, tt.service, tt.cfg)
				if got.State != tt.state || !strings.Contains(got.Message, tt.says) {
					t.Errorf("got %+v, want %s with %q", got, tt.state, tt.says)
				}
				if took < tt.least || took > tt.most {
					t.Errorf("took %s of virtual time, want %s to %s", took, tt.least, tt.most)
				}
			})
		})
	}
}

// epoch is when every bubble of virtual time begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestRunReports(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{value: always(1), lag: 2 * time.Minute}
		_, reports, _ := run(t, s, analysis.Config{Duration: 3 * time.Minute, Interval: time.Minute})
		if first := reports[0]; first.Check != nil || !strings.Contains(first.Message, "arrives late") || first.Progress.Delay == 0 {
			t.Errorf("the first report is %+v, want a learned delay", first)
		}
		end := epoch
		for _, r := range reports {
			if r.Check == nil {
				continue
			}
			if !r.Check.Window.From.Equal(end) || len(r.Check.Series) != 1 || len(r.Check.Series[0].Points) != 6 {
				t.Errorf("check of %s after %s has %+v, want six points and no gap", r.Check.Window, end, r.Check.Series)
			}
			end = r.Check.Window.To
		}
		if !end.Equal(epoch.Add(3 * time.Minute)) {
			t.Errorf("the last window ends at %s", end)
		}
	})
}

// TestRunSurvivesRestart stops the run after every report and goes on from what
// was stored.
func TestRunSurvivesRestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &service{value: always(1), lag: time.Minute}
		killed := errors.New("killed")
		p, begin := analysis.NewProgress(time.Now()), time.Now()
		for range 100 {
			outcome, err := metric(s, tenMinutes).Run(t.Context(), p, func(_ context.Context, r analysis.Report) error {
				p = stored(t, r.Progress)
				return killed
			})
			if err == nil {
				if outcome.State != analysis.StateSucceeded || p.Passed != 10 || time.Since(begin) > 12*time.Minute {
					t.Errorf("after %s: %+v, progress %+v", time.Since(begin), outcome, p)
				}
				return
			}
			if !errors.Is(err, killed) {
				t.Fatalf("Run: %v", err)
			}
		}
		t.Error("the analysis does not end")
	})
}

// TestRunCancel: a cancel, while waiting or while asking, is no verdict.
func TestRunCancel(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"waiting": 30 * time.Second, "retrying": 65 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				skipped := errors.New("skipped by a user")
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				time.AfterFunc(after, func() { cancel(skipped) })
				begin := time.Now()
				s := &service{fails: func(int) error { return model.Errorf(model.CodeUnavailable, "away") }}
				_, err := metric(s, tenMinutes).Run(ctx, analysis.NewProgress(begin), func(context.Context, analysis.Report) error {
					t.Error("a cancelled check was reported")
					return nil
				})
				if !errors.Is(err, skipped) || time.Since(begin) != after {
					t.Errorf("after %s: %v, want %v after %s", time.Since(begin), err, skipped, after)
				}
			})
		})
	}
}

func TestRetrying(t *testing.T) {
	t.Parallel()
	q := analysis.Query{Expr: "q", Window: analysis.Window{From: epoch, To: epoch.Add(time.Minute)}}
	limited := func(after time.Duration) error {
		return &analysis.RetryAfterError{After: after, Err: model.Errorf(model.CodeExhausted, "slow down")}
	}
	for name, tt := range map[string]struct {
		fails       func(n int) error
		code        model.Code
		requests    int
		least, most time.Duration
	}{
		"no error": {func(int) error { return nil }, "", 1, 0, 0},
		"two errors": {func(n int) error {
			if n < 3 {
				return model.Errorf(model.CodeUnavailable, "away")
			}
			return nil
		}, "", 3, 500 * time.Millisecond, 3 * time.Second},
		"retry-after is honoured": {func(n int) error {
			if n == 1 {
				return limited(20 * time.Second)
			}
			return nil
		}, "", 2, 20 * time.Second, 23 * time.Second},
		"retry-after beyond the budget": {func(int) error { return limited(10 * time.Minute) }, model.CodeExhausted, 1, 0, 0},
		"not retryable":                 {func(int) error { return model.Errorf(model.CodePermissionDenied, "no") }, model.CodePermissionDenied, 1, 0, 0},
		"without a code":                {func(int) error { return errors.New("defect") }, model.CodeInternal, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &service{fails: tt.fails, value: always(1)}
				begin := time.Now()
				provider := analysis.Retrying(s, analysis.RetryConfig{Timeout: 30 * time.Second, Budget: time.Minute, Logger: slog.New(slog.DiscardHandler)})
				_, err := provider.Query(t.Context(), q)
				took := time.Since(begin)
				if model.CodeOf(err) != tt.code || len(s.asked) != tt.requests || took < tt.least || took > tt.most {
					t.Errorf("got %v after %d requests in %s; want code %q, %d requests, %s to %s", err, len(s.asked), took, tt.code, tt.requests, tt.least, tt.most)
				}
			})
		})
	}
}

// stuck answers only when it has to stop.
type stuck struct{ requests int }

func (s *stuck) Query(ctx context.Context, _ analysis.Query) (analysis.Result, error) {
	s.requests++
	<-ctx.Done()
	return analysis.Result{}, context.Cause(ctx)
}

func TestRetryingBoundsEveryRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := &stuck{}
		begin := time.Now()
		_, err := analysis.Retrying(far, analysis.RetryConfig{Timeout: 10 * time.Second, Budget: time.Minute, Logger: slog.New(slog.DiscardHandler)}).
			Query(t.Context(), analysis.Query{Expr: "q"})
		if model.CodeOf(err) != model.CodeUnavailable || far.requests < 3 || time.Since(begin) > time.Minute {
			t.Errorf("got %v after %d requests in %s", err, far.requests, time.Since(begin))
		}
	})
}

// TestRunLeavesOutWhatBeganBefore: a bucket that reaches back before the stage
// is not held against it.
func TestRunLeavesOutWhatBeganBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(bucket / 2) // virtual: the stage begins in the middle of a bucket
		begin := time.Now()
		s := &service{value: func(at time.Time) (float64, bool) {
			if at.Before(begin) {
				return 99, true
			}
			return 1, true
		}}
		got, reports, _ := run(t, s, analysis.Config{Duration: 2 * time.Minute, Interval: time.Minute})
		if got.State != analysis.StateSucceeded || len(reports) != 2 {
			t.Fatalf("got %+v after %d reports, want success after 2", got, len(reports))
		}
		if n := len(reports[0].Check.Series[0].Points); n != 5 {
			t.Errorf("the first check judged %d points, want the 5 whole ones", n)
		}
	})
}
