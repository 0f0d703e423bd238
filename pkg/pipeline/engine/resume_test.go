package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// stopAfter is a context that ends because the agent stops.
func stopAfter(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(d, func() { cancel(stage.ErrStopping) })
	t.Cleanup(func() { timer.Stop(); cancel(nil) })
	return ctx
}

func TestStopLeavesTheStageRunning(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, succeed, wait)
		w.letsGo(stopAfter(t, time.Minute), stage.ErrStopping)
		w.history("RUNNING, A RUNNING, A SUCCESS, B RUNNING")
		if got := w.plane.d.Stage("B").Status; got != model.StageRunning {
			t.Errorf("the stage is %s, want RUNNING", got)
		}
		if got := w.logs.closed[len(w.logs.closed)-1]; got != "B completed=false" {
			t.Errorf("the log was closed with %q, want it to go on", got)
		}

		w.registry["KIND_A"] = stageFunc(func(context.Context, *stage.Run) (stage.Outcome, error) {
			t.Error("a completed stage ran again")
			return stage.Outcome{}, nil
		})
		w.registry["KIND_B"] = stageFunc(succeed)
		w.ends(model.DeploymentSuccess)
		w.history("B RUNNING, B SUCCESS, SUCCESS")
		if w.target.preflights != 1 {
			t.Errorf("%d preflights in two processes, want one", w.target.preflights)
		}
	})
}

// TestStopWinsOverSuccess: a stage that ends while the process stops is left
// to the next process, which finds its steps done.
func TestStopWinsOverSuccess(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, func(ctx context.Context, _ *stage.Run) (stage.Outcome, error) {
			<-ctx.Done()
			return stage.Outcome{}, nil
		}, succeed)
		w.letsGo(stopAfter(t, time.Minute), stage.ErrStopping)
		w.history("RUNNING, A RUNNING")
	})
}

// TestStopAfterCancel: the stop wins, because nothing can be recorded any more.
func TestStopAfterCancel(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, nil, succeed)
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		x := w.execution()
		w.registry["KIND_A"] = stageFunc(func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			x.Cancel("kim", model.RollbackAsConfigured)
			stop(stage.ErrStopping)
			return wait(ctx, run)
		})
		got, err := x.Run(ctx)
		if !errors.Is(err, stage.ErrStopping) || got != model.DeploymentRunning {
			t.Errorf("Run = %s, %v", got, err)
		}
		w.history("RUNNING, A RUNNING")
	})
}

// TestFenced: whichever write is refused as fenced, the process lets go and
// writes nothing more.
func TestFenced(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		"RUNNING":          "",
		"A RUNNING":        "RUNNING",
		"A SUCCESS":        "RUNNING, A RUNNING",
		"B FAILURE":        "RUNNING, A RUNNING, A SUCCESS, B RUNNING",
		"ROLLING_BACK":     "RUNNING, A RUNNING, A SUCCESS, B RUNNING, B FAILURE",
		"Rollback RUNNING": "RUNNING, A RUNNING, A SUCCESS, B RUNNING, B FAILURE, ROLLING_BACK",
		"FAILURE":          "RUNNING, A RUNNING, A SUCCESS, B RUNNING, B FAILURE, ROLLING_BACK, Rollback RUNNING, Rollback SUCCESS",
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				w := newWorld(t, succeed, fail)
				fenced := model.Errorf(model.CodeFenced, "another process holds the lease")
				refused := false
				w.plane.refuse = func(c string) error {
					if refused {
						t.Errorf("after it was fenced it reported %q", c)
					}
					if c == call {
						refused = true
						return fenced
					}
					return nil
				}
				w.letsGo(t.Context(), fenced)
				w.history(want)

				w.plane.refuse = nil
				w.ends(model.DeploymentFailure)
				w.says("", "KIND_B failed: Too many errors; rolled back")
			})
		})
	}
}

// TestFencedInAStep: the write that a stage makes is refused; that is no verdict.
func TestFencedInAStep(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		fenced := model.Errorf(model.CodeFenced, "another process holds the lease")
		acted := false
		w := newWorld(t, nil, succeed)
		w.registry["KIND_A"] = stageFunc(func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			w.plane.refuse = func(string) error { return fenced }
			err := stage.Effect(ctx, run.Steps, "create", func(context.Context) error { acted = true; return nil })
			return stage.Outcome{}, fmt.Errorf("creating: %w", err)
		})
		w.letsGo(t.Context(), fenced)
		w.history("RUNNING, A RUNNING")
		if acted {
			t.Error("a superseded process made an effect")
		}
		if w.plane.d.Stage("A").Status != model.StageRunning {
			t.Error("a superseded process decided on the stage")
		}
	})
}

