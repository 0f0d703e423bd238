package server_test

import (
	"context"
	"maps"

	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// call is one call of PipedService about the things given.
type call func(ctx context.Context, a *agent, app, deployment string) error

// calls are those that are about an application, a deployment or a stage.
func calls() map[string]call {
	all := applicationCalls()
	maps.Copy(all, deploymentCalls())
	maps.Copy(all, stageCalls())
	return all
}

func applicationCalls() map[string]call {
	ref := &modelpb.ApplicationDeploymentReference{
		DeploymentId: "d", StartedAt: someTime,
		Trigger: newDeployment("", &agent{}, "").GetTrigger(),
	}
	return map[string]call{
		"ReportApplicationSyncState": func(ctx context.Context, a *agent, app, _ string) error {
			_, err := a.ReportApplicationSyncState(ctx, &pipedservice.ReportApplicationSyncStateRequest{
				ApplicationId: app, State: &modelpb.ApplicationSyncState{Status: modelpb.ApplicationSyncStatus_SYNCED, Timestamp: someTime},
			})
			return err
		},
		"ReportApplicationDeployingStatus": func(ctx context.Context, a *agent, app, _ string) error {
			_, err := a.ReportApplicationDeployingStatus(ctx, &pipedservice.ReportApplicationDeployingStatusRequest{ApplicationId: app, Deploying: true})
			return err
		},
		"ReportApplicationMostRecentDeployment": func(ctx context.Context, a *agent, app, _ string) error {
			_, err := a.ReportApplicationMostRecentDeployment(ctx, &pipedservice.ReportApplicationMostRecentDeploymentRequest{
				ApplicationId: app, Status: modelpb.DeploymentStatus_DEPLOYMENT_PENDING, Deployment: ref,
			})
			return err
		},
		"GetLatestAnalysisResult": func(ctx context.Context, a *agent, app, _ string) error {
			_, err := a.PutLatestAnalysisResult(ctx, &pipedservice.PutLatestAnalysisResultRequest{
				ApplicationId: app, AnalysisResult: &modelpb.AnalysisResult{StartTime: someTime},
			})
			if err != nil {
				return err
			}
			_, err = a.GetLatestAnalysisResult(ctx, &pipedservice.GetLatestAnalysisResultRequest{ApplicationId: app})
			return err
		},
		"UpdateApplicationConfigurations": func(ctx context.Context, a *agent, app, _ string) error {
			_, err := a.UpdateApplicationConfigurations(ctx, &pipedservice.UpdateApplicationConfigurationsRequest{
				Applications: []*modelpb.ApplicationInfo{{Id: app, Name: "web", PipedId: a.id, RepoId: repoID, Path: "web", Kind: modelpb.ApplicationKind_ECS}},
			})
			return err
		},
	}
}

func deploymentCalls() map[string]call {
	return map[string]call{
		"CreateDeployment": func(ctx context.Context, a *agent, app, _ string) error {
			_, err := a.CreateDeployment(ctx, &pipedservice.CreateDeploymentRequest{Deployment: newDeployment("dev", a, app)})
			return err
		},
		"GetDeployment": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.GetDeployment(ctx, &pipedservice.GetDeploymentRequest{Id: id})
			return err
		},
		"ReportDeploymentStatusChanged": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.ReportDeploymentStatusChanged(ctx, &pipedservice.ReportDeploymentStatusChangedRequest{
				DeploymentId: id, Status: modelpb.DeploymentStatus_DEPLOYMENT_RUNNING,
			})
			return err
		},
		"ReportDeploymentPlanned": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.ReportDeploymentPlanned(ctx, &pipedservice.ReportDeploymentPlannedRequest{
				DeploymentId: id, Stages: []*modelpb.PipelineStage{{Id: "WAIT", Name: "WAIT", CreatedAt: someTime, UpdatedAt: someTime}},
			})
			return err
		},
		"SaveDeploymentMetadata": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.SaveDeploymentMetadata(ctx, &pipedservice.SaveDeploymentMetadataRequest{DeploymentId: id, Metadata: map[string]string{"k": "v"}})
			return err
		},
		"SaveDeploymentSharedMetadata": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.SaveDeploymentSharedMetadata(ctx, &pipedservice.SaveDeploymentSharedMetadataRequest{DeploymentId: id, Metadata: map[string]string{"k": "v"}})
			return err
		},
		"ReportDeploymentCompleted": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.ReportDeploymentCompleted(ctx, &pipedservice.ReportDeploymentCompletedRequest{
				DeploymentId: id, Status: modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, CompletedAt: someTime,
			})
			return err
		},
	}
}

func stageCalls() map[string]call {
	return map[string]call{
		"SaveStageMetadata": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.SaveStageMetadata(ctx, &pipedservice.SaveStageMetadataRequest{DeploymentId: id, StageId: "WAIT", Metadata: map[string]string{"k": "v"}})
			return err
		},
		"ReportStageStatusChanged": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.ReportStageStatusChanged(ctx, &pipedservice.ReportStageStatusChangedRequest{
				DeploymentId: id, StageId: "WAIT", Status: modelpb.StageStatus_STAGE_RUNNING, CompletedAt: someTime,
			})
			return err
		},
		"ReportStageLogs": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.ReportStageLogs(ctx, &pipedservice.ReportStageLogsRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(1, 2)})
			return err
		},
		"ReportStageLogsFromLastCheckpoint": func(ctx context.Context, a *agent, _, id string) error {
			_, err := a.ReportStageLogsFromLastCheckpoint(ctx, &pipedservice.ReportStageLogsFromLastCheckpointRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(1, 2)})
			return err
		},
	}
}

// lines returns log entries with the indexes from first to last.
func lines(first, last int64) []*modelpb.LogBlock {
	var out []*modelpb.LogBlock
	for i := first; i <= last; i++ {
		out = append(out, &modelpb.LogBlock{Index: i, Log: "line", CreatedAt: someTime})
	}
	return out
}
