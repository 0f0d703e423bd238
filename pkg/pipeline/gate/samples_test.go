package gate_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/gate"
)

// chart is the control plane that keeps checks, by metric and index.
type chart struct {
	mu     sync.Mutex
	kept   map[string]model.AnalysisCheck
	calls  int
	refuse func() error
}

func newChart() *chart { return &chart{kept: map[string]model.AnalysisCheck{}} }

func (c *chart) ReportAnalysisChecks(ctx context.Context, r model.AnalysisReport) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.refuse != nil {
		if err := c.refuse(); err != nil {
			return err
		}
	}
	if r.DeploymentID != "d1" || r.StageID != "gate" || len(r.Checks) == 0 || len(r.Checks) > model.MaxChecksInReport {
		return model.Errorf(model.CodeInvalid, "report %+v", r)
	}
	for _, check := range r.Checks {
		c.kept[fmt.Sprintf("%s/%d", check.Metric, check.Index)] = check
	}
	return nil
}

// names lists what is kept.
func (c *chart) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.kept))
}

func (c *chart) stage(p *provider) gate.Analysis {
	s := p.stage()
	s.Checks = c
	return s
}

func checksOf(metric string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s/%d", metric, i))
	}
	return out
}

// TestEveryCheckIsReported: with all that is needed to draw it.
func TestEveryCheckIsReported(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p, c := newRecord(), newProvider(map[string]float64{"a": 1, "b": 50}), newChart()
		opts := analysing("a", "b")
		opts.Metrics[1].FailureLimit = 1
		if out := succeeds(t, c.stage(p), r.run(opts)); !out.Failed {
			t.Fatalf("outcome %+v", out)
		}
		if got := c.names(); !slices.Contains(got, "metrics-0/0") || !slices.Contains(got, "metrics-1/0") || !slices.Contains(got, "metrics-1/1") {
			t.Errorf("reported were %v", got)
		}
		got := c.kept["metrics-1/1"]
		want := model.AnalysisCheck{
			Metric: "metrics-1", Index: 1, Strategy: "THRESHOLD", From: r.begun.Add(time.Minute).UTC(), To: r.begun.Add(2 * time.Minute).UTC(),
			Query: "b", Max: new(float64(10)), Verdict: "FAIL", Failed: true, AskedAt: got.AskedAt, Message: got.Message,
			Series: []model.AnalysisSeries{{Name: "b", Points: []model.AnalysisPoint{{Time: r.begun.Add(2*time.Minute - time.Second).UTC(), Value: 50}}}},
		}
		if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(got.Message, "the value was 50") || got.AskedAt.Before(got.To) {
			t.Errorf("the check (-want +got):\n%s", diff)
		}
	})
}

// TestChecksOverRestarts: none is lost and none is there twice.
func TestChecksOverRestarts(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p, c := newRecord(), newProvider(map[string]float64{"a": 1}), newChart()
		for range 3 {
			stops(t, 2*time.Minute+30*time.Second, c.stage(p), r.run(analysing("a")))
		}
		// Dies between reporting a check and counting it.
		fenced := model.Errorf(model.CodeFenced, "another process holds the lease")
		r.refuse = func(map[string]string) error { return fenced }
		if _, err := c.stage(p).Run(t.Context(), r.run(analysing("a"))); model.CodeOf(err) != model.CodeFenced {
			t.Fatalf("Run = %v", err)
		}
		r.refuse = nil
		succeeds(t, c.stage(p), r.run(analysing("a")))
		if diff := cmp.Diff(checksOf("metrics-0", 10), c.names()); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
	})
}

// TestChecksThatCannotBeReported: the analysis does not suffer, and what was
// only delayed comes later.
func TestChecksThatCannotBeReported(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code  model.Code
		until time.Duration
		kept  int
		calls int
	}{
		"the store is away for a while": {model.CodeUnavailable, 5*time.Minute + 30*time.Second, 10, 10},
		"and to the last check":         {model.CodeInternal, time.Hour, 0, 11},
		"the limit is reached":          {model.CodeExhausted, time.Hour, 0, 1},
		"another process took over":     {model.CodeFenced, time.Hour, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r, p, c := newRecord(), newProvider(map[string]float64{"a": 1}), newChart()
				c.refuse = func() error {
					if time.Since(r.begun) < tt.until {
						return model.Errorf(tt.code, "no")
					}
					return nil
				}
				if out := succeeds(t, c.stage(p), r.run(analysing("a"))); out.Failed || time.Since(r.begun) > 11*time.Minute {
					t.Errorf("outcome %+v after %s", out, time.Since(r.begun))
				}
				if len(c.names()) != tt.kept || c.calls != tt.calls {
					t.Errorf("%d checks kept after %d calls, want %d after %d", len(c.names()), c.calls, tt.kept, tt.calls)
				}
			})
		})
	}
}

// TestSlowStore: metrics wait for each other without holding a lock, which in
// virtual time would stop the clock, and a stop does not wait for them.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 1, "b": 1, "c": 1})
		r.slow = 5 * time.Second
		if out := succeeds(t, p.stage(), r.run(analysing("a", "b", "c"))); out.Failed {
			t.Errorf("outcome %+v", out)
		}
		if took := time.Since(r.begun); took > 12*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}
