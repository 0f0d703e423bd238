package pipedapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// ownsDeployment returns nil if the deployment is the agent's.
func ownsDeployment(caller *auth.Piped, d *model.Deployment) error {
	if d.PipedID != caller.Piped.ID {
		return notOf(caller, d.ProjectID, "deployment", d.ID, "deployment "+d.ID+" is not of piped "+caller.Piped.ID)
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
		return nil, missing(err, "get deployment "+id)
	}
	return d, missing(ownsDeployment(caller, d), "get deployment "+id)
}

// changeDeployment changes one of the agent's deployments and tells watchers. It
// returns the deployment as it is afterwards. change may run several times.
func (s *Service) changeDeployment(ctx context.Context, id string, change func(d *model.Deployment, now time.Time) error) (*model.Deployment, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	d, err := s.store.UpdateDeployment(ctx, caller.Fence, id, func(d *model.Deployment) error {
		if err := ownsDeployment(caller, d); err != nil {
			return err
		}
		return change(d, now)
	})
	if err != nil {
		return nil, missing(err, "update deployment "+id)
	}
	s.hub.Notify(notify.OfDeployment(d)...)
	return d, nil
}

// changeStatus is changeDeployment for a change of status, of which a deployment
// chain has to know. in is the chain that the report names.
func (s *Service) changeStatus(ctx context.Context, id string, in inChain, change func(d *model.Deployment, now time.Time) error) error {
	d, err := s.changeDeployment(ctx, id, func(d *model.Deployment, now time.Time) error {
		if err := in.check(d); err != nil {
			return err
		}
		return change(d, now)
	})
	if err != nil {
		return err
	}
	return s.tellChain(ctx, d)
}

// GetDeployment returns one of the agent's deployments.
func (s *Service) GetDeployment(ctx context.Context, req *pipedservice.GetDeploymentRequest) (*pipedservice.GetDeploymentResponse, error) {
	d, err := s.deployment(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	return &pipedservice.GetDeploymentResponse{Deployment: convert.DeploymentToPB(d)}, nil
}

// openPage is how many deployments are read at once.
const openPage = 20

// ListNotCompletedDeployments returns the agent's open deployments, oldest
// first. Agents of 0.34 know no second page, so the first has as many as fit into
// one message: deployments come with all their stages' metadata.
func (s *Service) ListNotCompletedDeployments(ctx context.Context, req *pipedservice.ListNotCompletedDeploymentsRequest) (*pipedservice.ListNotCompletedDeploymentsResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	var (
		resp  = &pipedservice.ListNotCompletedDeploymentsResponse{Cursor: req.GetCursor()}
		page  = datastore.Page{Size: openPage, Cursor: req.GetCursor()}
		bytes = 0
	)
	for {
		open, next, err := s.store.ListOpenDeployments(ctx, caller.Piped.ID, page)
		if err != nil {
			return nil, err
		}
		found := make([]*modelpb.Deployment, len(open))
		for i, d := range open {
			found[i] = convert.DeploymentToPB(d)
			bytes += proto.Size(found[i])
		}
		switch {
		case bytes <= maxResponseBytes || page.Size == 1 && len(resp.GetDeployments()) == 0:
		case len(resp.GetDeployments()) > 0:
			return resp, nil // the cursor is still that of the page before
		default:
			page.Size, bytes = 1, 0 // large ones: one at a time
			continue
		}
		resp.Deployments, resp.Cursor = append(resp.Deployments, found...), next
		if next == "" {
			return resp, nil
		}
		page.Cursor = next
	}
}

// newDeployment returns the deployment to be stored and the agent that asks.
// Whose it is follows from the caller and the application, not from the request.
func (s *Service) newDeployment(ctx context.Context, p *modelpb.Deployment) (*model.Deployment, *auth.Piped, error) {
	d := convert.DeploymentFromPB(p)
	a, caller, err := s.application(ctx, d.ApplicationID)
	switch {
	case err != nil:
		return nil, nil, err
	case d.PipedID != caller.Piped.ID || d.ProjectID != caller.Piped.ProjectID || a.ProjectID != d.ProjectID:
		return nil, nil, model.Errorf(model.CodePermissionDenied, "deployment %s names another piped or project than the one that creates it", d.ID)
	case a.Deleted:
		return nil, nil, model.Errorf(model.CodeFailedPrecondition, "application %s was deleted", a.ID)
	case a.Disabled:
		return nil, nil, model.Errorf(model.CodeFailedPrecondition, "application %s is disabled; a person has to enable it before it is deployed", a.ID)
	}
	// The control plane's clock, so that the order of deployments is that of their
	// arrival whatever the agents' clocks say.
	d.CreatedAt = s.clock.Now()
	d.UpdatedAt = d.CreatedAt
	err = d.Validate()
	return d, caller, err
}

// CreateDeployment stores a new deployment of one of the agent's applications,
// also one for a block of a deployment chain. ALREADY_EXISTS for a repeat.
func (s *Service) CreateDeployment(ctx context.Context, req *pipedservice.CreateDeploymentRequest) (*pipedservice.CreateDeploymentResponse, error) {
	d, caller, err := s.newDeployment(ctx, req.GetDeployment())
	if err != nil {
		return nil, err
	}
	if err := s.checkChain(ctx, caller, d); err != nil {
		return nil, err
	}
	if err := s.store.CreateDeployment(ctx, caller.Fence, d); err != nil {
		return nil, err
	}
	s.hub.Notify(notify.OfDeployment(d)...)
	if err := s.tellChain(ctx, d); err != nil {
		return nil, err
	}
	return &pipedservice.CreateDeploymentResponse{}, nil
}

// ReportDeploymentPlanned records the plan.
func (s *Service) ReportDeploymentPlanned(ctx context.Context, req *pipedservice.ReportDeploymentPlannedRequest) (*pipedservice.ReportDeploymentPlannedResponse, error) {
	if err := checkCount("stages", len(req.GetStages()), maxStages); err != nil {
		return nil, err
	}
	plan := convert.PlanFromPB(req)
	for what, text := range map[string]string{"the summary": plan.Summary, "the status reason": plan.StatusReason} {
		if err := checkReason(what, text); err != nil {
			return nil, err
		}
	}
	err := s.changeStatus(ctx, req.GetDeploymentId(), chainOf(req), func(d *model.Deployment, now time.Time) error {
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
	err := s.changeStatus(ctx, req.GetDeploymentId(), chainOf(req), func(d *model.Deployment, now time.Time) error {
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
	err := s.changeStatus(ctx, req.GetDeploymentId(), chainOf(req), func(d *model.Deployment, now time.Time) error {
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
	_, err := s.changeDeployment(ctx, id, func(d *model.Deployment, now time.Time) error {
		return d.MergeMetadata(metadata, now)
	})
	return err
}

// SaveDeploymentPluginMetadata merges keys into what one plugin keeps with the
// deployment.
func (s *Service) SaveDeploymentPluginMetadata(ctx context.Context, req *pipedservice.SaveDeploymentPluginMetadataRequest) (*pipedservice.SaveDeploymentPluginMetadataResponse, error) {
	_, err := s.changeDeployment(ctx, req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.MergePluginMetadata(req.GetPluginName(), req.GetMetadata(), now)
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.SaveDeploymentPluginMetadataResponse{}, nil
}
