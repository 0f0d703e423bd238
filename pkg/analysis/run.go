package analysis

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Metric is one metric of a stage, ready to be analysed.
type Metric struct {
	// ID names the metric in its stage, such as "metrics-0".
	ID       string
	Provider Provider
	// Query is rendered; see RenderQuery.
	Query string
	// Expected are the bounds of StrategyThreshold.
	Expected Bounds
	Config   Config
	Logger   *slog.Logger
}

// Report tells what happened in a Run.
type Report struct {
	// Progress is to be stored; a later Run starts from it.
	Progress Progress
	// Check is the check that changed Progress, nil if there was none.
	Check *Check
	// Message is a sentence for the log of the stage.
	Message string
}

// Run analyses the metric from p until it succeeds or fails. It calls report
// after every change of the progress, one call at a time; an error of report
// ends the run and is returned as it is. When ctx ends, Run returns
// context.Cause(ctx), and a check that was under way is not counted: a stop, a
// skip or a cancel is not a verdict. An Outcome that failed is not an error.
//
// Several metrics may be run concurrently.
func (m Metric) Run(ctx context.Context, p Progress, report func(context.Context, Report) error) (Outcome, error) {
	m.Config = m.Config.WithDefaults()
	for {
		step := Next(m.Config, p, time.Now())
		switch step.Kind {
		case StepEnd:
			return step.Outcome, nil
		case StepWait:
			if err := sleep(ctx, time.Until(step.At)+jitter(m.Config.Interval)); err != nil {
				return Outcome{}, err
			}
		case StepAsk:
			next, err := m.check(ctx, p, step.Window)
			if err != nil {
				return Outcome{}, err
			}
			if err := report(ctx, next); err != nil {
				return Outcome{}, err
			}
			p = next.Progress
		}
	}
}

// unanswered is the judgement of a window that the provider could not tell of.
func unanswered(err error) Judgement { return Judgement{Verdict: VerdictError, Message: err.Error()} }

// check asks about one window. It returns an error only if ctx ended.
func (m Metric) check(ctx context.Context, p Progress, window Window) (Report, error) {
	provider := Retrying(m.Provider, RetryConfig{
		Timeout: m.Config.Timeout,
		Budget:  max(m.Config.Interval, m.Config.Timeout),
		Logger:  m.Logger,
	})
	query := Query{Expr: m.Query, Window: window}
	if m.Config.Delay == nil {
		// Only learning needs to know what is newest, and a longer span may make the provider answer in coarser buckets.
		query.Lookback = Lookback
	}
	result, err := provider.Query(ctx, query)
	if ctx.Err() != nil {
		return Report{}, context.Cause(ctx)
	}
	if err != nil {
		return m.record(p, window, nil, unanswered(err)), nil
	}
	series := since(result.Series, p.StageStart)
	judgement := JudgeThreshold(m.Expected, series, m.Config.OnNoData)
	if judgement.Verdict == VerdictNoData {
		lesson := LearnDelay(m.Config, p, Sight{Window: window, Newest: result.Newest, Now: time.Now()})
		if lesson.Again {
			p.Delay = lesson.Delay
			return Report{Progress: p, Message: lesson.Message}, nil
		}
		if lesson.Message != "" {
			judgement.Message += "; " + lesson.Message
		}
	}
	return m.record(p, window, series, judgement), nil
}

func (m Metric) record(p Progress, window Window, series []Series, j Judgement) Report {
	kept, omitted := keep(series)
	check := Check{
		Metric: m.ID, Index: p.Checks(), Strategy: StrategyThreshold,
		Window: window, AskedAt: time.Now().UTC(),
		Query: m.Query, Bounds: m.Expected,
		Series: kept, Omitted: omitted,
		Verdict: j.Verdict, Failed: j.Failed, Outlier: j.Outlier, Message: j.Message,
	}
	return Report{Progress: Record(p, check), Check: &check, Message: j.Message}
}

// jitter spreads the checks of many stages a little, far less than a window.
func jitter(interval time.Duration) time.Duration {
	return rand.N(min(interval/20, time.Second) + 1) //nolint:gosec // G404: spreads load, guards nothing
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
