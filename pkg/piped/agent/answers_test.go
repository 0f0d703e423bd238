package agent_test

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

// The calls of PipedService that an agent needs.

func (p *plane) ReportPipedMeta(context.Context, *pipedservice.ReportPipedMetaRequest) (*pipedservice.ReportPipedMetaResponse, error) {
	return &pipedservice.ReportPipedMetaResponse{Name: "agent"}, nil
}

func (p *plane) ListApplications(context.Context, *pipedservice.ListApplicationsRequest) (*pipedservice.ListApplicationsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	res := &pipedservice.ListApplicationsResponse{}
	for _, a := range p.apps {
		res.Applications = append(res.Applications, convert.ApplicationToPB(a))
	}
	return res, nil
}

func (p *plane) ReportApplicationSyncState(_ context.Context, req *pipedservice.ReportApplicationSyncStateRequest) (*pipedservice.ReportApplicationSyncStateResponse, error) {
	err := p.app(req.GetApplicationId(), func(a *model.Application) { a.SyncState = convert.SyncStateFromPB(req.GetState()) })
	return &pipedservice.ReportApplicationSyncStateResponse{}, err
}

func (p *plane) ReportApplicationDeployingStatus(_ context.Context, req *pipedservice.ReportApplicationDeployingStatusRequest) (*pipedservice.ReportApplicationDeployingStatusResponse, error) {
	err := p.app(req.GetApplicationId(), func(a *model.Application) { a.Deploying = req.GetDeploying() })
	return &pipedservice.ReportApplicationDeployingStatusResponse{}, err
}

func (p *plane) ReportApplicationMostRecentDeployment(_ context.Context, req *pipedservice.ReportApplicationMostRecentDeploymentRequest) (*pipedservice.ReportApplicationMostRecentDeploymentResponse, error) {
	ref := convert.DeploymentRefFromPB(req.GetDeployment())
	err := p.app(req.GetApplicationId(), func(a *model.Application) {
		if model.DeploymentStatus(req.GetStatus()) == model.DeploymentSuccess {
			a.LastSuccessful = ref
			return
		}
		a.LastTriggered = ref
	})
	return &pipedservice.ReportApplicationMostRecentDeploymentResponse{}, err
}

func (p *plane) GetApplicationMostRecentDeployment(_ context.Context, req *pipedservice.GetApplicationMostRecentDeploymentRequest) (*pipedservice.GetApplicationMostRecentDeploymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.apps[req.GetApplicationId()]
	if a == nil || a.LastSuccessful == nil {
		return nil, model.Errorf(model.CodeNotFound, "none yet")
	}
	return &pipedservice.GetApplicationMostRecentDeploymentResponse{Deployment: convert.DeploymentRefToPB(a.LastSuccessful)}, nil
}

func (p *plane) GetDeployment(_ context.Context, req *pipedservice.GetDeploymentRequest) (*pipedservice.GetDeploymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.deployments[req.GetId()]
	if !ok {
		return nil, model.Errorf(model.CodeNotFound, "no deployment %s", req.GetId())
	}
	return &pipedservice.GetDeploymentResponse{Deployment: convert.DeploymentToPB(d)}, nil
}

func (p *plane) ListNotCompletedDeployments(context.Context, *pipedservice.ListNotCompletedDeploymentsRequest) (*pipedservice.ListNotCompletedDeploymentsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	res := &pipedservice.ListNotCompletedDeploymentsResponse{}
	for _, d := range p.deployments {
		if !d.Status.IsCompleted() {
			res.Deployments = append(res.Deployments, convert.DeploymentToPB(d))
		}
	}
	return res, nil
}

func (p *plane) CreateDeployment(_ context.Context, req *pipedservice.CreateDeploymentRequest) (*pipedservice.CreateDeploymentResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := convert.DeploymentFromPB(req.GetDeployment())
	if _, ok := p.deployments[d.ID]; ok {
		return nil, model.Errorf(model.CodeAlreadyExists, "there is deployment %s", d.ID)
	}
	p.deployments[d.ID] = d
	p.tell()
	return &pipedservice.CreateDeploymentResponse{}, nil
}

