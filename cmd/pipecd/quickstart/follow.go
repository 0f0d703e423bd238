package quickstart

import (
	"context"
	"sync"
	"time"

	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// follower tells how the newest deployment goes.
type follower struct {
	world *world
	stop  context.CancelFunc
	done  sync.WaitGroup
}

func (f *follower) start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(ctx)
	f.done.Go(func() {
		const every = 300 * time.Millisecond
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		current, ended, told := "", "", map[string]string{}
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			d := f.newest(ctx)
			if d == nil {
				continue
			}
			if d.GetId() != current {
				current, told = d.GetId(), map[string]string{}
				f.world.say("• deployment %s", d.GetId())
			}
			f.world.tellStages(d, told)
			if completed(d) && ended != d.GetId() {
				if ended == "" {
					f.world.cloud.resetCounts() // before the first deployment nothing could answer
				}
				ended = d.GetId()
				f.world.say("• %s: %s", status(d), d.GetStatusReason())
			}
		}
	})
}

// newest is the newest deployment that has begun; others wait behind it.
func (f *follower) newest(ctx context.Context) *modelpb.Deployment {
	const some = 10
	list, err := f.world.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{ApplicationId: f.world.appID, PageSize: some})
	if err != nil {
		return nil
	}
	for _, d := range list.GetDeployments() {
		if d.GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_PENDING {
			return d
		}
	}
	return nil
}

func (f *follower) wait() {
	f.stop()
	f.done.Wait()
}
