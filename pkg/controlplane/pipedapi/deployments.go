package pipedapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

// ownsDeployment returns nil if the deployment is the agent's.
func ownsDeployment(caller *auth.Piped, d *model.Deployment) error {
	if d.PipedID != caller.Piped.ID {
		return model.Errorf(model.CodePermissionDenied, "deployment %s is not of piped %s", d.ID, caller.Piped.ID)
	}
	return nil
}

// deployment returns one of the agent's deployments.
func (s *Service) deployment(ctx context.Context, id string) (*model.Deployment, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.store.GetDeployment(ctx, id)
	if err != nil {
		return nil, err
	}
	return d, ownsDeployment(caller, d)
}

// changeDeployment changes one of the agent's deployments and tells watchers.
// change may run several times.
func (s *Service) changeDeployment(ctx context.Context, id string, change func(d *model.Deployment, now time.Time) error) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	_, err = s.store.UpdateDeployment(ctx, caller.Fence, id, func(d *model.Deployment) error {
		if err := ownsDeployment(caller, d); err != nil {
			return err
		}
		return change(d, now)
	})
	if err != nil {
		return err
	}
	s.hub.Notify(notify.Deployment(id))
	return nil
}

// GetDeployment returns one of the agent's deployments.
func (s *Service) GetDeployment(ctx context.Context, req *pipedservice.GetDeploymentRequest) (*pipedservice.GetDeploymentResponse, error) {
	d, err := s.deployment(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	return &pipedservice.GetDeploymentResponse{Deployment: convert.DeploymentToPB(d)}, nil
}

// openPage keeps a page below the 4 MiB that gRPC clients take by default:
// deployments come with all their stages' metadata.
const openPage = 10

// ListNotCompletedDeployments returns the agent's open deployments, oldest
// first, one page at a time.
func (s *Service) ListNotCompletedDeployments(ctx context.Context, req *pipedservice.ListNotCompletedDeploymentsRequest) (*pipedservice.ListNotCompletedDeploymentsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	open, next, err := s.store.ListOpenDeployments(ctx, caller.Piped.ID, datastore.Page{Size: openPage, Cursor: req.GetCursor()})
	if err != nil {
		return nil, err
	}
	resp := &pipedservice.ListNotCompletedDeploymentsResponse{Cursor: next}
	for _, d := range open {
		resp.Deployments = append(resp.Deployments, convert.DeploymentToPB(d))
	}
	return resp, nil
}

// CreateDeployment stores a new deployment of one of the agent's applications.
// Whose it is follows from the caller and the application, not from the
// request. ALREADY_EXISTS for a repeat.
func (s *Service) CreateDeployment(ctx context.Context, req *pipedservice.CreateDeploymentRequest) (*pipedservice.CreateDeploymentResponse, error) {
	d := convert.DeploymentFromPB(req.GetDeployment())
	a, caller, err := s.application(ctx, d.ApplicationID)
	switch {
	case err != nil:
		return nil, err
	case d.PipedID != caller.Piped.ID || d.ProjectID != caller.Piped.ProjectID || a.ProjectID != d.ProjectID:
		return nil, model.Errorf(model.CodePermissionDenied, "deployment %s names another piped or project than the one that creates it", d.ID)
	case a.Deleted:
		return nil, model.Errorf(model.CodeFailedPrecondition, "application %s was deleted", a.ID)
	}
	if err := d.Validate(); err != nil {
		return nil, err
	}
	// The server's clock, so that the order of deployments is that of their
	// arrival whatever the agents' clocks say.
	d.CreatedAt = time.Now()
	d.UpdatedAt = d.CreatedAt
	if err := s.store.CreateDeployment(ctx, caller.Fence, d); err != nil {
		return nil, err
	}
	s.hub.Notify(notify.Deployment(d.ID))
	return &pipedservice.CreateDeploymentResponse{}, nil
}

// ReportDeploymentPlanned records the plan.
func (s *Service) ReportDeploymentPlanned(ctx context.Context, req *pipedservice.ReportDeploymentPlannedRequest) (*pipedservice.ReportDeploymentPlannedResponse, error) {
	plan := convert.PlanFromPB(req)
	for what, text := range map[string]string{"the summary": plan.Summary, "the status reason": plan.StatusReason} {
		if err := checkReason(what, text); err != nil {
			return nil, err
		}
	}
	err := s.changeDeployment(ctx, req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportPlanned(plan, now)
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportDeploymentPlannedResponse{}, nil
}

// ReportDeploymentStatusChanged records RUNNING or ROLLING_BACK.
func (s *Service) ReportDeploymentStatusChanged(ctx context.Context, req *pipedservice.ReportDeploymentStatusChangedRequest) (*pipedservice.ReportDeploymentStatusChangedResponse, error) {
	if err := checkReason("the status reason", req.GetStatusReason()); err != nil {
		return nil, err
	}
	err := s.changeDeployment(ctx, req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportStatus(model.DeploymentStatus(req.GetStatus()), req.GetStatusReason(), now)
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportDeploymentStatusChangedResponse{}, nil
}

// ReportDeploymentCompleted records the end.
func (s *Service) ReportDeploymentCompleted(ctx context.Context, req *pipedservice.ReportDeploymentCompletedRequest) (*pipedservice.ReportDeploymentCompletedResponse, error) {
	if err := checkReason("the status reason", req.GetStatusReason()); err != nil {
		return nil, err
	}
	end := convert.CompletionFromPB(req)
	err := s.changeDeployment(ctx, req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportCompleted(end, now)
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportDeploymentCompletedResponse{}, nil
}

// SaveDeploymentMetadata merges keys into what the stages share.
func (s *Service) SaveDeploymentMetadata(ctx context.Context, req *pipedservice.SaveDeploymentMetadataRequest) (*pipedservice.SaveDeploymentMetadataResponse, error) {
	if err := s.mergeMetadata(ctx, req.GetDeploymentId(), req.GetMetadata()); err != nil {
		return nil, err
	}
	return &pipedservice.SaveDeploymentMetadataResponse{}, nil
}

// SaveDeploymentSharedMetadata is the newer name of SaveDeploymentMetadata.
func (s *Service) SaveDeploymentSharedMetadata(ctx context.Context, req *pipedservice.SaveDeploymentSharedMetadataRequest) (*pipedservice.SaveDeploymentSharedMetadataResponse, error) {
	if err := s.mergeMetadata(ctx, req.GetDeploymentId(), req.GetMetadata()); err != nil {
		return nil, err
	}
	return &pipedservice.SaveDeploymentSharedMetadataResponse{}, nil
}

func (s *Service) mergeMetadata(ctx context.Context, id string, metadata map[string]string) error {
	return s.changeDeployment(ctx, id, func(d *model.Deployment, now time.Time) error {
		return d.MergeMetadata(metadata, now)
	})
}
