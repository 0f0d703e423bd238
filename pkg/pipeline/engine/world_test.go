package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plane is the control plane: it keeps the deployment, by the rules of the
// model, and outlives the executions.
type plane struct {
	mu      sync.Mutex
	d       *model.Deployment
	history []string
	reason  map[string]string // the last reason given, by stage id, "" for the deployment
	refuse  func(call string) error
	saving  func(metadata map[string]string) error // may refuse to save metadata of the deployment; nil refuses nothing
	slow    time.Duration                          // how long saving a stage's metadata takes
}

// do applies change unless refuse has an error for the call or the caller is
// gone, as over a network.
func (p *plane) do(ctx context.Context, call string, change func(now time.Time) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.refuse != nil {
		if err := p.refuse(call); err != nil {
			return err
		}
	}
	if err := change(time.Now()); err != nil {
		return err
	}
	if call != "" {
		p.history = append(p.history, call)
	}
	return nil
}

func (p *plane) told(id, reason string) error {
	if len(reason) > model.MaxReasonLength {
		return model.Errorf(model.CodeInvalid, "the reason is %d bytes long", len(reason))
	}
	p.reason[id] = reason
	return nil
}

func (p *plane) ReportStatus(ctx context.Context, id string, status model.DeploymentStatus, reason string) error {
	return p.do(ctx, status.String(), func(now time.Time) error {
		return errors.Join(p.ours(id), p.told("", reason), p.d.ReportStatus(status, reason, now))
	})
}

func (p *plane) ReportCompleted(ctx context.Context, id string, c model.Completion) error {
	return p.do(ctx, c.Status.String(), func(now time.Time) error {
		return errors.Join(p.ours(id), p.told("", c.Reason), p.d.ReportCompleted(c, now))
	})
}

func (p *plane) ReportStage(ctx context.Context, id string, r model.StageReport) error {
	return p.do(ctx, r.StageID+" "+r.Status.String(), func(now time.Time) error {
		return errors.Join(p.ours(id), p.told(r.StageID, r.Reason), p.d.ReportStage(r, now))
	})
}

func (p *plane) SaveStageMetadata(ctx context.Context, id, stageID string, metadata map[string]string) error {
	time.Sleep(p.slow)
	return p.do(ctx, "", func(now time.Time) error {
		return errors.Join(p.ours(id), p.d.MergeStageMetadata(stageID, metadata, now))
	})
}

func (p *plane) SaveDeploymentMetadata(ctx context.Context, id string, metadata map[string]string) error {
	return p.do(ctx, "", func(now time.Time) error {
		if p.saving != nil {
			if err := p.saving(metadata); err != nil {
				return err
			}
		}
		return errors.Join(p.ours(id), p.d.MergeMetadata(metadata, now))
	})
}

func (p *plane) Flush(ctx context.Context, id string) error {
	return p.do(ctx, "", func(time.Time) error { return p.ours(id) })
}

func (p *plane) ours(id string) error {
	if id != p.d.ID {
		return model.Errorf(model.CodeNotFound, "no deployment %s", id)
	}
	return nil
}

// logs counts the logs that were opened and how they were closed.
type logs struct {
	mu     sync.Mutex
	lines  []string
	closed []string
}

type logOf struct {
	all     *logs
	stageID string
}

func (l *logs) Open(_, stageID string, _ int32) engine.StageLog { return &logOf{l, stageID} }

func (l *logOf) add(severity, format string, args ...any) {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.all.lines = append(l.all.lines, severity+" "+l.stageID+": "+fmt.Sprintf(format, args...))
}

func (l *logOf) Infof(format string, args ...any)    { l.add("info", format, args...) }
func (l *logOf) Successf(format string, args ...any) { l.add("success", format, args...) }
func (l *logOf) Errorf(format string, args ...any)   { l.add("error", format, args...) }

func (l *logOf) Close(ctx context.Context, completed bool) error {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	l.all.closed = append(l.all.closed, fmt.Sprintf("%s completed=%v", l.stageID, completed))
	return ctx.Err()
}

