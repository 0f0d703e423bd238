package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// test runs f in virtual time.
func test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

const rolledBack = "ROLLING_BACK, Rollback RUNNING, Rollback SUCCESS, "

func TestEveryStageSucceeds(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, succeed, func(context.Context, *stage.Run) (stage.Outcome, error) {
			return stage.Outcome{Skipped: true, Reason: "Skipped by kim"}, nil
		})
		w.ends(model.DeploymentSuccess)
		w.history("RUNNING, A RUNNING, A SUCCESS, B RUNNING, B SKIPPED, SUCCESS")
		w.says("", "All stages succeeded")
		w.says("B", "Skipped by kim")
		if s := w.plane.d.Stage(model.StageIDRollback); s.Status != model.StageNotStarted || s.Visible {
			t.Errorf("the rollback that was not needed is %+v", s)
		}
		if w.target.preflights != 1 {
			t.Errorf("%d preflights, want one", w.target.preflights)
		}
		if diff := cmp.Diff([]string{"A completed=true", "B completed=true"}, w.logs.closed); diff != "" {
			t.Errorf("logs (-want +got):\n%s", diff)
		}
		w.ends(model.DeploymentSuccess)
		w.history("")
	})
}

func TestStageFails(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*model.MaxReasonLength)
	for name, tt := range map[string]struct {
		stage stageFunc
		says  string
	}{
		"with a verdict": {fail, "Too many errors"},
		"with an error": {func(context.Context, *stage.Run) (stage.Outcome, error) {
			return stage.Outcome{}, errors.New("the platform is away")
		}, "The platform is away"},
		"with a panic": {func(context.Context, *stage.Run) (stage.Outcome, error) {
			var none map[string]int
			none["a"] = 1 //nolint:staticcheck // the defect that the case is about
			return stage.Outcome{}, nil
		}, "Stage KIND_A hit a defect of the agent: assignment to entry in nil map"},
		"with too many words": {func(context.Context, *stage.Run) (stage.Outcome, error) {
			return stage.Outcome{Failed: true, Reason: long}, nil
		}, long[:model.MaxReasonLength]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				w := newWorld(t, tt.stage, succeed)
				w.ends(model.DeploymentFailure)
				w.history("RUNNING, A RUNNING, A FAILURE, " + rolledBack + "FAILURE")
				w.says("A", tt.says)
				if whole := "KIND_A failed: " + tt.says + "; rolled back"; len(whole) <= model.MaxReasonLength {
					w.says("", whole)
				}
				d := w.plane.d
				if got := d.Stage("B").Status; got != model.StageCancelled {
					t.Errorf("the stage that never began is %s, want CANCELLED", got)
				}
				if r := d.Stage(model.StageIDRollback); !r.Visible || !cmp.Equal(r.Requires, []string{"A"}) {
					t.Errorf("the rollback is not shown after the stage that failed: %+v", r)
				}
			})
		})
	}
}

func TestUnknownStage(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, succeed, succeed)
		delete(w.registry, "KIND_B")
		w.ends(model.DeploymentFailure)
		w.history("RUNNING, A RUNNING, A SUCCESS, B RUNNING, B FAILURE, " + rolledBack + "FAILURE")
		w.says("B", "This agent does not know stage KIND_B")
	})
}

func TestPreflightFails(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, func(context.Context, *stage.Run) (stage.Outcome, error) {
			t.Error("the stage ran without a preflight")
			return stage.Outcome{}, nil
		}, succeed)
		w.target.fails = model.Errorf(model.CodeFailedPrecondition, "the service is not there")
		var baseline platform.Baseline
		w.registry[model.StageRollback] = stageFunc(func(_ context.Context, run *stage.Run) (stage.Outcome, error) {
			baseline = run.Baseline
			if done, err := run.Shared.Outcome(stage.StepPreflight, new(platform.Baseline)); done || err != nil {
				t.Errorf("the rollback sees a baseline: %v, %v", done, err)
			}
			return stage.Outcome{}, nil
		})
		w.ends(model.DeploymentFailure)
		w.says("A", "The service is not there")
		if baseline.PrimaryID != "" || w.target.preflights != 1 {
			t.Errorf("the rollback got %+v after %d preflights", baseline, w.target.preflights)
		}
	})
}

func TestStageEndsThePipelineEarly(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, succeed, succeed)
		w.plane.d.Status = model.DeploymentRunning
		w.plane.d.Stages[0].Status = model.StageExited
		w.ends(model.DeploymentSuccess)
		w.history("SUCCESS")
		if got := w.plane.d.Stage("B").Status; got != model.StageCancelled {
			t.Errorf("the stage that never began is %s, want CANCELLED", got)
		}
	})
}

func TestAutoRollbackOff(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, fail, succeed)
		w.input.AutoRollback = false
		w.ends(model.DeploymentFailure)
		w.history("RUNNING, A RUNNING, A FAILURE, FAILURE")
		w.says("", "KIND_A failed: Too many errors; automatic rollback is off, so everything stays as it is now")
	})
}