// TestCrashEverywhere kills the process at every report and goes on in a new
// one: the same end, every effect of a stage made once.
func TestCrashEverywhere(t *testing.T) {
	t.Parallel()
	reports := []string{
		"RUNNING", "A RUNNING", "A SUCCESS", "B RUNNING", "B FAILURE",
		"ROLLING_BACK", "Rollback RUNNING", "Rollback SUCCESS", "FAILURE",
	}
	for _, call := range reports {
		for _, reached := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s recorded=%v", call, reached), func(t *testing.T) {
				t.Parallel()
				test(t, func(t *testing.T) {
					effects := map[string]int{}
					counting := func(end stageFunc) stageFunc {
						return func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
							err := stage.Effect(ctx, run.Steps, "effect", func(context.Context) error {
								effects[run.Stage.ID]++
								return nil
							})
							if err != nil {
								return stage.Outcome{}, err
							}
							return end(ctx, run)
						}
					}
					w := newWorld(t, counting(succeed), counting(fail))
					w.registry[model.StageRollback] = counting(succeed)
					ctx, kill := context.WithCancelCause(t.Context())
					defer kill(nil)
					w.plane.refuse = func(c string) error {
						if c != call {
							return nil
						}
						kill(stage.ErrStopping)
						if reached {
							return nil
						}
						return stage.ErrStopping
					}
					if _, err := w.execution().Run(ctx); err != nil && !errors.Is(err, stage.ErrStopping) {
						t.Fatalf("the first process: %v", err)
					}
					w.plane.refuse = nil
					w.ends(model.DeploymentFailure)
					if diff := cmp.Diff(map[string]int{"A": 1, "B": 1, model.StageIDRollback: 1}, effects); diff != "" {
						t.Errorf("effects (-want +got):\n%s", diff)
					}
					w.says("", "KIND_B failed: Too many errors; rolled back")
				})
			})
		}
	}
}

// TestCancelSurvivesRestart: the process dies between the stage's end and the
// rollback; the deployment still ends as cancelled.
func TestCancelSurvivesRestart(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, wait, succeed)
		x := w.execution()
		x.Cancel("kim", model.RollbackAsConfigured)
		w.plane.refuse = func(c string) error {
			if c == "ROLLING_BACK" {
				return stage.ErrStopping
			}
			return nil
		}
		if _, err := x.Run(t.Context()); !errors.Is(err, stage.ErrStopping) {
			t.Fatalf("Run: %v", err)
		}
		w.plane.refuse, w.plane.history = nil, nil
		w.ends(model.DeploymentCancelled)
		w.history(rolledBack + "CANCELLED")
		w.says("", "Cancelled by kim; nothing was changed")
	})
}

// TestRollingBackStartsNoStage: a deployment that rolls back goes on with
// nothing else, even where no stage says why.
func TestRollingBackStartsNoStage(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, succeed, succeed)
		w.plane.d.Status, w.plane.d.StatusReason = model.DeploymentRollingBack, "It failed before"
		w.ends(model.DeploymentFailure)
		w.history(rolledBack + "FAILURE")
		w.says("", "It failed before; nothing was changed")
	})
}

// TestTimeCountsFromTheFirstStart: being down does not win time.
func TestTimeCountsFromTheFirstStart(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*world){
		"deployment": func(w *world) { w.input.Timeout = time.Hour },
		"stage":      func(w *world) { w.input.Timeouts = map[string]time.Duration{"A": time.Hour} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				w := newWorld(t, wait, succeed)
				set(w)
				begin := time.Now()
				for range 3 {
					w.letsGo(stopAfter(t, 15*time.Minute), stage.ErrStopping)
				}
				w.ends(model.DeploymentFailure)
				if took := time.Since(begin); took != time.Hour {
					t.Errorf("ended after %s, want 1h", took)
				}
			})
		})
	}
}

// TestWhatAStageIsGiven: the same start, baseline and steps in every process.
func TestWhatAStageIsGiven(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		type given struct {
			StartedAt time.Time
			Baseline  platform.Baseline
			Progress  string
			Token     string
		}
		var got []given
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			g := given{StartedAt: run.StartedAt, Baseline: run.Baseline, Progress: run.Stage.Metadata["progress"]}
			_, err := stage.Do(ctx, run.Steps, "create",
				func(context.Context) (int, error) { return 1, nil },
				func(_ context.Context, _ int, a platform.Attempt) (int, error) {
					g.Token = a.Token
					return 0, errors.Join(run.Note(ctx, map[string]string{"progress": "half"}), errors.New("not yet"))
				})
			got = append(got, g)
			<-ctx.Done()
			return stage.Outcome{}, err
		}, succeed)
		begin := time.Now().UTC()
		for range 2 {
			w.letsGo(stopAfter(t, time.Minute), stage.ErrStopping)
		}
		first := given{StartedAt: begin, Baseline: platform.Baseline{PrimaryID: "set-1"}, Token: model.StepToken("d1", "A", "create")}
		second := first
		second.Progress = "half"
		if diff := cmp.Diff([]given{first, second}, got); diff != "" {
			t.Errorf("given (-want +got):\n%s", diff)
		}
	})
}

// TestNoteIsSafeForConcurrentUse is for the race detector, and for no note
// being lost.
func TestNoteIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		const n = 20
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					if err := run.Note(ctx, map[string]string{fmt.Sprint("note-", i): "x"}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return stage.Outcome{}, nil
		}, succeed)
		w.ends(model.DeploymentSuccess)
		count := 0
		for key := range w.plane.d.Stage("A").Metadata {
			if strings.HasPrefix(key, "note-") {
				count++
			}
		}
		if count != n {
			t.Errorf("%d of %d notes are stored", count, n)
		}
	})
}

func TestJournalOfANewerAgent(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, succeed, succeed)
		w.plane.d.Stages[0].Metadata = map[string]string{stage.MetadataSteps: `{"version":99}`}
		w.ends(model.DeploymentFailure)
		if !strings.Contains(w.plane.reason["A"], "version 99") {
			t.Errorf("the reason is %q", w.plane.reason["A"])
		}
	})
}
