package gate

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// Checks is where every check is reported, to be drawn. A check with the metric
// and index of an earlier one replaces it. A control plane that keeps no checks
// is no error.
type Checks interface {
	ReportAnalysisChecks(ctx context.Context, r model.AnalysisReport) error
}

// Limits of reporting. A verdict does not wait longer for its chart.
const (
	sendTimeout = 10 * time.Second
	maxUnsent   = model.MaxChecksInReport
)

// samples reports the checks of one stage. What could not be sent goes with the
// next check, up to a limit: a chart is worth a second try and not a
// deployment. It belongs to one goroutine at a time.
type samples struct {
	to      Checks // nil once it refused
	report  model.AnalysisReport
	logger  *slog.Logger
	timeout time.Duration
}

func newSamples(to Checks, run *stage.Run, logger *slog.Logger) *samples {
	return &samples{
		to: to, logger: logger, timeout: sendTimeout,
		report: model.AnalysisReport{DeploymentID: run.Deployment.ID, StageID: run.Stage.ID, RetriedCount: run.Stage.RetriedCount},
	}
}

// send reports the check and what waits.
func (s *samples) send(ctx context.Context, c model.AnalysisCheck) {
	if s.to == nil {
		return
	}
	if n := len(s.report.Checks); n >= maxUnsent {
		s.report.Checks = s.report.Checks[n-maxUnsent+1:]
	}
	s.report.Checks = append(s.report.Checks, c)
	s.try(ctx)
}

// flush makes a last try for what waits, also while the agent stops.
func (s *samples) flush(ctx context.Context) {
	if s.to != nil && len(s.report.Checks) > 0 {
		s.try(context.WithoutCancel(ctx))
	}
}

func (s *samples) try(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.to.ReportAnalysisChecks(ctx, s.report)
	if err == nil {
		s.report.Checks = nil
		return
	}
	s.logger.WarnContext(ctx, "checks could not be reported, so they are missing from the chart for now",
		slog.String("deployment", s.report.DeploymentID), slog.String("stage", s.report.StageID),
		slog.Int("checks", len(s.report.Checks)), slog.Any("error", err))
	switch model.CodeOf(err) {
	case model.CodeUnavailable, model.CodeInternal:
	case model.CodeInvalid, model.CodeNotFound, model.CodeAlreadyExists, model.CodeFailedPrecondition, model.CodeUnauthenticated,
		model.CodePermissionDenied, model.CodeFenced, model.CodeUnimplemented, model.CodeExhausted:
		s.to = nil // asking again does not help
	}
}

// sampleOf is the check as it is reported, within the limits of the wire.
func sampleOf(c analysis.Check) model.AnalysisCheck {
	out := model.AnalysisCheck{
		Metric: c.Metric, Index: c.Index, Strategy: string(c.Strategy),
		From: c.Window.From, To: c.Window.To, AskedAt: c.AskedAt,
		Query: clip(c.Query, model.MaxCheckQuerySize), Min: c.Bounds.Min, Max: c.Bounds.Max,
		Omitted: c.Omitted, Verdict: string(c.Verdict), Failed: c.Failed, Message: clip(c.Message, model.MaxCheckMessageSize),
	}
	for _, s := range c.Series {
		if len(out.Series) == model.MaxCheckSeries {
			out.Omitted += len(s.Points)
			continue
		}
		n := min(len(s.Points), model.MaxPointsOfOneSeries)
		out.Omitted += len(s.Points) - n
		line := model.AnalysisSeries{Name: clip(s.Name, model.MaxCheckQuerySize), Scope: clip(s.Scope, model.MaxCheckQuerySize)}
		for _, p := range s.Points[:n] {
			line.Points = append(line.Points, model.AnalysisPoint{Time: p.Time, Value: p.Value})
		}
		out.Series = append(out.Series, line)
	}
	return out
}

// clip cuts a text to a number of bytes, in whole characters.
func clip(s string, limit int) string {
	const mark = "…"
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len(mark)], "") + mark
}
