package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// agent is an agent at the far end of the wire. It answers a sync with a
// deployment of one stage that waits for approval, or of one that measures if the
// pipeline is asked for, and ends it when the approval or the skip comes.
type agent struct {
	t    *testing.T
	id   string
	conn *grpc.ClientConn
	rpc  pipedservice.PipedServiceClient
	ctx  context.Context
}

func startAgent(t *testing.T, address string, c auth.PipedCredential) {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(address, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	value, err := c.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(context.WithoutCancel(t.Context()), auth.HeaderAuthorization, value))
	a := &agent{t: t, id: c.PipedID, conn: conn, rpc: pipedservice.NewPipedServiceClient(conn), ctx: ctx}
	_, err = a.rpc.ReportPipedMeta(ctx, &pipedservice.ReportPipedMetaRequest{
		Version:           "v1",
		Repositories:      []*modelpb.ApplicationGitRepository{{Id: "shop", Remote: "git@example.com:shop.git", Branch: "main"}},
		PlatformProviders: []*modelpb.Piped_PlatformProvider{{Name: "ecs", Type: "ECS"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.serve()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		_ = conn.Close()
	})
}

func (a *agent) serve() {
	stream, err := agentv1.NewAgentServiceClient(a.conn).Connect(a.ctx)
	if err == nil {
		err = stream.Send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Hello{Hello: &agentv1.Hello{InstanceId: "i"}}})
	}
	for err == nil {
		var m *agentv1.ConnectResponse
		if m, err = stream.Recv(); err == nil && m.GetCommand() != nil {
			a.handle(m.GetCommand())
		}
	}
}

// check fails the test unless the agent was stopped.
func (a *agent) check(err error) {
	if err != nil && a.ctx.Err() == nil {
		a.t.Errorf("agent: %v", err)
	}
}

func (a *agent) handle(c *modelpb.Command) {
	switch c.GetType() {
	case modelpb.Command_SYNC_APPLICATION:
		a.deploy(c)
	case modelpb.Command_APPROVE_STAGE:
		a.end(c.GetDeploymentId(), modelpb.StageStatus_STAGE_SUCCESS, modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, "approved")
	case modelpb.Command_SKIP_STAGE:
		a.end(c.GetDeploymentId(), modelpb.StageStatus_STAGE_SUCCESS, modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, "skipped "+c.GetSkipStage().GetStageId())
	case modelpb.Command_CANCEL_DEPLOYMENT:
		a.end(c.GetDeploymentId(), modelpb.StageStatus_STAGE_CANCELLED, modelpb.DeploymentStatus_DEPLOYMENT_CANCELLED, "cancelled by hand")
	default:
	}
	_, err := a.rpc.ReportCommandHandled(a.ctx, &pipedservice.ReportCommandHandledRequest{
		CommandId: c.GetId(), Status: modelpb.CommandStatus_COMMAND_SUCCEEDED, HandledAt: time.Now().Unix(),
		Metadata: map[string]string{model.CommandMetadataDeploymentID: model.DeploymentIDForCommand(c.GetApplicationId(), c.GetId())},
	})
	a.check(err)
}

