package agent

import (
	"context"
	"fmt"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

// recorder is the engine's Recorder for one deployment: it also keeps what the
// application remembers in step with the deployment.
type recorder struct {
	out        *outbox
	deployment *model.Deployment
	mailbox    *mailbox
	apps       *applications
	late       func(ctx context.Context, cmd model.Command) // answers what came too late for its stage
}

// Flush implements engine.Recorder.
func (r *recorder) Flush(ctx context.Context, _ string) error { return r.out.flush(ctx) }

// SaveStageMetadata implements engine.Recorder.
func (r *recorder) SaveStageMetadata(_ context.Context, id, stageID string, metadata map[string]string) error {
	return r.out.add(apiclient.StageMetadataReport(id, stageID, metadata))
}

// SaveDeploymentMetadata implements engine.Recorder.
func (r *recorder) SaveDeploymentMetadata(_ context.Context, id string, metadata map[string]string) error {
	return r.out.add(apiclient.MetadataReport(id, metadata))
}

// ReportStage also answers what people asked of the stage and came too late.
func (r *recorder) ReportStage(ctx context.Context, id string, report model.StageReport) error {
	if err := r.out.add(apiclient.StageReport(id, report)); err != nil || !report.Status.IsCompleted() {
		return err
	}
	late := r.mailbox.takeAll(func(c model.Command) bool { return c.StageID == report.StageID })
	if len(late) == 0 {
		return nil
	}
	if err := r.out.flush(ctx); err != nil { // the record says what became of them
		return err
	}
	for _, cmd := range late {
		r.late(ctx, cmd)
	}
	return nil
}

// ReportStatus also answers the cancel commands that led to a rollback.
func (r *recorder) ReportStatus(ctx context.Context, id string, status model.DeploymentStatus, reason string) error {
	if err := r.out.add(apiclient.StatusReport(id, status, reason)); err != nil || status != model.DeploymentRollingBack {
		return err
	}
	if err := r.out.flush(ctx); err != nil {
		return err
	}
	r.mailbox.answerCancels(ctx)
	return nil
}

// ReportCompleted first reports a success as the application's most recent one:
// a crash between the two repeats both, while the other order could lose it.
func (r *recorder) ReportCompleted(ctx context.Context, id string, c model.Completion) error {
	d := r.deployment.Clone()
	d.CompletedAt = c.CompletedAt
	ref, success := d.Ref(), c.Status == model.DeploymentSuccess
	state, changed := stateAfter(r.apps.get(d.ApplicationID), d, c.Status)
	var reports []apiclient.Report
	if success {
		reports = append(reports, apiclient.MostRecentReport(d.ApplicationID, model.DeploymentSuccess, ref))
	}
	if changed {
		reports = append(reports, apiclient.SyncStateReport(d.ApplicationID, state))
	}
	reports = append(reports, apiclient.CompletedReport(id, c), apiclient.DeployingReport(d.ApplicationID, false))
	if err := r.out.add(reports...); err != nil {
		return err
	}
	if err := r.out.flush(ctx); err != nil {
		return err
	}
	r.apps.update(d.ApplicationID, func(a *model.Application) {
		a.Deploying = false
		if success {
			a.LastSuccessful = &ref
		}
		if changed {
			a.SyncState = state
		}
	})
	return nil
}

// stateAfter returns how what runs compares with Git once d has ended, and
// whether that is news. A commit that was deployed well before still runs when a
// repetition fails. app is nil when the application is gone.
func stateAfter(app *model.Application, d *model.Deployment, status model.DeploymentStatus) (model.SyncState, bool) {
	state := model.SyncState{HeadDeploymentID: d.ID, Timestamp: time.Now().UTC()}
	if status == model.DeploymentSuccess {
		state.Status, state.ShortReason = synced(d)
		return state, true
	}
	if d.Trigger.RolledBackTo != "" { // what runs, and how it compares, is as before
		return state, false
	}
	if app == nil || app.LastSuccessful != nil && app.LastSuccessful.Trigger.Commit.Hash == d.Trigger.Commit.Hash {
		return state, false
	}
	how := "failed"
	if status == model.DeploymentCancelled {
		how = "was cancelled"
	}
	what := d.Version()
	if len(d.Versions) == 0 {
		what = fmt.Sprintf("commit %.8s", d.Trigger.Commit.Hash)
	}
	state.Status = model.SyncOutOfSync
	state.ShortReason = fmt.Sprintf("The deployment of %s %s, so Git is ahead of what runs", what, how)
	return state, true
}

func synced(d *model.Deployment) (model.SyncStatus, string) {
	ref := d.Ref()
	return ref.SyncedState()
}