func TestRollbackFails(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, fail, succeed)
		w.registry[model.StageRollback] = stageFunc(fail)
		w.ends(model.DeploymentFailure)
		w.history("RUNNING, A RUNNING, A FAILURE, ROLLING_BACK, Rollback RUNNING, Rollback FAILURE, FAILURE")
		w.says("", "KIND_A failed: Too many errors; the rollback failed too: Too many errors")
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, wait, succeed)
		x := w.execution()
		time.AfterFunc(time.Minute, func() { x.Cancel("kim", model.RollbackAsConfigured) })
		got, err := x.Run(t.Context())
		w.check(got, err, model.DeploymentCancelled)
		w.history("RUNNING, A RUNNING, A CANCELLED, " + rolledBack + "CANCELLED")
		w.says("A", "Cancelled by kim")
		w.says("", "Cancelled by kim; rolled back")
	})
}

func TestCancelBeforeTheRun(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, func(context.Context, *stage.Run) (stage.Outcome, error) {
			t.Error("a stage of a cancelled deployment ran")
			return stage.Outcome{}, nil
		}, succeed)
		x := w.execution()
		x.Cancel("kim", model.RollbackAsConfigured)
		got, err := x.Run(t.Context())
		w.check(got, err, model.DeploymentCancelled)
		if w.target.preflights != 0 {
			t.Error("the platform was asked for a deployment that was cancelled before")
		}
	})
}

// TestCancelDoesNotStopARollback: half a rollback is worse than a long one.
func TestCancelDoesNotStopARollback(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, fail, succeed)
		x := w.execution()
		w.registry[model.StageRollback] = stageFunc(func(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
			x.Cancel("kim", model.RollbackAsConfigured)
			return stage.Outcome{}, ctx.Err()
		})
		got, err := x.Run(t.Context())
		w.check(got, err, model.DeploymentFailure)
		w.history("RUNNING, A RUNNING, A FAILURE, " + rolledBack + "FAILURE")
	})
}

// TestStepsAreRecordedWhileCancelling: what a stage did must be known to the
// rollback, however the pipeline ends.
func TestStepsAreRecordedWhileCancelling(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		var x *engine.Execution
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			x.Cancel("kim", model.RollbackAsConfigured)
			if err := stage.Effect(ctx, run.Shared, "promote", func(context.Context) error { return nil }); err != nil {
				t.Errorf("shared step: %v", err)
			}
			if err := stage.Effect(ctx, run.Steps, "promote", func(context.Context) error { return nil }); err != nil {
				t.Errorf("step of the stage: %v", err)
			}
			return stage.Outcome{}, context.Cause(ctx)
		}, succeed)
		x = w.execution()
		got, err := x.Run(t.Context())
		w.check(got, err, model.DeploymentCancelled)
		for where, text := range map[string]string{
			"stage": w.plane.d.Stage("A").Metadata[stage.MetadataSteps], "deployment": w.plane.d.Metadata[stage.MetadataSteps],
		} {
			if !strings.Contains(text, `"promote":{"intent":{},"outcome":{}}`) {
				t.Errorf("the %s's steps are %s", where, text)
			}
		}
	})
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	awaySlowly := func(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
		<-ctx.Done()
		return stage.Outcome{}, errors.New("the call was broken off")
	}
	for name, tt := range map[string]struct {
		deployment, stage time.Duration
		run               stageFunc
		says              string
	}{
		"of the deployment":              {time.Hour, 0, wait, "The deployment did not finish within 1h0m0s"},
		"of the stage":                   {0, time.Hour, wait, "Stage KIND_A did not finish within 1h0m0s"},
		"of the deployment first":        {time.Hour, 2 * time.Hour, wait, "The deployment did not finish within 1h0m0s"},
		"of the stage first":             {2 * time.Hour, time.Hour, wait, "Stage KIND_A did not finish within 1h0m0s"},
		"of the stage with what it did":  {0, time.Hour, awaySlowly, "Stage KIND_A did not finish within 1h0m0s (the call was broken off)"},
		"of the deployment, other error": {time.Hour, 0, awaySlowly, "The deployment did not finish within 1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				w := newWorld(t, tt.run, succeed)
				w.input.Timeout = tt.deployment
				w.input.Timeouts = map[string]time.Duration{"A": tt.stage}
				begin := time.Now()
				w.ends(model.DeploymentFailure)
				if took := time.Since(begin); took != time.Hour {
					t.Errorf("ended after %s, want 1h", took)
				}
				w.says("A", tt.says)
				w.says("", "KIND_A failed: "+tt.says+"; rolled back")
			})
		})
	}
}

// TestRollbackHasNoDeadline: the deployment's time is not the rollback's.
func TestRollbackHasNoDeadline(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, wait, succeed)
		w.input.Timeout = time.Minute
		w.registry[model.StageRollback] = stageFunc(func(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
			if deadline, ok := ctx.Deadline(); ok {
				t.Errorf("the rollback must end by %s", deadline)
			}
			return stage.Outcome{}, ctx.Err()
		})
		w.ends(model.DeploymentFailure)
		w.history("RUNNING, A RUNNING, A FAILURE, " + rolledBack + "FAILURE")
	})
}