func (a *agent) deploy(c *modelpb.Command) {
	now := time.Now().Unix()
	id := model.DeploymentIDForCommand(c.GetApplicationId(), c.GetId())
	trigger := &modelpb.DeploymentTrigger{
		Commit:    &modelpb.Commit{Hash: "3f786850e387550fdab836ed7e6dc881de23001b", Message: "a change", Author: "a", Branch: "main", CreatedAt: now},
		Commander: c.GetCommander(), Timestamp: now,
	}
	_, err := a.rpc.CreateDeployment(a.ctx, &pipedservice.CreateDeploymentRequest{Deployment: &modelpb.Deployment{
		Id: id, ApplicationId: c.GetApplicationId(), ApplicationName: "web", PipedId: a.id, ProjectId: c.GetProjectId(),
		Kind:    modelpb.ApplicationKind_ECS,
		GitPath: &modelpb.ApplicationGitPath{Repo: &modelpb.ApplicationGitRepository{Id: "shop"}, Path: "web"},
		Trigger: trigger,
	}})
	a.check(err)
	_, err = a.rpc.ReportApplicationMostRecentDeployment(a.ctx, &pipedservice.ReportApplicationMostRecentDeploymentRequest{
		ApplicationId: c.GetApplicationId(), Status: modelpb.DeploymentStatus_DEPLOYMENT_PENDING,
		Deployment: &modelpb.ApplicationDeploymentReference{DeploymentId: id, Trigger: trigger, StartedAt: now},
	})
	a.check(err)
	_, err = a.rpc.ReportApplicationDeployingStatus(a.ctx, &pipedservice.ReportApplicationDeployingStatusRequest{ApplicationId: c.GetApplicationId(), Deploying: true})
	a.check(err)
	stage := &modelpb.PipelineStage{
		Id: "stage-0", Name: "WAIT_APPROVAL", Visible: true, AvailableOperation: modelpb.ManualOperation_MANUAL_OPERATION_APPROVE, CreatedAt: now, UpdatedAt: now,
	}
	if c.GetSyncApplication().GetSyncStrategy() == modelpb.SyncStrategy_PIPELINE {
		stage.Name, stage.AvailableOperation = "ANALYSIS", modelpb.ManualOperation_MANUAL_OPERATION_SKIP
	}
	_, err = a.rpc.ReportDeploymentPlanned(a.ctx, &pipedservice.ReportDeploymentPlannedRequest{
		DeploymentId: id, Summary: "the plan",
		Stages: []*modelpb.PipelineStage{stage},
	})
	a.check(err)
	a.stage(id, modelpb.StageStatus_STAGE_RUNNING)
	_, err = a.rpc.SaveStageMetadata(a.ctx, &pipedservice.SaveStageMetadataRequest{
		DeploymentId: id, StageId: "stage-0", Metadata: map[string]string{stageStartKey: "1700000000"},
	})
	a.check(err)
	a.log(id, 1, "waiting for you\x1b[2J", false)
}

func (a *agent) stage(id string, s modelpb.StageStatus) {
	_, err := a.rpc.ReportStageStatusChanged(a.ctx, &pipedservice.ReportStageStatusChangedRequest{
		DeploymentId: id, StageId: "stage-0", Status: s, Visible: true, CompletedAt: 1_700_000_061,
	})
	a.check(err)
}

func (a *agent) log(id string, index int64, text string, completed bool) {
	_, err := a.rpc.ReportStageLogsFromLastCheckpoint(a.ctx, &pipedservice.ReportStageLogsFromLastCheckpointRequest{
		DeploymentId: id, StageId: "stage-0", Completed: completed,
		Blocks: []*modelpb.LogBlock{{Index: index, Log: text, CreatedAt: time.Now().Unix()}},
	})
	a.check(err)
}

func (a *agent) end(id string, stage modelpb.StageStatus, status modelpb.DeploymentStatus, text string) {
	a.log(id, 2, text, true)
	a.stage(id, stage)
	if status == modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
		a.succeeded(id)
	}
	_, err := a.rpc.ReportDeploymentCompleted(a.ctx, &pipedservice.ReportDeploymentCompletedRequest{
		DeploymentId: id, Status: status, StatusReason: text, CompletedAt: time.Now().Unix(),
	})
	a.check(err)
}

// succeeded reports which version the application runs now.
func (a *agent) succeeded(id string) {
	got, err := a.rpc.GetDeployment(a.ctx, &pipedservice.GetDeploymentRequest{Id: id})
	a.check(err)
	d := got.GetDeployment()
	_, err = a.rpc.ReportApplicationMostRecentDeployment(a.ctx, &pipedservice.ReportApplicationMostRecentDeploymentRequest{
		ApplicationId: d.GetApplicationId(), Status: modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS,
		Deployment: &modelpb.ApplicationDeploymentReference{
			DeploymentId: id, Trigger: d.GetTrigger(), StartedAt: d.GetCreatedAt(), CompletedAt: time.Now().Unix(),
		},
	})
	a.check(err)
}
