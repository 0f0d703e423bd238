package engine

import (
	"context"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// Recorder writes what happens to the control plane. Its calls retry what can
// be retried until ctx ends; CodeFenced means another process took over.
//
// What is reported is stored in that order, and may be stored a moment after the
// call returned: a crash then looks like one a moment earlier. Flush returns when
// everything before it is stored, and so does ReportCompleted. The error of an
// earlier report may be that of a later call.
type Recorder interface {
	Flush(ctx context.Context, deploymentID string) error
	ReportStatus(ctx context.Context, deploymentID string, status model.DeploymentStatus, reason string) error
	ReportCompleted(ctx context.Context, deploymentID string, c model.Completion) error
	ReportStage(ctx context.Context, deploymentID string, r model.StageReport) error
	SaveStageMetadata(ctx context.Context, deploymentID, stageID string, metadata map[string]string) error
	SaveDeploymentMetadata(ctx context.Context, deploymentID string, metadata map[string]string) error
}

// StageLog is the log of one run of a stage. Close writes out what is left;
// completed says that no more will come, in this process or another.
type StageLog interface {
	platform.Log
	Close(ctx context.Context, completed bool) error
}

// Logs opens stage logs.
type Logs interface {
	Open(deploymentID, stageID string, retriedCount int32) StageLog
}

// Engine runs deployments. It is safe for concurrent use.
type Engine struct {
	Registry stage.Registry
	Recorder Recorder
	Logs     Logs
	Logger   *slog.Logger
	Observer observe.Observer // is told about stages; nil means nobody looks
}

// Input is what a deployment runs with, made from the snapshot of its commit.
type Input struct {
	Options      map[string]config.StageOptions // by stage id
	Timeouts     map[string]time.Duration       // by stage id; absent means none
	Timeout      time.Duration                  // of the whole deployment; 0 means none
	AutoRollback bool
	Target       platform.Target
	Commands     stage.Commands
	// KeepPrevious is how long the version before is kept, see stage.Run.
	KeepPrevious time.Duration
	// SkipOn says why a stage with these rules is skipped, "" when it is not; nil skips none.
	SkipOn func(ctx context.Context, on config.SkipOn) (why string, err error)
	// Files opens the application's directory at the deployment's commit; only scripts need it.
	Files func(ctx context.Context) (tree fs.FS, done func(), err error)
}

// Execution is one deployment being run by this process.
type Execution struct {
	engine *Engine
	input  Input
	logger *slog.Logger
	shared *stage.Journal
	save   func(document string, sure bool) error // stores the shared steps; set by Run

	mu       sync.Mutex
	cancel   context.CancelCauseFunc
	canceled *stage.CancelledError // set when cancelled before Run

	noting   chan struct{} // has room for the one write of a stage's metadata
	logs     closing
	d        *model.Deployment
	baseline platform.Baseline
}

// Execution prepares the run of d, which must be planned. d is the engine's
// from now on.
func (e *Engine) Execution(d *model.Deployment, in Input) (*Execution, error) {
	x := &Execution{
		engine: e, input: in, d: d, noting: make(chan struct{}, 1),
		logger: e.Logger.With(slog.String("deployment", d.ID), slog.String("application", d.ApplicationID)),
	}
	shared, err := stage.OpenJournal(d.Metadata[stage.MetadataSteps],
		func(step string) string { return model.StepToken(d.ID, "", step) },
		func(_ context.Context, doc string, sure bool) error { return x.save(doc, sure) })
	x.shared = shared
	return x, err
}

// Run runs the deployment to its end and returns the final status. An error
// means this process let go without an end: the agent stops or was fenced, or
// the control plane refused a report.
func (x *Execution) Run(ctx context.Context) (model.DeploymentStatus, error) {
	if x.d.Status.IsCompleted() {
		return x.d.Status, nil
	}
	// Like a stage's own steps, the shared ones are recorded even while the pipeline is being cancelled.
	x.save = func(document string, sure bool) error {
		err := x.engine.Recorder.SaveDeploymentMetadata(ctx, x.d.ID, map[string]string{stage.MetadataSteps: document})
		if err != nil || !sure {
			return err
		}
		return x.engine.Recorder.Flush(ctx, x.d.ID)
	}
	defer x.logs.wait()
	if x.d.Status == model.DeploymentPlanned {
		if err := x.status(ctx, model.DeploymentRunning, "The stages are running"); err != nil {
			return x.d.Status, err
		}
	}
	end, err := x.pipeline(ctx)
	if err != nil {
		return x.d.Status, err
	}
	if end.status != model.DeploymentSuccess {
		if end, err = x.rollback(ctx, end); err != nil {
			return x.d.Status, err
		}
	}
	return x.complete(ctx, end)
}

// ending is how the deployment is going to end.
type ending struct {
	status model.DeploymentStatus
	reason string
}

// pipeline runs the configured stages from where they stand.
func (x *Execution) pipeline(parent context.Context) (ending, error) {
	ctx, stop, err := x.pipelineContext(parent)
	defer stop()
	if err != nil {
		return ending{}, err
	}
	for i := range x.d.Stages {
		s := &x.d.Stages[i]
		if s.Name == model.StageRollback {
			continue
		}
		if !s.Status.IsCompleted() {
			if x.d.Status == model.DeploymentRollingBack {
				break
			}
			if err := x.runStage(ctx, parent, s); err != nil {
				return ending{}, err
			}
		}
		switch s.Status {
		case model.StageFailure:
			return ending{model.DeploymentFailure, string(s.Name) + " failed: " + s.StatusReason}, nil
		case model.StageCancelled:
			return ending{model.DeploymentCancelled, s.StatusReason}, nil
		case model.StageExited:
			return ending{model.DeploymentSuccess, s.StatusReason}, nil
		case model.StageSuccess, model.StageSkipped, model.StageRunning, model.StageNotStarted:
		}
	}
	if x.d.Status == model.DeploymentRollingBack {
		return ending{model.DeploymentFailure, x.d.StatusReason}, nil
	}
	return ending{model.DeploymentSuccess, "All stages succeeded"}, nil
}

// pipelineContext is parent with the deployment's deadline, and cancelled by
// Cancel. The deadline counts from the deployment's first start, not from this
// process's.
func (x *Execution) pipelineContext(parent context.Context) (context.Context, func(), error) {
	started, err := stage.Once(parent, x.shared, stepStarted, func(context.Context) (time.Time, error) {
		return time.Now().UTC(), nil
	})
	ctx, cancel := context.WithCancelCause(parent)
	if err == nil {
		err = x.cancelled(cancel)
	}
	stopTimer := func() {}
	if x.input.Timeout > 0 {
		ctx, stopTimer = context.WithDeadlineCause(ctx, started.Add(x.input.Timeout),
			&stage.TimedOutError{What: "the deployment", After: x.input.Timeout})
	}
	return ctx, func() { stopTimer(); cancel(nil) }, err
}

// cancelled makes Cancel end the pipeline, and ends it if that was asked for
// already, in an earlier process first.
func (x *Execution) cancelled(cancel context.CancelCauseFunc) error {
	recorded, err := x.recordedCancel()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cancel = cancel
	switch {
	case recorded != nil:
		cancel(recorded)
	case x.canceled != nil:
		cancel(x.canceled)
	}
	return err
}

// stepStarted records when the deployment began to run.
const stepStarted = "started"

// rollback runs the ROLLBACK stage unless everything is to stay. It is not
// cancelled and has no deadline of its own, because half a rollback is worse
// than a long one; it ends early only when this process must let go.
func (x *Execution) rollback(ctx context.Context, end ending) (ending, error) {
	why, err := x.staying(end)
	if err != nil {
		return end, err
	}
	if why != "" {
		end.reason += "; " + why
		return end, nil
	}
	s := x.d.Stage(model.StageIDRollback)
	if err := x.status(ctx, model.DeploymentRollingBack, end.reason); err != nil {
		return end, err
	}
	if !s.Status.IsCompleted() {
		if err := x.runStage(ctx, ctx, s); err != nil {
			return end, err
		}
	}
	switch begun, err := x.shared.Outcome(stage.StepPreflight, &platform.Baseline{}); {
	case err != nil:
		return end, err
	case s.Status != model.StageSuccess:
		end.reason += "; the rollback failed too: " + s.StatusReason
	case begun:
		end.reason += "; rolled back"
	case !strings.Contains(end.reason, platform.NothingChanged):
		end.reason += "; " + platform.NothingChanged
	}
	return end, nil
}

func (x *Execution) status(ctx context.Context, next model.DeploymentStatus, reason string) error {
	reason = clip(reason)
	if err := x.engine.Recorder.ReportStatus(ctx, x.d.ID, next, reason); err != nil {
		return err
	}
	x.d.Status, x.d.StatusReason = next, reason
	x.logger.InfoContext(ctx, "deployment status", slog.String("status", next.String()), slog.String("reason", reason))
	return nil
}

// complete reports the end. Stages that never began are reported as cancelled,
// so that no stage of a completed deployment looks as if it might still run.
func (x *Execution) complete(ctx context.Context, end ending) (model.DeploymentStatus, error) {
	statuses := make(map[string]model.StageStatus, len(x.d.Stages))
	for _, s := range x.d.Stages {
		if !s.Status.IsCompleted() && s.Name != model.StageRollback {
			s.Status = model.StageCancelled
		}
		statuses[s.ID] = s.Status
	}
	x.logs.wait() // nobody looks for more lines of a completed deployment
	err := x.engine.Recorder.ReportCompleted(ctx, x.d.ID, model.Completion{
		Status: end.status, Reason: clip(end.reason), StageStatuses: statuses, CompletedAt: time.Now().UTC(),
	})
	if err != nil {
		return x.d.Status, err
	}
	x.d.Status = end.status
	x.logger.InfoContext(ctx, "deployment completed", slog.String("status", end.status.String()), slog.String("reason", end.reason))
	return end.status, nil
}
