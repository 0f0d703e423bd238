package apiclient_test

import (
	"context"

	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// The answers of the calls that succeed.

func (p *plane) ReportPipedMeta(context.Context, *pipedservice.ReportPipedMetaRequest) (*pipedservice.ReportPipedMetaResponse, error) {
	return &pipedservice.ReportPipedMetaResponse{Name: "dev", WebBaseUrl: "https://pipecd.example.com"}, nil
}

func (p *plane) ReportStat(context.Context, *pipedservice.ReportStatRequest) (*pipedservice.ReportStatResponse, error) {
	return &pipedservice.ReportStatResponse{ReportInterval: p.statInterval}, nil
}

func (p *plane) ListApplications(context.Context, *pipedservice.ListApplicationsRequest) (*pipedservice.ListApplicationsResponse, error) {
	return &pipedservice.ListApplicationsResponse{Applications: []*modelpb.Application{{Id: "a1"}, {Id: "a2"}}}, nil
}

func (p *plane) ReportApplicationSyncState(context.Context, *pipedservice.ReportApplicationSyncStateRequest) (*pipedservice.ReportApplicationSyncStateResponse, error) {
	return &pipedservice.ReportApplicationSyncStateResponse{}, nil
}

func (p *plane) ReportApplicationDeployingStatus(context.Context, *pipedservice.ReportApplicationDeployingStatusRequest) (*pipedservice.ReportApplicationDeployingStatusResponse, error) {
	return &pipedservice.ReportApplicationDeployingStatusResponse{}, nil
}

func (p *plane) ReportApplicationMostRecentDeployment(context.Context, *pipedservice.ReportApplicationMostRecentDeploymentRequest) (*pipedservice.ReportApplicationMostRecentDeploymentResponse, error) {
	return &pipedservice.ReportApplicationMostRecentDeploymentResponse{}, nil
}

func (p *plane) GetApplicationMostRecentDeployment(context.Context, *pipedservice.GetApplicationMostRecentDeploymentRequest) (*pipedservice.GetApplicationMostRecentDeploymentResponse, error) {
	return &pipedservice.GetApplicationMostRecentDeploymentResponse{
		Deployment: &modelpb.ApplicationDeploymentReference{DeploymentId: "d0"},
	}, nil
}

func (p *plane) GetDeployment(_ context.Context, req *pipedservice.GetDeploymentRequest) (*pipedservice.GetDeploymentResponse, error) {
	return &pipedservice.GetDeploymentResponse{Deployment: &modelpb.Deployment{Id: req.GetId()}}, nil
}

func (p *plane) ListNotCompletedDeployments(_ context.Context, req *pipedservice.ListNotCompletedDeploymentsRequest) (*pipedservice.ListNotCompletedDeploymentsResponse, error) {
	pages := map[string]*pipedservice.ListNotCompletedDeploymentsResponse{
		"":   {Deployments: []*modelpb.Deployment{{Id: "d1"}, {Id: "d2"}}, Cursor: "p2"},
		"p2": {Deployments: []*modelpb.Deployment{{Id: "d3"}}, Cursor: "p3"},
		"p3": {Cursor: "p3"},
	}
	return pages[req.GetCursor()], nil
}

func (p *plane) CreateDeployment(context.Context, *pipedservice.CreateDeploymentRequest) (*pipedservice.CreateDeploymentResponse, error) {
	return &pipedservice.CreateDeploymentResponse{}, nil
}

func (p *plane) ReportDeploymentPlanned(context.Context, *pipedservice.ReportDeploymentPlannedRequest) (*pipedservice.ReportDeploymentPlannedResponse, error) {
	return &pipedservice.ReportDeploymentPlannedResponse{}, nil
}

func (p *plane) ReportDeploymentStatusChanged(context.Context, *pipedservice.ReportDeploymentStatusChangedRequest) (*pipedservice.ReportDeploymentStatusChangedResponse, error) {
	return &pipedservice.ReportDeploymentStatusChangedResponse{}, nil
}

func (p *plane) ReportDeploymentCompleted(context.Context, *pipedservice.ReportDeploymentCompletedRequest) (*pipedservice.ReportDeploymentCompletedResponse, error) {
	return &pipedservice.ReportDeploymentCompletedResponse{}, nil
}

func (p *plane) SaveDeploymentMetadata(context.Context, *pipedservice.SaveDeploymentMetadataRequest) (*pipedservice.SaveDeploymentMetadataResponse, error) {
	return &pipedservice.SaveDeploymentMetadataResponse{}, nil
}

func (p *plane) SaveStageMetadata(context.Context, *pipedservice.SaveStageMetadataRequest) (*pipedservice.SaveStageMetadataResponse, error) {
	return &pipedservice.SaveStageMetadataResponse{}, nil
}

func (p *plane) ReportStageStatusChanged(context.Context, *pipedservice.ReportStageStatusChangedRequest) (*pipedservice.ReportStageStatusChangedResponse, error) {
	return &pipedservice.ReportStageStatusChangedResponse{}, nil
}

func (p *plane) ReportStageLogs(context.Context, *pipedservice.ReportStageLogsRequest) (*pipedservice.ReportStageLogsResponse, error) {
	return &pipedservice.ReportStageLogsResponse{}, nil
}

func (p *plane) ReportStageLogsFromLastCheckpoint(context.Context, *pipedservice.ReportStageLogsFromLastCheckpointRequest) (*pipedservice.ReportStageLogsFromLastCheckpointResponse, error) {
	return &pipedservice.ReportStageLogsFromLastCheckpointResponse{}, nil
}

func (p *plane) ListUnhandledCommands(context.Context, *pipedservice.ListUnhandledCommandsRequest) (*pipedservice.ListUnhandledCommandsResponse, error) {
	return &pipedservice.ListUnhandledCommandsResponse{Commands: []*modelpb.Command{
		{Id: "c1", Type: modelpb.Command_CANCEL_DEPLOYMENT, CancelDeployment: &modelpb.Command_CancelDeployment{DeploymentId: "d1"}},
	}}, nil
}

func (p *plane) ReportCommandHandled(context.Context, *pipedservice.ReportCommandHandledRequest) (*pipedservice.ReportCommandHandledResponse, error) {
	return &pipedservice.ReportCommandHandledResponse{}, nil
}

func (p *plane) UpdateApplicationConfigurations(context.Context, *pipedservice.UpdateApplicationConfigurationsRequest) (*pipedservice.UpdateApplicationConfigurationsResponse, error) {
	return &pipedservice.UpdateApplicationConfigurationsResponse{}, nil
}

func (p *plane) ReportUnregisteredApplicationConfigurations(context.Context, *pipedservice.ReportUnregisteredApplicationConfigurationsRequest) (*pipedservice.ReportUnregisteredApplicationConfigurationsResponse, error) {
	return &pipedservice.ReportUnregisteredApplicationConfigurationsResponse{}, nil
}

func (p *plane) GetLatestAnalysisResult(context.Context, *pipedservice.GetLatestAnalysisResultRequest) (*pipedservice.GetLatestAnalysisResultResponse, error) {
	return &pipedservice.GetLatestAnalysisResultResponse{AnalysisResult: &modelpb.AnalysisResult{StartTime: 1700000000}}, nil
}

func (p *plane) PutLatestAnalysisResult(context.Context, *pipedservice.PutLatestAnalysisResultRequest) (*pipedservice.PutLatestAnalysisResultResponse, error) {
	return &pipedservice.PutLatestAnalysisResultResponse{}, nil
}
