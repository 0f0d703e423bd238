package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// skippable gives stage A rules, and wants to know what is asked of them.
func skippable(t *testing.T, answer func(n int) (string, error)) (w *world, asked *int) {
	t.Helper()
	w, asked = newWorld(t, succeed, succeed), new(int)
	w.input.Options = map[string]config.StageOptions{
		"A": &config.WaitOptions{SkipOn: config.SkipOn{Paths: []string{"docs/**"}}},
		"B": &config.WaitOptions{},
	}
	w.input.SkipOn = func(_ context.Context, on config.SkipOn) (string, error) {
		if len(on.Paths) != 1 || on.Paths[0] != "docs/**" {
			t.Errorf("asked with %+v", on)
		}
		*asked++
		return answer(*asked)
	}
	return w, asked
}

func TestSkippedStageDoesNotRun(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w, asked := skippable(t, func(int) (string, error) { return "Only documents changed", nil })
		w.registry["KIND_A"] = stageFunc(func(context.Context, *stage.Run) (stage.Outcome, error) {
			t.Error("the stage ran")
			return stage.Outcome{}, nil
		})
		w.ends(model.DeploymentSuccess)
		w.history("RUNNING, A RUNNING, A SKIPPED, B RUNNING, B SUCCESS, SUCCESS")
		w.says("A", "Only documents changed")
		if *asked != 1 || !strings.Contains(strings.Join(w.logs.lines, "\n"), "info A: Skipped: Only documents changed") {
			t.Errorf("asked %d times; the log is %q", *asked, w.logs.lines)
		}
	})
}

// TestSkipIsDecidedOnce: a process that takes the stage up goes by what was
// decided, though it would be decided otherwise now.
func TestSkipIsDecidedOnce(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w, asked := skippable(t, func(n int) (string, error) { return []string{"", "Now it fits"}[n-1], nil })
		w.registry["KIND_A"] = stageFunc(wait)
		w.letsGo(stopAfter(t, 1), stage.ErrStopping)
		w.registry["KIND_A"] = stageFunc(succeed)
		w.ends(model.DeploymentSuccess)
		w.history("RUNNING, A RUNNING, A RUNNING, A SUCCESS, B RUNNING, B SUCCESS, SUCCESS")
		if *asked != 1 {
			t.Errorf("asked %d times", *asked)
		}
	})
}

func TestWhatCannotBeFoundOutIsNotSkipped(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		w, _ := skippable(t, func(int) (string, error) { return "", errors.New("the commit is gone") })
		w.ends(model.DeploymentSuccess)
		w.history("RUNNING, A RUNNING, A SUCCESS, B RUNNING, B SUCCESS, SUCCESS")
		if !strings.Contains(strings.Join(w.logs.lines, "\n"), "so the stage is not skipped: the commit is gone") {
			t.Errorf("the log is %q", w.logs.lines)
		}
	})
}
