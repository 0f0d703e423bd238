package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"strconv"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// metadataStartTime is when a stage began for the first time, in unix seconds.
const metadataStartTime = "startTime"

// closeTimeout is how long a stage's log may take to be written out when the
// stage ends; the deployment's end does not wait longer for it.
const closeTimeout = 10 * time.Second

// runStage runs one stage from where it stands and reports how it ended. An
// error means this process must let go. work ends when the pipeline is
// cancelled; parent only when the process stops.
func (x *Execution) runStage(work, parent context.Context, s *model.Stage) error {
	startedAt, err := x.begin(parent, s)
	if err != nil {
		return err
	}
	log := x.engine.Logs.Open(x.d.ID, s.ID, s.RetriedCount)
	work, end := x.engine.observe(work, x.d, s)
	outcome, err := x.attempt(work, parent, s, startedAt, log)
	if why := stage.Interrupted(work, err); why != nil {
		end(observe.OutcomeLeft, why)
		closeLog(parent, log, false, x.logger)
		return why
	}
	report := conclude(work, s.ID, outcome, err)
	end(report.Status.String(), err)
	if report.Status == model.StageCancelled {
		if err := x.recordCancel(parent, work); err != nil {
			closeLog(parent, log, false, x.logger)
			return err
		}
	}
	switch report.Status {
	case model.StageSuccess:
		log.Successf("%s", orElse(report.Reason, "Done"))
	case model.StageSkipped:
		log.Infof("Skipped: %s", report.Reason)
	default:
		log.Errorf("%s", report.Reason)
	}
	x.logs.begin(func() { closeLog(parent, log, true, x.logger) })
	return x.report(parent, s, report)
}

// observe tells that a run of the stage begins.
func (e *Engine) observe(ctx context.Context, d *model.Deployment, s *model.Stage) (context.Context, observe.End) {
	return observe.Or(e.Observer).Begin(ctx, observe.Operation{
		Kind: observe.Stage, Name: string(s.Name),
		Attrs: []slog.Attr{slog.String("deployment", d.ID), slog.String("application", d.ApplicationID), slog.String("stage", s.ID)},
	})
}

// begin reports the stage as running and returns when it first began.
func (x *Execution) begin(ctx context.Context, s *model.Stage) (time.Time, error) {
	report := model.StageReport{StageID: s.ID, Status: model.StageRunning, Visible: true, RetriedCount: s.RetriedCount, CompletedAt: time.Now().UTC()}
	if s.Name == model.StageRollback && len(s.Requires) == 0 {
		if last := x.lastStarted(); last != "" {
			report.Requires = []string{last}
		}
	}
	if err := x.report(ctx, s, report); err != nil {
		return time.Time{}, err
	}
	if unix, err := strconv.ParseInt(s.Metadata[metadataStartTime], 10, 64); err == nil {
		return time.Unix(unix, 0).UTC(), nil
	}
	now := time.Now().UTC()
	return now, x.note(ctx, s, map[string]string{metadataStartTime: strconv.FormatInt(now.Unix(), 10)}, false)
}

// lastStarted is the id of the last stage that began, after which people see
// the rollback drawn.
func (x *Execution) lastStarted() string {
	id := ""
	for _, s := range x.d.Stages {
		if s.Name != model.StageRollback && s.Status != model.StageNotStarted {
			id = s.ID
		}
	}
	return id
}

// attempt runs the stage's code with the baseline taken, isolating a panic: a
// defect in one stage must not take the other deployments down.
func (x *Execution) attempt(work, parent context.Context, s *model.Stage, startedAt time.Time, log StageLog) (outcome stage.Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			x.logger.ErrorContext(parent, "stage panicked", slog.String("stage", s.ID), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = model.Errorf(model.CodeInternal, "stage %s hit a defect of the agent: %v", s.Name, p)
		}
	}()
	runner, ok := x.engine.Registry[s.Name]
	if !ok {
		return outcome, model.Errorf(model.CodeInvalid, "this agent does not know stage %s", s.Name)
	}
	if work.Err() != nil {
		return outcome, context.Cause(work)
	}
	ctx, stop := x.stageContext(work, s, startedAt)
	defer stop()
	run, err := x.newRun(parent, s, startedAt, log)
	if err != nil {
		return outcome, err
	}
	if err = x.preflight(ctx, s, log); err == nil {
		run.Baseline = x.baseline
		outcome, err = x.runUnlessSkipped(ctx, run, runner)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil && work.Err() == nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", cause, err)
	}
	return outcome, err
}

func (x *Execution) stageContext(work context.Context, s *model.Stage, startedAt time.Time) (context.Context, context.CancelFunc) {
	timeout := x.input.Timeouts[s.ID]
	if timeout <= 0 {
		return context.WithCancel(work)
	}
	return context.WithDeadlineCause(work, startedAt.Add(timeout), &stage.TimedOutError{What: "stage " + string(s.Name), After: timeout})
}

