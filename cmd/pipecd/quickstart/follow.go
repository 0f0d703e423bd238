package quickstart

import (
	"context"
	"sync"
	"time"

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
			list, err := f.world.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{ApplicationId: f.world.appID, PageSize: 1})
			if err != nil || len(list.GetDeployments()) == 0 {
				continue
			}
			d := list.GetDeployments()[0]
			if d.GetId() != current {
				current, told = d.GetId(), map[string]string{}
				f.world.say("• deployment %s", d.GetId())
			}
			f.world.tellStages(d, told)
			if completed(d) && ended != d.GetId() {
				ended = d.GetId()
				f.world.say("• %s: %s", status(d), d.GetStatusReason())
			}
		}
	})
}

func (f *follower) wait() {
	f.stop()
	f.done.Wait()
}
