package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// piece is a deployment that begins, does its one stage and ends.
func piece(id, app, deployment string) *agentv1.RecordRequest {
	stage := func(status modelpb.StageStatus) *agentv1.Report {
		return &agentv1.Report{Item: &agentv1.Report_Stage{Stage: &pipedservice.ReportStageStatusChangedRequest{
			DeploymentId: deployment, StageId: string(model.StageWait), Status: status, CompletedAt: 1,
		}}}
	}
	return &agentv1.RecordRequest{Id: id, DeploymentId: deployment, Reports: []*agentv1.Report{
		{Item: &agentv1.Report_Status{Status: &pipedservice.ReportDeploymentStatusChangedRequest{
			DeploymentId: deployment, Status: modelpb.DeploymentStatus_DEPLOYMENT_RUNNING,
		}}},
		stage(modelpb.StageStatus_STAGE_RUNNING),
		{Item: &agentv1.Report_StageMetadata{StageMetadata: &pipedservice.SaveStageMetadataRequest{
			DeploymentId: deployment, StageId: string(model.StageWait), Metadata: map[string]string{"a": "1"},
		}}},
		stage(modelpb.StageStatus_STAGE_SUCCESS),
		{Item: &agentv1.Report_Metadata{Metadata: &pipedservice.SaveDeploymentMetadataRequest{
			DeploymentId: deployment, Metadata: map[string]string{"b": "2"},
		}}},
		{Item: &agentv1.Report_Completed{Completed: &pipedservice.ReportDeploymentCompletedRequest{
			DeploymentId: deployment, Status: modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, CompletedAt: 1,
		}}},
		{Item: &agentv1.Report_Deploying{Deploying: &pipedservice.ReportApplicationDeployingStatusRequest{ApplicationId: app, Deploying: true}}},
	}}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner, stranger := w.agent("dev", "owner"), w.agent("dev", "stranger")
	if _, granted, err := w.store.AcquireLease(t.Context(), owner.id, lease("first")); err != nil || !granted {
		t.Fatal(granted, err)
	}
	app := w.application("dev", owner, "web")
	id := w.deployment("dev", owner, app, model.StageWait)
	record := func(ctx context.Context, a *agent, req *agentv1.RecordRequest) error {
		_, err := a.stream.Record(ctx, req)
		return err
	}
	wantCode(t, record(owner.ctx, owner, piece("p", app, model.NewID())), codes.NotFound)
	wantCode(t, record(owner.ctx, owner, piece("p", model.NewID(), id)), codes.NotFound)
	wantCode(t, record(stranger.ctx, stranger, piece("p", app, id)), codes.PermissionDenied)
	wantCode(t, record(t.Context(), owner, piece("p", app, id)), codes.Unauthenticated)
	wantCode(t, record(owner.under(9), owner, piece("p", app, id)), codes.Aborted)
	wantCode(t, record(owner.ctx, owner, &agentv1.RecordRequest{Id: "p", DeploymentId: id}), codes.InvalidArgument)
	foreign := piece("p", app, id)
	foreign.Reports[4].GetMetadata().DeploymentId = "another"
	wantCode(t, record(owner.ctx, owner, foreign), codes.InvalidArgument)

	// A step that is refused takes those before it back.
	broken := piece("p", app, id)
	broken.Reports[3].GetStage().StageId = "none"
	wantCode(t, record(owner.ctx, owner, broken), codes.InvalidArgument)
	if d, err := w.store.GetDeployment(t.Context(), id); err != nil || d.Stages[0].Status != model.StageNotStarted {
		t.Errorf("after a refusal the stage is %v, %v", d.Stages[0].Status, err)
	}

	// Repeating it, its answer being lost, is fine; as another piece it is history that went on.
	for range 2 {
		wantCode(t, record(owner.under(1), owner, piece("p", app, id)), codes.OK)
	}
	wantCode(t, record(owner.under(1), owner, piece("q", app, id)), codes.FailedPrecondition)
	d, err := w.store.GetDeployment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s := d.Stages[0]
	if d.Status != model.DeploymentSuccess || s.Status != model.StageSuccess || s.Metadata["a"] != "1" || d.Metadata["b"] != "2" {
		t.Errorf("stored %s with stage %s, metadata %v and %v", d.Status, s.Status, d.Metadata, s.Metadata)
	}
	a, err := w.store.GetApplication(t.Context(), app)
	if err != nil || !a.Deploying {
		t.Errorf("the application is deploying: %v, %v", a.Deploying, err)
	}
}