// newRun gathers what the stage is given. Journals are saved under parent: a
// step that was made is recorded even while the deployment is being cancelled.
func (x *Execution) newRun(parent context.Context, s *model.Stage, startedAt time.Time, log platform.Log) (*stage.Run, error) {
	stageID := s.ID
	steps, err := stage.OpenJournal(s.Metadata[stage.MetadataSteps],
		func(step string) string { return model.StepToken(x.d.ID, stageID, step) },
		func(_ context.Context, doc string, sure bool) error {
			return x.note(parent, x.d.Stage(stageID), map[string]string{stage.MetadataSteps: doc}, sure)
		})
	if err != nil {
		return nil, err
	}
	return &stage.Run{
		Deployment:   x.d.Clone(),
		Stage:        s.Clone(),
		Options:      x.input.Options[s.ID],
		Log:          log,
		Steps:        steps,
		Shared:       x.shared,
		Target:       x.input.Target,
		Commands:     x.input.Commands,
		StartedAt:    startedAt,
		Pipeline:     x.input.Options,
		KeepPrevious: x.input.KeepPrevious,
		Files:        x.input.Files,
		Note: func(_ context.Context, metadata map[string]string) error {
			return x.note(parent, x.d.Stage(stageID), metadata, true)
		},
	}, nil
}

// preflight checks what can be checked and records the state before the
// deployment, once, as the first thing the deployment does.
func (x *Execution) preflight(ctx context.Context, s *model.Stage, log platform.Log) error {
	if s.Name == model.StageRollback {
		_, err := x.shared.Outcome(stage.StepPreflight, &x.baseline)
		return err
	}
	baseline, err := stage.Once(ctx, x.shared, stage.StepPreflight, func(ctx context.Context) (platform.Baseline, error) {
		baseline, err := x.input.Target.Preflight(ctx, log)
		return baseline, both(err, x.checkStages(ctx, log))
	})
	if err != nil {
		return err
	}
	x.baseline = baseline
	return nil
}

// checkStages asks every stage that is still to run whether it will be able to.
func (x *Execution) checkStages(ctx context.Context, log platform.Log) error {
	var problems error
	for i := range x.d.Stages {
		s := &x.d.Stages[i]
		checker, ok := x.engine.Registry[s.Name].(stage.Checker)
		if !ok || s.Status.IsCompleted() {
			continue
		}
		if err := checker.Check(ctx, stage.Check{Deployment: x.d.Clone(), Options: x.input.Options[s.ID], Log: log}); err != nil {
			problems = both(problems, fmt.Errorf("%s: %w", s.Name, err))
		}
	}
	return problems
}

// both is one error with the sentences of two, and the code of the first.
func both(a, b error) error {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return model.Errorf(model.CodeOf(a), "%w; %w", a, b)
}

// note stores metadata of the stage, and waits until it is stored if it is to be
// sure. A stage may call it from several goroutines; one write at a time keeps
// what is stored and what is known here in the same order.
func (x *Execution) note(ctx context.Context, s *model.Stage, metadata map[string]string, sure bool) error {
	select { // no mutex: a write lasts as long as the control plane is away
	case x.noting <- struct{}{}:
		defer func() { <-x.noting }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := x.engine.Recorder.SaveStageMetadata(ctx, x.d.ID, s.ID, metadata); err != nil {
		return err
	}
	if s.Metadata == nil {
		s.Metadata = map[string]string{}
	}
	maps.Copy(s.Metadata, metadata)
	if !sure {
		return nil
	}
	return x.engine.Recorder.Flush(ctx, x.d.ID)
}

func (x *Execution) report(ctx context.Context, s *model.Stage, r model.StageReport) error {
	r.RetriedCount = s.RetriedCount
	if err := x.engine.Recorder.ReportStage(ctx, x.d.ID, r); err != nil {
		return err
	}
	s.Status, s.StatusReason = r.Status, r.Reason
	if r.Requires != nil {
		s.Requires = r.Requires
	}
	x.logger.InfoContext(ctx, "stage status", slog.String("stage", s.ID), slog.String("name", string(s.Name)),
		slog.String("status", r.Status.String()), slog.String("reason", r.Reason))
	return nil
}

// conclude turns how a stage returned into the status it ends with.
func conclude(ctx context.Context, stageID string, outcome stage.Outcome, err error) model.StageReport {
	r := model.StageReport{StageID: stageID, Status: model.StageSuccess, Reason: outcome.Reason, CompletedAt: time.Now().UTC()}
	var cancelled *stage.CancelledError
	switch {
	case err == nil && outcome.Failed:
		r.Status = model.StageFailure
	case err == nil && outcome.Skipped:
		r.Status = model.StageSkipped
	case err == nil:
	case errors.As(context.Cause(ctx), &cancelled):
		r.Status, r.Reason = model.StageCancelled, upperFirst(cancelled.Error())
	case ctx.Err() != nil:
		r.Status, r.Reason = model.StageFailure, upperFirst(context.Cause(ctx).Error())
	default:
		r.Status, r.Reason = model.StageFailure, upperFirst(err.Error())
	}
	r.Reason = clip(r.Reason)
	return r
}

func closeLog(parent context.Context, log StageLog, completed bool, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), closeTimeout)
	defer cancel()
	if err := log.Close(ctx, completed); err != nil {
		logger.WarnContext(ctx, "the last lines of a stage's log could not be written", slog.Any("error", err))
	}
}
