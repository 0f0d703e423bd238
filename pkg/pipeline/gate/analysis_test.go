package gate_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/stage"
)

// provider answers every window with one point of a value; each query is
// itself the name of a metric.
type provider struct {
	mu    sync.Mutex
	value map[string]float64
	asked map[string][]analysis.Window
}

func (p *provider) Query(ctx context.Context, q analysis.Query) (analysis.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return analysis.Result{}, context.Cause(ctx)
	}
	p.asked[q.Expr] = append(p.asked[q.Expr], q.Window)
	at := q.Window.To.Add(-time.Second)
	return analysis.Result{Newest: q.Window.To, Series: []analysis.Series{{
		Name: q.Expr, Points: []analysis.Point{{Time: at, Value: p.value[q.Expr]}},
	}}}, nil
}

func newProvider(value map[string]float64) *provider {
	return &provider{value: value, asked: map[string][]analysis.Window{}}
}

func (p *provider) count(query string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked[query])
}

func (p *provider) stage() gate.Analysis {
	return gate.Analysis{Logger: slog.New(slog.DiscardHandler), Sources: func(name string) (gate.Source, error) {
		if name != "metrics" {
			return gate.Source{}, model.Errorf(model.CodeInvalid, "there is no analysis provider %q", name)
		}
		return gate.Source{Provider: p, Delay: new(time.Duration(0))}, nil
	}}
}

// analysing are the options of ten minutes over the queries, with 10 as the
// most allowed value.
func analysing(queries ...string) *config.AnalysisOptions {
	opts := &config.AnalysisOptions{Duration: config.Duration(10 * time.Minute)}
	for _, q := range queries {
		opts.Metrics = append(opts.Metrics, config.StageMetric{Metric: config.Metric{
			Provider: "metrics", Query: q, Interval: config.Duration(time.Minute), Expected: config.Expected{Max: new(float64(10))},
		}})
	}
	return opts
}

func TestAnalysis(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value       map[string]float64
		failed      bool
		says        string
		hides       string
		least, most time.Duration
	}{
		"all metrics are fine": {map[string]float64{"a": 1, "b": 2}, false,
			"metrics-0: 10 checks passed, 0 failed; metrics-1: 10 checks passed, 0 failed", "?", 10 * time.Minute, 11 * time.Minute},
		"one is bad": {map[string]float64{"a": 1, "b": 50}, true, "metrics-1: the value was 50 at ", "metrics-0", time.Minute, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r, p := newRecord(), newProvider(tt.value)
				out := succeeds(t, p.stage(), r.run(analysing("a", "b")))
				if out.Failed != tt.failed || out.Skipped || !strings.Contains(out.Reason, tt.says) || strings.Contains(out.Reason, tt.hides) {
					t.Errorf("outcome %+v, want failed=%v with %q", out, tt.failed, tt.says)
				}
				if took := time.Since(r.begun); took < tt.least || took > tt.most {
					t.Errorf("took %s, want %s to %s", took, tt.least, tt.most)
				}
			})
		})
	}
}

// TestAnalysisFailureLimit: failures up to the limit are tolerated.
func TestAnalysisFailureLimit(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 50})
		opts := analysing("a")
		opts.Metrics[0].FailureLimit = 2
		if out := succeeds(t, p.stage(), r.run(opts)); !out.Failed || p.count("a") != 3 {
			t.Errorf("outcome %+v after %d checks, want a failure after 3", out, p.count("a"))
		}
	})
}

func TestAnalysisSurvivesRestart(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 1, "b": 1})
		opts := analysing("a", "b")
		for range 2 {
			stops(t, 3*time.Minute+30*time.Second, p.stage(), r.run(opts))
		}
		out := succeeds(t, p.stage(), r.run(opts))
		if out.Failed || !strings.Contains(out.Reason, "metrics-0: 10 checks passed") || !strings.Contains(out.Reason, "metrics-1: 10 checks passed") {
			t.Errorf("outcome %+v, want ten checks of both over all processes", out)
		}
		if took := time.Since(r.begun); took > 11*time.Minute {
			t.Errorf("took %s: the analysis began again", took)
		}
		for query, windows := range p.asked {
			for i, w := range windows {
				if i > 0 && !w.From.Equal(windows[i-1].To) {
					t.Errorf("%s: window %d is %s after %s", query, i, w, windows[i-1])
				}
			}
		}
		if got := r.stored("elapsedTime"); got != "10m0s" {
			t.Errorf("people are shown %q, want 10m0s", got)
		}
	})
}

// TestAnalysisFailuresSurviveRestart: a restart does not forgive.
func TestAnalysisFailuresSurviveRestart(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 50})
		opts := analysing("a")
		opts.Metrics[0].FailureLimit = 2
		for range 2 {
			stops(t, 70*time.Second, p.stage(), r.run(opts))
		}
		if out := succeeds(t, p.stage(), r.run(opts)); !out.Failed || p.count("a") != 3 {
			t.Errorf("outcome %+v after %d checks, want a failure after 3", out, p.count("a"))
		}
	})
}

