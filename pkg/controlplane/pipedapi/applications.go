package pipedapi

import (
	"context"
	"encoding/json"
	"time"

	"pipecd/pkg/controlplane/auth"
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
		page     = datastore.Page{Size: datastore.MaxPageSize}
		resp     pipedservice.ListApplicationsResponse
	)
	for {
		apps, next, err := s.store.ListApplications(ctx, filter, page)
		if err != nil {
			return nil, err
		}
		for _, a := range apps {
			resp.Applications = append(resp.Applications, convert.ApplicationToPB(a))
		}
		if next == "" {
			return &resp, nil
		}
		page.Cursor = next
	}
}

// owns returns nil if the application is the agent's.
func owns(caller *auth.Piped, a *model.Application) error {
	if a.PipedID != caller.Piped.ID {
		return model.Errorf(model.CodePermissionDenied, "application %s is not assigned to piped %s", a.ID, caller.Piped.ID)
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
		return nil, nil, err
	}
	return a, caller, owns(caller, a)
}

// changeApplication changes one of the agent's applications. change may run
// several times.
func (s *Service) changeApplication(ctx context.Context, id string, change func(*model.Application) error) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	_, err = s.store.UpdateApplication(ctx, caller.Fence, id, func(a *model.Application) error {
		if err := owns(caller, a); err != nil {
			return err
		}
		a.UpdatedAt = now
		return change(a)
	})
	return err
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
		switch req.GetStatus() {
		case modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS:
			a.LastSuccessful = ref
		case modelpb.DeploymentStatus_DEPLOYMENT_PENDING:
			a.LastTriggered = ref
		default:
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportApplicationMostRecentDeploymentResponse{}, nil
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
		return nil, model.Errorf(model.CodeNotFound, "application %s has no most recent deployment with that status", a.ID)
	}
	return &pipedservice.GetApplicationMostRecentDeploymentResponse{Deployment: convert.DeploymentRefToPB(ref)}, nil
}

// UpdateApplicationConfigurations takes over what the files in Git say about
// applications: name, description and labels. Nothing is changed unless all of
// them are the agent's.
func (s *Service) UpdateApplicationConfigurations(ctx context.Context, req *pipedservice.UpdateApplicationConfigurationsRequest) (*pipedservice.UpdateApplicationConfigurationsResponse, error) {
	for _, info := range req.GetApplications() {
		a, _, err := s.application(ctx, info.GetId())
		switch {
		case err != nil:
			return nil, err
		case a.Deleted:
			return nil, model.Errorf(model.CodeInvalid, "application %s was deleted", a.ID)
		case len(info.GetDescription()) > model.MaxDescriptionLength:
			return nil, model.Errorf(model.CodeInvalid, "the description of application %s is %d bytes long; at most %d are kept", a.ID, len(info.GetDescription()), model.MaxDescriptionLength)
		}
		if err := model.ValidateName("the name of application "+a.ID, info.GetName()); err != nil {
			return nil, err
		}
	}
	for _, info := range req.GetApplications() {
		from := convert.ApplicationInfoFromPB(info)
		err := s.changeApplication(ctx, from.ID, func(a *model.Application) error {
			a.Name, a.Description, a.Labels = from.Name, from.Description, from.Labels
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return &pipedservice.UpdateApplicationConfigurationsResponse{}, nil
}

// ReportUnregisteredApplicationConfigurations is accepted; the suggestions are
// not kept.
func (s *Service) ReportUnregisteredApplicationConfigurations(context.Context, *pipedservice.ReportUnregisteredApplicationConfigurationsRequest) (*pipedservice.ReportUnregisteredApplicationConfigurationsResponse, error) {
	return &pipedservice.ReportUnregisteredApplicationConfigurationsResponse{}, nil
}

// analysisResult is what is kept of the last successful analysis.
type analysisResult struct {
	StartTime int64 `json:"start_time"` // unix seconds
}

func analysisPath(a *model.Application) string { return "latest-analysis-result/" + a.ID + ".json" }

// GetLatestAnalysisResult returns the last successful analysis. NOT_FOUND when
// there was none.
func (s *Service) GetLatestAnalysisResult(ctx context.Context, req *pipedservice.GetLatestAnalysisResultRequest) (*pipedservice.GetLatestAnalysisResultResponse, error) {
	a, _, err := s.application(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	content, err := s.files.Get(ctx, analysisPath(a))
	if err != nil {
		return nil, model.Wrap(model.CodeOf(err), err, "reading the latest analysis result of application "+a.ID)
	}
	var result analysisResult
	if err := json.Unmarshal(content, &result); err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "decoding the latest analysis result of application "+a.ID)
	}
	return &pipedservice.GetLatestAnalysisResultResponse{AnalysisResult: &modelpb.AnalysisResult{StartTime: result.StartTime}}, nil
}

// PutLatestAnalysisResult keeps the last successful analysis.
func (s *Service) PutLatestAnalysisResult(ctx context.Context, req *pipedservice.PutLatestAnalysisResultRequest) (*pipedservice.PutLatestAnalysisResultResponse, error) {
	a, caller, err := s.application(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	if err := s.checkFence(ctx, caller); err != nil {
		return nil, err
	}
	content, err := json.Marshal(analysisResult{StartTime: req.GetAnalysisResult().GetStartTime()})
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "encoding an analysis result")
	}
	if err := s.files.Put(ctx, analysisPath(a), content); err != nil {
		return nil, model.Wrap(model.CodeOf(err), err, "storing the latest analysis result of application "+a.ID)
	}
	return &pipedservice.PutLatestAnalysisResultResponse{}, nil
}
