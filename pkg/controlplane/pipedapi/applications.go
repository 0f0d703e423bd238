package pipedapi

import (
	"context"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// ListApplications returns the agent's enabled applications.
func (s *Service) ListApplications(ctx context.Context, _ *pipedservice.ListApplicationsRequest) (*pipedservice.ListApplicationsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	var (
		disabled = false
		filter   = datastore.ApplicationFilter{ProjectID: caller.Piped.ProjectID, PipedID: caller.Piped.ID, Disabled: &disabled}
		resp     pipedservice.ListApplicationsResponse
		seen     = map[string]bool{}
	)
	err = s.eachApplication(ctx, filter, func(a *model.Application) {
		if !seen[a.ID] {
			seen[a.ID] = true
			resp.Applications = append(resp.Applications, convert.ApplicationToPB(a))
		}
	})
	if err != nil {
		return nil, err
	}
	return &resp, nil
}

// owns returns nil if the application is the agent's.
func owns(caller *auth.Piped, a *model.Application) error {
	if a.PipedID != caller.Piped.ID {
		return notOf(caller, a.ProjectID, "application", a.ID, "application "+a.ID+" is not assigned to piped "+caller.Piped.ID)
	}
	return nil
}

// application returns one of the agent's applications.
func (s *Service) application(ctx context.Context, id string) (*model.Application, *auth.Piped, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, nil, err
	}
	a, err := s.store.GetApplication(ctx, id)
	if err != nil {
		return nil, nil, missing(err, "get application "+id)
	}
	return a, caller, missing(owns(caller, a), "get application "+id)
}

// changeApplication changes one of the agent's applications. change may run
// several times.
func (s *Service) changeApplication(ctx context.Context, id string, change func(*model.Application) error) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	a, err := s.store.UpdateApplication(ctx, caller.Fence, id, func(a *model.Application) error {
		if err := owns(caller, a); err != nil {
			return err
		}
		a.UpdatedAt = now
		return change(a)
	})
	if err != nil {
		return missing(err, "update application "+id)
	}
	s.hub.Notify(notify.OfApplication(a)...)
	return nil
}

// ReportApplicationSyncState records how an application relates to Git.
func (s *Service) ReportApplicationSyncState(ctx context.Context, req *pipedservice.ReportApplicationSyncStateRequest) (*pipedservice.ReportApplicationSyncStateResponse, error) {
	state := convert.SyncStateFromPB(req.GetState())
	if err := checkReason("the reason of a sync state", state.Reason); err != nil {
		return nil, err
	}
	err := s.changeApplication(ctx, req.GetApplicationId(), func(a *model.Application) error {
		a.SyncState = state
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportApplicationSyncStateResponse{}, nil
}

// ReportApplicationDeployingStatus records whether a deployment runs.
func (s *Service) ReportApplicationDeployingStatus(ctx context.Context, req *pipedservice.ReportApplicationDeployingStatusRequest) (*pipedservice.ReportApplicationDeployingStatusResponse, error) {
	err := s.changeApplication(ctx, req.GetApplicationId(), func(a *model.Application) error {
		a.Deploying = req.GetDeploying()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportApplicationDeployingStatusResponse{}, nil
}

// ReportApplicationMostRecentDeployment records the deployment triggered last
// (PENDING) or successful last (SUCCESS). Other statuses have no effect.
func (s *Service) ReportApplicationMostRecentDeployment(ctx context.Context, req *pipedservice.ReportApplicationMostRecentDeploymentRequest) (*pipedservice.ReportApplicationMostRecentDeploymentResponse, error) {
	ref := convert.DeploymentRefFromPB(req.GetDeployment())
	err := s.changeApplication(ctx, req.GetApplicationId(), func(a *model.Application) error {
		remember(a, req.GetStatus(), ref)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportApplicationMostRecentDeploymentResponse{}, nil
}

// remember makes the deployment the one that was triggered or succeeded last.
func remember(a *model.Application, status modelpb.DeploymentStatus, ref *model.DeploymentRef) {
	switch status {
	case modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS:
		a.LastSuccessful = ref
	case modelpb.DeploymentStatus_DEPLOYMENT_PENDING:
		a.LastTriggered = ref
	default:
	}
}

// GetApplicationMostRecentDeployment is the inverse of
// ReportApplicationMostRecentDeployment.
func (s *Service) GetApplicationMostRecentDeployment(ctx context.Context, req *pipedservice.GetApplicationMostRecentDeploymentRequest) (*pipedservice.GetApplicationMostRecentDeploymentResponse, error) {
	a, _, err := s.application(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	var ref *model.DeploymentRef
	switch req.GetStatus() {
	case modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS:
		ref = a.LastSuccessful
	case modelpb.DeploymentStatus_DEPLOYMENT_PENDING:
		ref = a.LastTriggered
	default:
	}
	if ref == nil {
		return nil, model.Errorf(model.CodeNotFound, "Entity was not found to get the most recent deployment of application %s: it has none with that status", a.ID)
	}
	return &pipedservice.GetApplicationMostRecentDeploymentResponse{Deployment: convert.DeploymentRefToPB(ref)}, nil
}
