package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// TestNotesTogether: a stage may note from several goroutines, the control plane
// may take its time, and nobody holds a lock meanwhile, which in virtual time
// would stop the clock.
func TestNotesTogether(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		const notes = 5
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			var group errgroup.Group
			for i := range notes {
				group.Go(func() error { return run.Note(ctx, map[string]string{fmt.Sprint("k", i): "v"}) })
			}
			return stage.Outcome{}, group.Wait()
		}, succeed)
		w.plane.slow = 3 * time.Second
		w.ends(model.DeploymentSuccess)
		for i := range notes {
			if w.plane.d.Stage("A").Metadata[fmt.Sprint("k", i)] != "v" {
				t.Errorf("note %d is lost", i)
			}
		}
	})
}

// TestNoteEndsWithTheProcess: a note that waits for another one gives up when
// the agent stops.
func TestNoteEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		var second error
		w := newWorld(t, func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
			var group errgroup.Group
			group.Go(func() error { return run.Note(ctx, map[string]string{"first": "v"}) })
			group.Go(func() error {
				time.Sleep(time.Second)
				begun := time.Now()
				second = run.Note(ctx, map[string]string{"second": "v"})
				if took := time.Since(begun); took > time.Hour {
					t.Errorf("the second note waited %s", took)
				}
				return nil
			})
			return stage.Outcome{}, group.Wait()
		}, succeed)
		x := w.execution()
		ctx := stopAfter(t, 10*time.Minute)
		w.registry["KIND_A"] = slowly(w, w.registry["KIND_A"])
		if _, err := x.Run(ctx); !errors.Is(err, stage.ErrStopping) || !errors.Is(second, stage.ErrStopping) {
			t.Errorf("Run = %v, the second note %v, want %v", err, second, stage.ErrStopping)
		}
	})
}

// slowly runs a stage while saving takes two hours.
func slowly(w *world, s stage.Stage) stage.Stage {
	return stageFunc(func(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
		w.plane.slow = 2 * time.Hour
		return s.Run(ctx, run)
	})
}
