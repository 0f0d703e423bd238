package webapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const (
	// pollInterval is how often a watcher looks for what nobody told it.
	pollInterval = 10 * time.Second
	// quietInterval is when something is sent although nothing changed, because
	// proxies end connections on which nothing moves.
	quietInterval = 20 * time.Second
)

// WatchDeployment sends the deployment now and after each change, and ends when
// it is completed. It is also sent when nothing changed for a while.
func (s *Service) WatchDeployment(ctx context.Context, req *webv1.WatchDeploymentRequest, st webv1connect.WebServiceWatchDeploymentServerStream) error {
	changed, stop := s.hub.Subscribe(notify.Deployment(req.GetDeploymentId()))
	defer stop()
	poll := time.NewTimer(pollInterval)
	defer poll.Stop()
	var sentAt, version time.Time
	for {
		d, err := s.deployment(ctx, req.GetDeploymentId())
		if err != nil {
			return err
		}
		if !d.UpdatedAt.Equal(version) || time.Since(sentAt) >= quietInterval {
			d.HidePrivate()
			if err := st.Send(&webv1.WatchDeploymentResponse{Deployment: convert.DeploymentToPB(d)}); err != nil {
				return err
			}
			sentAt, version = time.Now(), d.UpdatedAt
		}
		if d.Status.IsCompleted() {
			return nil
		}
		if err := wait(ctx, changed, poll); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, changed <-chan struct{}, poll *time.Timer) error {
	poll.Reset(notify.Jittered(pollInterval))
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-changed:
		return nil
	case <-poll.C:
		return nil
	}
}

// WatchStageLog sends the log from an index on, then what is added. It ends when
// the log is completed, or can no longer be because its deployment is.
func (s *Service) WatchStageLog(ctx context.Context, req *webv1.WatchStageLogRequest, st webv1connect.WebServiceWatchStageLogServerStream) error {
	key := stagelog.Key{DeploymentID: req.GetDeploymentId(), StageID: req.GetStageId(), Attempt: req.GetRetriedCount()}
	changed, stop := s.hub.Subscribe(notify.StageLog(key.DeploymentID, key.StageID))
	defer stop()
	poll := time.NewTimer(pollInterval)
	defer poll.Stop()
	w := logWatch{service: s, stream: st, key: key, next: req.GetOffsetIndex()}
	for {
		// Read before the log, so that a deployment that is completed has
		// written its log already.
		d, err := s.logOf(ctx, key)
		if err != nil {
			return err
		}
		ended, err := w.send(ctx, d)
		if err != nil || ended {
			return err
		}
		if err := wait(ctx, changed, poll); err != nil {
			return err
		}
	}
}

// logWatch is how far a watcher of a log is.
type logWatch struct {
	service *Service
	stream  webv1connect.WebServiceWatchStageLogServerStream
	key     stagelog.Key
	next    int64 // the first index that was not sent
	sentAt  time.Time
}

// send sends all there is, and reports whether nothing can follow.
func (w *logWatch) send(ctx context.Context, d *model.Deployment) (ended bool, err error) {
	for {
		part, err := w.service.logs.Read(ctx, w.key, w.next)
		if err != nil {
			return false, err
		}
		ended := part.Completed || d.Status.IsCompleted() && !part.More
		if len(part.Blocks) > 0 || ended || time.Since(w.sentAt) >= quietInterval {
			err := w.stream.Send(&webv1.WatchStageLogResponse{Blocks: convert.LogBlocksToPB(part.Blocks), Completed: ended})
			if err != nil {
				return false, err
			}
			w.sentAt = time.Now()
		}
		if n := len(part.Blocks); n > 0 {
			w.next = part.Blocks[n-1].Index + 1
		}
		if !part.More {
			return ended, nil
		}
	}
}
