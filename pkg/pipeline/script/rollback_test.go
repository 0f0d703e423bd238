package script_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/script"
	"pipecd/pkg/pipeline/stage"
)

// bringBack stands for the rollback of what runs.
type bringBack struct {
	w    *world
	fail bool
	err  error
}

func (b bringBack) Run(context.Context, *stage.Run) (stage.Outcome, error) {
	b.w.Infof("requests are back")
	return stage.Outcome{Failed: b.fail, Reason: "As before"}, b.err
}

// three scripts, of which the first two begin and the second fails.
func begun(t *testing.T, secondBack string) *world {
	t.Helper()
	w := newWorld(t,
		&config.ScriptRunOptions{Run: "true", OnRollback: "echo undo 0 $SR_IS_ROLLBACK $A", Env: map[string]string{"A": "a"}},
		&config.ScriptRunOptions{Run: "exit 1", OnRollback: secondBack},
		&config.ScriptRunOptions{Run: "true"},
		&config.ScriptRunOptions{Run: "true", OnRollback: "echo undo 3"})
	for _, id := range []string{"stage-0", "stage-1", "stage-2"} {
		if _, err := w.run(t.Context(), w.script(), id); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestOnRollbackRunsBackwardsAfterTheRequestsAreBack(t *testing.T) {
	t.Parallel()
	w := begun(t, "echo undo 1")
	r := script.Rollback{Stage: bringBack{w: w}, Script: w.script()}
	for range 2 { // the second time nothing of it is run again
		out, err := w.run(t.Context(), r, model.StageIDRollback)
		if err != nil || out.Failed || out.Reason != "As before; onRollback of stage stage-1, stage-0 ended well" {
			t.Fatalf("%+v, %v\n%s", out, err, w.log())
		}
	}
	w.says("requests are back", "undo 1", "undo 0 true a")
	if strings.Contains(w.log(), "undo 3") || strings.Count(w.log(), "undo 1") != 1 {
		t.Errorf("the log is\n%s", w.log())
	}
}

func TestOnRollbackThatFailsIsToldAndTheOthersRun(t *testing.T) {
	t.Parallel()
	w := begun(t, "exit 7")
	out, err := w.run(t.Context(), script.Rollback{Stage: bringBack{w: w}, Script: w.script()}, model.StageIDRollback)
	want := "As before; but onRollback of stage stage-1 exited with code 7: see the log for what it wrote"
	if err != nil || !out.Failed || out.Reason != want {
		t.Errorf("%+v, %v", out, err)
	}
	w.says("undo 0")
}

func TestOnRollbackIsNotRun(t *testing.T) {
	t.Parallel()
	broken := errors.New("no capacity")
	for name, tt := range map[string]struct {
		back   bringBack
		script script.Script
		says   string
	}{
		"the rollback failed":   {bringBack{fail: true}, script.Script{}, "is not run, because the version before could not be brought back"},
		"the rollback broke":    {bringBack{err: broken}, script.Script{}, "is not run, because the version before could not be brought back"},
		"scripts are forbidden": {bringBack{}, script.Script{Disabled: true}, "this agent runs no scripts any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := begun(t, "echo undo 1")
			tt.back.w = w
			out, err := w.run(t.Context(), script.Rollback{Stage: tt.back, Script: tt.script}, model.StageIDRollback)
			if !errors.Is(err, tt.back.err) || out.Failed != tt.back.fail {
				t.Errorf("%+v, %v", out, err)
			}
			w.says(tt.says)
			if strings.Contains(w.log(), "undo") {
				t.Errorf("it ran:\n%s", w.log())
			}
		})
	}
}
