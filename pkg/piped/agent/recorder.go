package agent

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

// recorder is the engine's Recorder for one deployment: it also keeps what the
// application remembers in step with the deployment.
type recorder struct {
	*apiclient.Client

	deployment *model.Deployment
	mailbox    *mailbox
	apps       *applications
	late       func(ctx context.Context, cmd model.Command) // answers what came too late for its stage
}

// ReportStage also answers what people asked of the stage and came too late.
func (r *recorder) ReportStage(ctx context.Context, id string, report model.StageReport) error {
	if err := r.Client.ReportStage(ctx, id, report); err != nil {
		return err
	}
	if report.Status.IsCompleted() {
		for _, cmd := range r.mailbox.takeAll(func(c model.Command) bool { return c.StageID == report.StageID }) {
			r.late(ctx, cmd)
		}
	}
	return nil
}

// ReportStatus also answers the cancel commands that led to a rollback.
func (r *recorder) ReportStatus(ctx context.Context, id string, status model.DeploymentStatus, reason string) error {
	if err := r.Client.ReportStatus(ctx, id, status, reason); err != nil {
		return err
	}
	if status == model.DeploymentRollingBack {
		r.mailbox.answerCancels(ctx)
	}
	return nil
}

// ReportCompleted first reports a success as the application's most recent one:
// a crash between the two repeats both, while the other order could lose it.
func (r *recorder) ReportCompleted(ctx context.Context, id string, c model.Completion) error {
	if c.Status == model.DeploymentSuccess {
		if err := r.reportSuccess(ctx, c); err != nil {
			return err
		}
	}
	return r.Client.ReportCompleted(ctx, id, c)
}

func (r *recorder) reportSuccess(ctx context.Context, c model.Completion) error {
	d := r.deployment.Clone()
	d.CompletedAt = c.CompletedAt
	ref := d.Ref()
	if err := r.ReportMostRecentDeployment(ctx, d.ApplicationID, model.DeploymentSuccess, ref); err != nil {
		return err
	}
	state := model.SyncState{
		Status:           model.SyncSynced,
		ShortReason:      "Deployed " + d.Version(),
		HeadDeploymentID: d.ID,
		Timestamp:        time.Now().UTC(),
	}
	if err := r.ReportSyncState(ctx, d.ApplicationID, state); err != nil {
		return err
	}
	r.apps.update(d.ApplicationID, func(a *model.Application) { a.LastSuccessful, a.SyncState = &ref, state })
	return nil
}