func TestAnalysisSkip(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 1})
		r.ask("0", model.CommandApproveStage, "eve") // not for this kind of stage
		time.AfterFunc(150*time.Second, func() { r.ask("1", model.CommandSkipStage, "kim") })
		out := succeeds(t, p.stage(), r.run(analysing("a")))
		if want := (stage.Outcome{Skipped: true, Reason: "Skipped by kim"}); out != want {
			t.Errorf("outcome %+v, want %+v", out, want)
		}
		if took := time.Since(r.begun); took != 150*time.Second || strings.Join(r.answers, ";") != "1 SUCCEEDED" || r.stored("SkippedBy") != "kim" {
			t.Errorf("after %s: answers %q, stored %q", took, r.answers, r.stored("SkippedBy"))
		}
		// The agent dies before the outcome is reported: the skip was answered and must not be lost.
		asked := p.count("a")
		if again := succeeds(t, p.stage(), r.run(analysing("a"))); again != out || p.count("a") != asked {
			t.Errorf("after a restart %+v with %d more checks, want the same and none", again, p.count("a")-asked)
		}
	})
}

// TestAnalysisCancel: a cancel is no verdict, and no progress.
func TestAnalysisCancel(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 1})
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		time.AfterFunc(90*time.Second, func() { cancel(&stage.CancelledError{By: "kim"}) })
		out, err := p.stage().Run(ctx, r.run(analysing("a")))
		var cancelled *stage.CancelledError
		if !errors.As(err, &cancelled) || out != (stage.Outcome{}) {
			t.Errorf("Run = %+v, %v, want the cause alone", out, err)
		}
		if time.Since(r.begun) != 90*time.Second || r.notes != 1 {
			t.Errorf("after %s with %d notes", time.Since(r.begun), r.notes)
		}
	})
}

// TestAnalysisFenced: progress that cannot be stored ends the stage in this
// process, as an error and not as a verdict.
func TestAnalysisFenced(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 1, "b": 1})
		r.refuse = func(map[string]string) error {
			return model.Errorf(model.CodeFenced, "another process holds the lease")
		}
		if out, err := p.stage().Run(t.Context(), r.run(analysing("a", "b"))); model.CodeOf(err) != model.CodeFenced || out != (stage.Outcome{}) {
			t.Errorf("Run = %+v, %v", out, err)
		}
		for _, line := range r.lines {
			if strings.Contains(line, "PASS") {
				t.Errorf("people are told what is not stored: %s", line)
			}
		}
	})
}

func TestAnalysisRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*config.StageMetric)
		says   string
	}{
		"an unknown provider":    {func(m *config.StageMetric) { m.Provider = "none" }, `metrics[1]: there is no analysis provider "none"`},
		"another strategy":       {func(m *config.StageMetric) { m.Strategy = config.StrategyPrevious }, "metrics[1]: strategy PREVIOUS"},
		"a template":             {func(m *config.StageMetric) { m.Template.Name = "errors" }, "metrics[1]: analysis templates"},
		"a query with a mistake": {func(m *config.StageMetric) { m.Query = "{{ .Nothing }}" }, "metrics[1].query"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r, p := newRecord(), newProvider(nil)
				opts := analysing("a", "b")
				tt.change(&opts.Metrics[1])
				_, err := p.stage().Run(t.Context(), r.run(opts))
				if err == nil || !strings.Contains(err.Error(), tt.says) || p.count("a") != 0 {
					t.Errorf("Run = %v after %d checks, want %q before the first", err, p.count("a"), tt.says)
				}
			})
		})
	}
}

func TestAnalysisOfNothing(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(nil)
		if out := succeeds(t, p.stage(), r.run(analysing())); out.Failed || !strings.Contains(out.Reason, "nothing was measured") {
			t.Errorf("outcome %+v", out)
		}
	})
}

func TestAnalysisRendersItsQuery(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(nil)
		opts := analysing(" errors{app={{ .App.Name }},kind={{ .VariantCustomArgs.kind }}} ")
		opts.Metrics[0].PrimaryArgs = map[string]string{"kind": "web"}
		succeeds(t, p.stage(), r.run(opts))
		if want := "errors{app=shop,kind=web}"; p.count(want) == 0 {
			t.Errorf("asked %v, want %s", p.asked, want)
		}
	})
}

func TestAnalysisOfUnreadableProgress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stored string
		code   model.Code
	}{
		"not JSON": {"{", model.CodeInternal},
		"newer":    {`{"metrics-0":{"version":99,"stageStart":"2000-01-01T00:00:00Z"}}`, model.CodeFailedPrecondition},
		"garbage":  {`{"metrics-0":[]}`, model.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r, p := newRecord(), newProvider(nil)
				r.metadata["pipecd-analysis"] = tt.stored
				if _, err := p.stage().Run(t.Context(), r.run(analysing("a"))); model.CodeOf(err) != tt.code || p.count("a") != 0 {
					t.Errorf("Run = %v, want code %s before the first check", err, tt.code)
				}
			})
		})
	}
}