// target is a platform of which the engine only needs the preflight.
type target struct {
	platform.Target

	preflights int
	fails      error
}

func (t *target) Preflight(context.Context, platform.Log) (platform.Baseline, error) {
	t.preflights++
	return platform.Baseline{PrimaryID: fmt.Sprint("set-", t.preflights)}, t.fails
}

// stageFunc is a kind of stage.
type stageFunc func(ctx context.Context, run *stage.Run) (stage.Outcome, error)

func (f stageFunc) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	return f(ctx, run)
}

func succeed(context.Context, *stage.Run) (stage.Outcome, error) { return stage.Outcome{}, nil }

func fail(context.Context, *stage.Run) (stage.Outcome, error) {
	return stage.Outcome{Failed: true, Reason: "Too many errors"}, nil
}

// wait ends only with its context.
func wait(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
	<-ctx.Done()
	return stage.Outcome{}, context.Cause(ctx)
}

// world is a deployment with the stages A, B and Rollback, and what is around it.
type world struct {
	t        *testing.T
	plane    *plane
	logs     *logs
	target   *target
	registry stage.Registry
	input    engine.Input
	observer observe.Observer
}

func newWorld(t *testing.T, a, b stageFunc) *world {
	t.Helper()
	tg := &target{}
	return &world{
		t: t,
		plane: &plane{reason: map[string]string{}, d: &model.Deployment{
			ID: "d1", ApplicationID: "app", Status: model.DeploymentPlanned,
			Stages: []model.Stage{
				{ID: "A", Name: "KIND_A", Visible: true},
				{ID: "B", Name: "KIND_B", Visible: true, Requires: []string{"A"}},
				{ID: model.StageIDRollback, Name: model.StageRollback, Rollback: true},
			},
		}},
		logs: &logs{}, target: tg,
		registry: stage.Registry{"KIND_A": a, "KIND_B": b, model.StageRollback: stageFunc(succeed)},
		input:    engine.Input{AutoRollback: true, Target: tg},
	}
}

// execution is a new process taking the deployment up.
func (w *world) execution() *engine.Execution {
	w.t.Helper()
	e := &engine.Engine{Registry: w.registry, Recorder: w.plane, Logs: w.logs, Logger: slog.New(slog.DiscardHandler), Observer: w.observer}
	x, err := e.Execution(w.plane.d.Clone(), w.input)
	if err != nil {
		w.t.Fatalf("Execution: %v", err)
	}
	return x
}

// ends runs the deployment and wants it to end like that.
func (w *world) ends(want model.DeploymentStatus) {
	w.t.Helper()
	got, err := w.execution().Run(w.t.Context())
	w.check(got, err, want)
}

func (w *world) check(got model.DeploymentStatus, err error, want model.DeploymentStatus) {
	w.t.Helper()
	if err != nil || got != want || w.plane.d.Status != want {
		w.t.Errorf("Run = %s, %v, recorded %s; want %s", got, err, w.plane.d.Status, want)
	}
}

// letsGo runs the deployment and wants the process to give it up because of why.
func (w *world) letsGo(ctx context.Context, why error) {
	w.t.Helper()
	got, err := w.execution().Run(ctx)
	if !errors.Is(err, why) || got.IsCompleted() || w.plane.d.Status.IsCompleted() {
		w.t.Errorf("Run = %s, %v, recorded %s; want no end and %v", got, err, w.plane.d.Status, why)
	}
}

// history wants these reports, separated by commas, since the last call.
func (w *world) history(want string) {
	w.t.Helper()
	if got := strings.Join(w.plane.history, ", "); got != want {
		w.t.Errorf("reports:\n got %s\nwant %s", got, want)
	}
	w.plane.history = nil
}

// says wants the last reason of the stage, "" for the deployment.
func (w *world) says(id, want string) {
	w.t.Helper()
	if got := w.plane.reason[id]; got != want {
		w.t.Errorf("the reason of %q:\n got %q\nwant %q", id, got, want)
	}
}
