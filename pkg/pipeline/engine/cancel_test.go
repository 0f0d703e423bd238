package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/stage"
)

const (
	asFileSays = "; automatic rollback is off, so everything stays as it is now"
	asAskedFor = "; not rolled back, as asked for, so everything stays as it is now"
	unplanned  = "; it was planned without a rollback, so everything stays as it is now"
)

// choices are what a person can choose, against what the file says.
var choices = []struct {
	choice       model.RollbackChoice
	autoRollback bool
	rollsBack    bool
	says         string
}{
	{model.RollbackAsConfigured, true, true, "; rolled back"},
	{model.RollbackAsConfigured, false, false, asFileSays},
	{model.RollbackAlways, true, true, "; rolled back"},
	{model.RollbackAlways, false, true, "; rolled back"},
	{model.RollbackNever, true, false, asAskedFor},
	{model.RollbackNever, false, false, asAskedFor},
}

func TestCancelChoosesTheRollback(t *testing.T) {
	t.Parallel()
	for _, tt := range choices {
		t.Run(fmt.Sprintf("choice=%d autoRollback=%t", tt.choice, tt.autoRollback), func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				w := newWorld(t, wait, succeed)
				w.input.AutoRollback = tt.autoRollback
				x := w.execution()
				time.AfterFunc(time.Minute, func() {
					x.Cancel("kim", tt.choice)
					x.Cancel("lee", (tt.choice+1)%3) // the first counts
				})
				got, err := x.Run(t.Context())
				w.check(got, err, model.DeploymentCancelled)
				w.says("", "Cancelled by kim"+tt.says)
				want := "RUNNING, A RUNNING, A CANCELLED, CANCELLED"
				if tt.rollsBack {
					want = "RUNNING, A RUNNING, A CANCELLED, " + rolledBack + "CANCELLED"
				}
				w.history(want)
			})
		})
	}
}

// TestFailureIsNoCancel: what a person chose for a cancel that came too late is
// not what happens to a failure.
func TestFailureIsNoCancel(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		var x *engine.Execution
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			x.Cancel("kim", model.RollbackNever)
			return fail(ctx, run)
		}, succeed)
		x = w.execution()
		got, err := x.Run(t.Context())
		w.check(got, err, model.DeploymentFailure)
		w.says("", "KIND_A failed: Too many errors; rolled back")
	})
}

// TestCancelOfADeploymentWithoutRollback: an agent of before planned none.
func TestCancelOfADeploymentWithoutRollback(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w := newWorld(t, wait, succeed)
		w.plane.d.Stages = w.plane.d.Stages[:2]
		x := w.execution()
		x.Cancel("kim", model.RollbackAlways)
		got, err := x.Run(t.Context())
		w.check(got, err, model.DeploymentCancelled)
		w.says("", "Cancelled by kim"+unplanned)
	})
}

// TestChoiceSurvivesACrash kills the process at every write from the cancel on,
// before and after it is stored. The next process gets the command again only
// as long as nothing was done because of it; it must do what was chosen, and
// start no stage of a deployment that is known to be cancelled.
func TestChoiceSurvivesACrash(t *testing.T) {
	t.Parallel()
	const record = "record of the cancel"
	for _, tt := range choices {
		writes := []string{record, "A CANCELLED", "CANCELLED"}
		if tt.rollsBack {
			writes = []string{record, "A CANCELLED", "ROLLING_BACK", "Rollback RUNNING", "Rollback SUCCESS", "CANCELLED"}
		}
		for _, write := range writes {
			for _, stored := range []bool{false, true} {
				t.Run(fmt.Sprintf("choice=%d autoRollback=%t %s stored=%t", tt.choice, tt.autoRollback, write, stored), func(t *testing.T) {
					t.Parallel()
					test(t, func(t *testing.T) {
						w := newWorld(t, wait, succeed)
						w.input.AutoRollback = tt.autoRollback
						ctx, kill := context.WithCancelCause(t.Context())
						defer kill(nil)
						at := func(call string) error {
							if call != write {
								return nil
							}
							kill(stage.ErrStopping)
							if stored {
								return nil
							}
							return stage.ErrStopping
						}
						w.plane.refuse = at
						w.plane.saving = func(metadata map[string]string) error {
							if strings.Contains(metadata[stage.MetadataSteps], `"cancelled"`) {
								return at(record)
							}
							return nil
						}
						x := w.execution()
						time.AfterFunc(time.Minute, func() { x.Cancel("kim", tt.choice) })
						if _, err := x.Run(ctx); err != nil && !errors.Is(err, stage.ErrStopping) {
							t.Fatalf("the first process: %v", err)
						}
						w.plane.refuse, w.plane.saving = nil, nil

						w.registry["KIND_A"], w.registry["KIND_B"] = neverRun(t), neverRun(t)
						next := w.execution()
						if write == record && !stored {
							next.Cancel("kim", tt.choice) // unanswered commands come again
						} else {
							next.Cancel("lee", (tt.choice+1)%3)
						}
						got, err := next.Run(t.Context())
						w.check(got, err, model.DeploymentCancelled)
						w.says("", "Cancelled by kim"+tt.says)
						if began := w.plane.d.Stage(model.StageIDRollback).Status != model.StageNotStarted; began != tt.rollsBack {
							t.Errorf("the rollback began: %t, want %t", began, tt.rollsBack)
						}
					})
				})
			}
		}
	}
}

// neverRun is a stage of a deployment that is cancelled.
func neverRun(t *testing.T) stageFunc {
	t.Helper()
	return func(context.Context, *stage.Run) (stage.Outcome, error) {
		t.Error("a stage of a cancelled deployment ran")
		return stage.Outcome{}, nil
	}
}
