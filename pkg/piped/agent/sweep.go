package agent

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/canary"
	"pipecd/pkg/platform"
)

// sweepRetry is how long a sweep waits that finds the application busy, or fails.
const sweepRetry = time.Minute

// sweepAfter removes the previous version that the deployment kept when its time
// is over. It takes the application's place while it does so. What it cannot do
// before this process ends the application's next deployment does.
func (c *controller) sweepAfter(ctx context.Context, d *model.Deployment, target platform.Target, keep time.Duration) {
	if keep <= 0 || d.Status != model.DeploymentSuccess {
		return
	}
	log := sweepLog{c.logger.With(slog.String("application", d.ApplicationID), slog.String("kept by", d.ID))}
	c.done.Go(func() {
		for wait := keep; wait > 0; {
			pause(ctx, wait)
			if ctx.Err() != nil {
				return
			}
			wait = c.sweep(ctx, d, target, log)
		}
	})
}

// sweep sweeps once and returns when to look again, 0 when nothing is kept.
func (c *controller) sweep(ctx context.Context, d *model.Deployment, target platform.Target, log sweepLog) time.Duration {
	held := &model.Deployment{ID: "sweep of " + d.ID, ApplicationID: d.ApplicationID, Status: model.DeploymentSuccess}
	if !c.reserve(held) {
		return sweepRetry
	}
	defer c.release(held)
	next, err := canary.Sweep(ctx, target, log)
	switch {
	case err != nil:
		log.Errorf("the previous version could not be removed yet: %s", err)
		return sweepRetry
	case next.IsZero():
		return 0
	default:
		return max(time.Until(next), time.Second)
	}
}

// sweepLog tells the agent's log what no stage's log can.
type sweepLog struct{ logger *slog.Logger }

func (l sweepLog) Infof(format string, args ...any)    { l.logger.Info(fmt.Sprintf(format, args...)) }
func (l sweepLog) Successf(format string, args ...any) { l.Infof(format, args...) }
func (l sweepLog) Errorf(format string, args ...any)   { l.logger.Warn(fmt.Sprintf(format, args...)) }
