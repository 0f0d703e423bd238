package canary

import (
	"context"
	"fmt"

	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// runTask is ECS_SYNC of a standalone task: the task runs once, to its end.
func (r rollout) runTask(ctx context.Context, task platform.Standalone) (stage.Outcome, error) {
	revision, err := r.register(ctx)
	if err != nil {
		return stage.Outcome{}, err
	}
	id, err := stage.Do(ctx, r.run.Steps, "task",
		func(ctx context.Context) (platform.Change, error) { return task.PlanTask(ctx, revision, "task") },
		func(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
			r.run.Log.Infof("%s", c.Summary)
			if c.Call == "" {
				return "", nil
			}
			return task.ApplyTask(ctx, c, a)
		})
	if err != nil {
		return stage.Outcome{}, err
	}
	if id == "" {
		return stage.Outcome{Reason: "The task definition is registered; no task is run, because input.runStandaloneTask is false"}, nil
	}
	if err := task.AwaitStopped(ctx, id, r.run.Log); err != nil {
		return stage.Outcome{}, err
	}
	return stage.Outcome{Reason: "The task ran to its end"}, nil
}

// stopTask is ROLLBACK of a standalone task. What a task did cannot be undone
// here; one that still does it is stopped.
func (r *rollback) stopTask(ctx context.Context, task platform.Standalone) (stage.Outcome, error) {
	stopped, err := task.Stop(ctx, r.run.Log)
	if err != nil {
		return stage.Outcome{}, err
	}
	if stopped == 0 {
		return stage.Outcome{Reason: "A standalone task leaves nothing to restore"}, nil
	}
	return stage.Outcome{Reason: fmt.Sprintf("%d task(s) that still ran are stopped; there is nothing else to restore", stopped)}, nil
}
