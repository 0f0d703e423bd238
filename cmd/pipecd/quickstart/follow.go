package quickstart

import (
	"context"
	"slices"
	"sync"
	"time"

	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// recent is how many of the newest deployments are looked at; far more than can
// begin between two looks.
const recent = 20

// follower tells how deployments go, each to its end, also when the next one
// begins at once.
type follower struct {
	world  *world
	typing bool // a person can type what to do next
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func (f *follower) start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(ctx)
	f.done.Go(func() {
		const every = 300 * time.Millisecond
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			list, err := f.world.deployments(ctx, recent)
			if err != nil {
				continue // the next look may be luckier
			}
			for _, d := range slices.Backward(list) { // oldest first, as they ran
				f.tell(d)
			}
		}
	})
}

func (f *follower) tell(d *modelpb.Deployment) {
	before := len(f.world.teller.ended)
	f.world.tell(d)
	if before == 0 && len(f.world.teller.ended) > 0 {
		f.world.cloud.resetCounts() // before the first deployment nothing could answer
		if d.GetStatus() == modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
			f.world.sayf("• v%d answers all requests%s", f.world.released, f.nextStep())
		}
	}
}

// nextStep says how the next version is released.
func (f *follower) nextStep() string {
	if f.typing {
		return "; type good, bad or broken to release the next version"
	}
	return "; a commit to the sample app releases the next version"
}

func (f *follower) wait() {
	f.stop()
	f.done.Wait()
}

// tell says what is new about the deployment.
func (w *world) tell(d *modelpb.Deployment) {
	for _, line := range w.teller.news(d) {
		w.sayf("%s", line)
	}
}

// deployments returns the application's newest deployments, newest first.
func (w *world) deployments(ctx context.Context, n int32) ([]*modelpb.Deployment, error) {
	list, err := w.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{ApplicationId: w.appID, PageSize: n})
	return list.GetDeployments(), err
}
