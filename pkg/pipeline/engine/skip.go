package engine

import (
	"context"

	"pipecd/pkg/config"
	"pipecd/pkg/pipeline/stage"
)

// stepSkip records whether the stage is skipped. It is decided once: what Git
// says later of the same commits does not change it.
const stepSkip = "skip"

// runUnlessSkipped runs the stage unless its skipOn fits the commit.
func (x *Execution) runUnlessSkipped(ctx context.Context, run *stage.Run, runner stage.Stage) (stage.Outcome, error) {
	why, err := x.skipped(ctx, run)
	if err != nil {
		return stage.Outcome{}, err
	}
	if why != "" {
		return stage.Outcome{Skipped: true, Reason: why}, nil
	}
	return runner.Run(ctx, run)
}

// skipped says why the stage is skipped, "" when it is not. A stage of which that
// cannot be found out is run: it is there to protect.
func (x *Execution) skipped(ctx context.Context, run *stage.Run) (string, error) {
	opts, ok := run.Options.(config.Skippable)
	if !ok || x.input.SkipOn == nil || opts.Skip().IsZero() {
		return "", nil
	}
	return stage.Once(ctx, run.Steps, stepSkip, func(ctx context.Context) (string, error) {
		why, err := x.input.SkipOn(ctx, opts.Skip())
		if err != nil && ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if err != nil {
			run.Log.Errorf("Whether skipOn fits the commit cannot be found out, so the stage is not skipped: %s", err)
		}
		return why, nil
	})
}