func (p *plane) ReportDeploymentPlanned(_ context.Context, req *pipedservice.ReportDeploymentPlannedRequest) (*pipedservice.ReportDeploymentPlannedResponse, error) {
	err := p.change(req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error { return d.ReportPlanned(convert.PlanFromPB(req), now) })
	return &pipedservice.ReportDeploymentPlannedResponse{}, err
}

func (p *plane) ReportDeploymentStatusChanged(_ context.Context, req *pipedservice.ReportDeploymentStatusChangedRequest) (*pipedservice.ReportDeploymentStatusChangedResponse, error) {
	err := p.change(req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportStatus(model.DeploymentStatus(req.GetStatus()), req.GetStatusReason(), now)
	})
	return &pipedservice.ReportDeploymentStatusChangedResponse{}, err
}

func (p *plane) ReportDeploymentCompleted(_ context.Context, req *pipedservice.ReportDeploymentCompletedRequest) (*pipedservice.ReportDeploymentCompletedResponse, error) {
	err := p.change(req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportCompleted(convert.CompletionFromPB(req), now)
	})
	return &pipedservice.ReportDeploymentCompletedResponse{}, err
}

func (p *plane) SaveDeploymentMetadata(_ context.Context, req *pipedservice.SaveDeploymentMetadataRequest) (*pipedservice.SaveDeploymentMetadataResponse, error) {
	err := p.change(req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error { return d.MergeMetadata(req.GetMetadata(), now) })
	return &pipedservice.SaveDeploymentMetadataResponse{}, err
}

func (p *plane) SaveStageMetadata(_ context.Context, req *pipedservice.SaveStageMetadataRequest) (*pipedservice.SaveStageMetadataResponse, error) {
	err := p.change(req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.MergeStageMetadata(req.GetStageId(), req.GetMetadata(), now)
	})
	return &pipedservice.SaveStageMetadataResponse{}, err
}

func (p *plane) ReportStageStatusChanged(_ context.Context, req *pipedservice.ReportStageStatusChangedRequest) (*pipedservice.ReportStageStatusChangedResponse, error) {
	err := p.change(req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportStage(convert.StageReportFromPB(req), now)
	})
	return &pipedservice.ReportStageStatusChangedResponse{}, err
}

func (p *plane) ReportStageLogs(context.Context, *pipedservice.ReportStageLogsRequest) (*pipedservice.ReportStageLogsResponse, error) {
	return &pipedservice.ReportStageLogsResponse{}, nil
}

func (p *plane) ReportStageLogsFromLastCheckpoint(context.Context, *pipedservice.ReportStageLogsFromLastCheckpointRequest) (*pipedservice.ReportStageLogsFromLastCheckpointResponse, error) {
	return &pipedservice.ReportStageLogsFromLastCheckpointResponse{}, nil
}

func (p *plane) ListUnhandledCommands(context.Context, *pipedservice.ListUnhandledCommandsRequest) (*pipedservice.ListUnhandledCommandsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	res := &pipedservice.ListUnhandledCommandsResponse{}
	for _, c := range p.commands {
		if c.Status == model.CommandNotHandled {
			res.Commands = append(res.Commands, convert.CommandToPB(c))
		}
	}
	return res, nil
}

func (p *plane) ReportCommandHandled(_ context.Context, req *pipedservice.ReportCommandHandledRequest) (*pipedservice.ReportCommandHandledResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.commands[req.GetCommandId()]
	switch {
	case !ok:
		return nil, model.Errorf(model.CodeNotFound, "no command %s", req.GetCommandId())
	case p.deaf != nil && p.deaf(c.ID):
		return nil, model.Errorf(model.CodePermissionDenied, "the answer is lost")
	}
	err := c.ReportHandled(convert.HandledFromPB(req), time.Now())
	p.tell()
	return &pipedservice.ReportCommandHandledResponse{}, err
}
