package webapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// followLog follows the log of a stage: what there is, a page after the other,
// and then what is added.
type followLog struct {
	service *Service
	key     stagelog.Key
	next    int64 // the first index that was not sent
	begun   bool  // something was sent, if only that the log is empty

	known     time.Time // the deployment's state that completed is about
	completed bool      // the deployment is, so that the log cannot grow any more
}

func newFollowLog(s *Service, t *webv1.StageLogTopic) *followLog {
	return &followLog{
		service: s, next: t.GetOffsetIndex(),
		key: stagelog.Key{DeploymentID: t.GetDeploymentId(), StageID: t.GetStageId(), Attempt: t.GetRetriedCount()},
	}
}

func (f *followLog) wakers() []notify.Topic {
	return []notify.Topic{notify.StageLog(f.key.DeploymentID, f.key.StageID), notify.Deployment(f.key.DeploymentID)}
}

func (f *followLog) needs(*glance) {}

// differs is always true: that something was added is known only to the log.
func (f *followLog) differs(*glance) bool { return true }

func (f *followLog) look(ctx context.Context) (seen, error) {
	// Before the log, so that a deployment that is completed has written its
	// log already.
	if err := f.lookAtDeployment(ctx); err != nil {
		return seen{}, err
	}
	part, err := f.service.logs.Read(ctx, f.key, f.next)
	if err != nil {
		return seen{}, err
	}
	ended := part.Completed || f.completed && !part.More
	if f.begun && len(part.Blocks) == 0 && !ended {
		return seen{}, nil
	}
	f.begun = true
	if n := len(part.Blocks); n > 0 {
		f.next = part.Blocks[n-1].Index + 1
	}
	return seen{
		event: &webv1.SubscribeResponse{Event: &webv1.SubscribeResponse_StageLog{
			StageLog: &webv1.LogPart{Blocks: convert.LogBlocksToPB(part.Blocks), Completed: ended},
		}},
		more: part.More,
		done: ended,
	}, nil
}

// lookAtDeployment reads the deployment if it changed; most of the time it did
// not, and is large.
func (f *followLog) lookAtDeployment(ctx context.Context) error {
	if f.completed {
		return nil
	}
	revisions, err := f.service.store.Revisions(ctx, datastore.NounDeployment, []string{f.key.DeploymentID})
	if err != nil {
		return err
	}
	if r, ok := revisions[f.key.DeploymentID]; ok && !f.known.IsZero() && r.UpdatedAt.Equal(f.known) {
		return nil
	}
	d, err := f.service.logOf(ctx, f.key)
	if err != nil {
		return err
	}
	f.known, f.completed = d.UpdatedAt, d.Status.IsCompleted()
	return nil
}
