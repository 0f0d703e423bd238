package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pipecd/pkg/analysis"
	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/pipeline/stage"
)

// Source is a metrics provider as the agent is configured with it.
type Source struct {
	Provider analysis.Provider
	Delay    *time.Duration // how late its metrics arrive; nil means it is learned
}

// Sources finds a provider by the name the application file uses. An unknown
// name, or keys that cannot be read, is an error with a sentence.
type Sources func(name string) (Source, error)

// Analysis is ANALYSIS: it measures the new version until all metrics were
// fine for the whole duration or one was bad too often.
type Analysis struct {
	Sources  Sources
	Checks   Checks // where every check is reported, nil for nowhere
	Logger   *slog.Logger
	Observer observe.Observer // is told the verdicts; nil means nobody looks
}

// errSkipped ends the metrics when a person skipped the stage.
var errSkipped = errors.New("skipped")

// Run analyses all metrics at once. The first that fails ends the stage.
func (a Analysis) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.AnalysisOptions)
	if !ok {
		return stage.Outcome{}, wrongOptions(run)
	}
	if by := run.Stage.Metadata[metadataSkippedBy]; by != "" { // before a restart
		return skippedBy(by), answerAgain(ctx, run)
	}
	metrics, err := a.metrics(opts, run.Deployment)
	if err != nil {
		return stage.Outcome{}, err
	}
	if len(metrics) == 0 {
		return stage.Outcome{Reason: "The stage names no metric, so nothing was measured"}, nil
	}
	r, err := newRecord(run, metrics, newSamples(a.Checks, run, a.Logger))
	if err != nil {
		return stage.Outcome{}, err
	}
	r.to = observe.Or(a.Observer)
	run.Log.Infof("Analysing %d metric(s) for %s", len(metrics), time.Duration(opts.Duration))
	return r.analyse(ctx, metrics)
}

// metrics prepares every metric before the first query, so that a wrong one is
// told at once.
func (a Analysis) metrics(opts *config.AnalysisOptions, d *model.Deployment) ([]analysis.Metric, error) {
	var out []analysis.Metric
	for i, m := range opts.Metrics {
		if m.Strategy != "" && m.Strategy != config.StrategyThreshold {
			return nil, model.Errorf(model.CodeInvalid, "metrics[%d]: strategy %s is not supported yet, THRESHOLD is", i, m.Strategy)
		}
		if m.Template.Name != "" {
			return nil, model.Errorf(model.CodeInvalid, "metrics[%d]: analysis templates are not supported yet, write the metric into the stage", i)
		}
		source, err := a.Sources(m.Provider)
		if err != nil {
			return nil, fmt.Errorf("metrics[%d]: %w", i, err)
		}
		query, err := analysis.RenderQuery(m.Query, queryData(d, m.PrimaryArgs))
		if err != nil {
			return nil, fmt.Errorf("metrics[%d].query: %w", i, err)
		}
		out = append(out, analysis.Metric{
			ID:       "metrics-" + strconv.Itoa(i),
			Provider: source.Provider,
			Query:    strings.TrimSpace(query),
			Expected: analysis.Bounds{Min: m.Expected.Min, Max: m.Expected.Max},
			Config:   metricConfig(opts, m.Metric, source),
			Logger:   a.Logger,
		})
	}
	return out, nil
}

// queryData is what a query may refer to. A threshold has no variant of its
// own; like PipeCD it is rendered as the primary's.
func queryData(d *model.Deployment, args map[string]string) analysis.QueryData {
	var data analysis.QueryData
	data.App.Name = d.ApplicationName
	data.Variant.Name = "primary"
	data.VariantCustomArgs = args
	return data
}

func metricConfig(opts *config.AnalysisOptions, m config.Metric, source Source) analysis.Config {
	cfg := analysis.Config{
		Duration:     time.Duration(opts.Duration),
		Interval:     time.Duration(m.Interval),
		Timeout:      time.Duration(m.Timeout),
		FailureLimit: m.FailureLimit,
		Delay:        source.Delay,
	}
	if m.Delay > 0 {
		delay := time.Duration(m.Delay)
		cfg.Delay = &delay
	}
	switch m.OnNoData {
	case config.NoDataFail:
		cfg.OnNoData = analysis.NoDataFail
	case config.NoDataSkip:
		cfg.OnNoData = analysis.NoDataSkip
	case config.NoDataPass:
		cfg.OnNoData = analysis.NoDataTolerate
	}
	if m.SkipOnNoData && m.OnNoData == "" {
		cfg.OnNoData = analysis.NoDataSkip
	}
	return cfg
}

// analyse runs the metrics until all succeeded, one failed, or a person skips
// the stage.
func (r *record) analyse(parent context.Context, metrics []analysis.Metric) (stage.Outcome, error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	watch, stopWatching := context.WithCancel(ctx)
	skipped := make(chan string, 1)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		if by, ok := r.awaitSkip(watch); ok {
			skipped <- by
			cancel(errSkipped)
		}
	})
	outcomes, err := r.runAll(ctx, metrics)
	stopWatching()
	watcher.Wait()
	r.samples.flush(parent)
	if errors.Is(context.Cause(ctx), errSkipped) {
		return skippedBy(<-skipped), nil
	}
	if err != nil {
		return stage.Outcome{}, err
	}
	return conclude(metrics, outcomes), r.noteFailure(parent, metrics, outcomes)
}

// noteFailure keeps the query of the metric that failed for whoever asks why.
func (r *record) noteFailure(ctx context.Context, metrics []analysis.Metric, outcomes []analysis.Outcome) error {
	const limit = 500
	for i, o := range outcomes {
		if o.State == analysis.StateFailed {
			return r.run.Note(ctx, map[string]string{model.MetadataFailedQuery: clip(metrics[i].Query, limit)})
		}
	}
	return nil
}

func skippedBy(who string) stage.Outcome {
	return stage.Outcome{Skipped: true, Reason: "Skipped by " + who}
}

// errFailed ends the other metrics when one has failed.
var errFailed = errors.New("a metric failed")

func (r *record) runAll(ctx context.Context, metrics []analysis.Metric) ([]analysis.Outcome, error) {
	group, ctx := errgroup.WithContext(ctx)
	outcomes := make([]analysis.Outcome, len(metrics))
	begin := maps.Clone(r.progress) // which the metrics change as soon as they run
	for i, m := range metrics {
		group.Go(func() error {
			outcome, err := m.Run(ctx, begin[m.ID], func(ctx context.Context, report analysis.Report) error {
				return r.store(ctx, m.ID, report)
			})
			outcomes[i] = outcome
			if err == nil && outcome.State == analysis.StateFailed {
				return errFailed
			}
			return err
		})
	}
	err := group.Wait()
	if errors.Is(err, errFailed) {
		return outcomes, nil
	}
	return outcomes, err
}

// conclude combines the outcomes of the metrics into the stage's.
func conclude(metrics []analysis.Metric, outcomes []analysis.Outcome) stage.Outcome {
	var good, bad []string
	for i, o := range outcomes {
		switch o.State {
		case analysis.StateFailed:
			bad = append(bad, metrics[i].ID+": "+o.Message)
		case analysis.StateSucceeded:
			good = append(good, metrics[i].ID+": "+o.Message)
		case analysis.StateContinue:
		}
	}
	if len(bad) > 0 {
		return stage.Outcome{Failed: true, Reason: strings.Join(bad, "; ")}
	}
	return stage.Outcome{Reason: strings.Join(good, "; ")}
}
