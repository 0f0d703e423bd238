package gate

import (
	"context"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// progressEvery is how often a long wait says how much is left.
const progressEvery = 30 * time.Second

// Wait is WAIT: it lets time pass.
type Wait struct{}

// Run returns when the duration has passed since the stage began for the first
// time.
func (Wait) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.WaitOptions)
	if !ok {
		return stage.Outcome{}, wrongOptions(run)
	}
	duration := time.Duration(opts.Duration)
	end := run.StartedAt.Add(duration)
	run.Log.Infof("Waiting %s, until %s", duration, end.UTC().Format(time.RFC3339))
	for {
		left := time.Until(end)
		if left <= 0 {
			return stage.Outcome{Reason: "Waited " + duration.String()}, nil
		}
		if left > progressEvery {
			run.Log.Infof("%s left", left.Round(time.Second))
		}
		if err := sleep(ctx, min(left, progressEvery)); err != nil {
			return stage.Outcome{}, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func wrongOptions(run *stage.Run) error {
	return model.Errorf(model.CodeInternal, "stage %s was given options of type %T", run.Stage.Name, run.Options)
}
