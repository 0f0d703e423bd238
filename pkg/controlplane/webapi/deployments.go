package webapi

import (
	"context"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// deployment returns a deployment of the caller's project.
func (s *Service) deployment(ctx context.Context, id string) (*model.Deployment, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.store.GetDeployment(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.ProjectID != user.ProjectID {
		return nil, model.Errorf(model.CodeNotFound, "deployment %q does not exist", id)
	}
	return d, nil
}

// GetDeployment returns one deployment with its stages.
func (s *Service) GetDeployment(ctx context.Context, req *webv1.GetDeploymentRequest) (*webv1.GetDeploymentResponse, error) {
	d, err := s.deployment(ctx, req.GetDeploymentId())
	if err != nil {
		return nil, err
	}
	d.HidePrivate()
	return &webv1.GetDeploymentResponse{Deployment: convert.DeploymentToPB(d)}, nil
}

// ListDeployments returns the project's deployments, newest first.
func (s *Service) ListDeployments(ctx context.Context, req *webv1.ListDeploymentsRequest) (*webv1.ListDeploymentsResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	return remembered(ctx, s.pages.deployments, user.ProjectID, req, notify.DeploymentList(user.ProjectID),
		func(ctx context.Context) (*webv1.ListDeploymentsResponse, error) {
			return s.listDeployments(ctx, user, req)
		})
}

func (s *Service) listDeployments(ctx context.Context, user auth.User, req *webv1.ListDeploymentsRequest) (*webv1.ListDeploymentsResponse, error) {
	filter := datastore.DeploymentFilter{
		ProjectID: user.ProjectID, ApplicationID: req.GetApplicationId(), ApplicationNamePart: req.GetApplicationName(),
		Labels: req.GetLabels(), Kinds: kinds(req.GetKinds()),
	}
	for _, status := range req.GetStatuses() {
		filter.Statuses = append(filter.Statuses, model.DeploymentStatus(status))
	}
	list, next, err := s.store.ListDeployments(ctx, filter, page(req.GetPageSize(), req.GetCursor()))
	if err != nil {
		return nil, err
	}
	resp := &webv1.ListDeploymentsResponse{Cursor: next}
	for _, d := range list {
		d.HidePrivate()
		resp.Deployments = append(resp.Deployments, convert.DeploymentToPB(d))
	}
	return resp, nil
}

// CancelDeployment asks the agent to end a deployment.
func (s *Service) CancelDeployment(ctx context.Context, req *webv1.CancelDeploymentRequest) (*webv1.CancelDeploymentResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	id, err := s.issuer.Cancel(ctx, commander(user), req.GetDeploymentId(), rollbackOf(req.GetRollback()))
	if err != nil {
		return nil, err
	}
	return &webv1.CancelDeploymentResponse{CommandId: id}, nil
}

// RollBackTo asks the agent for a deployment of what an earlier one brought out.
func (s *Service) RollBackTo(ctx context.Context, req *webv1.RollBackToRequest) (*webv1.RollBackToResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	id, err := s.issuer.RollBack(ctx, commander(user), req.GetDeploymentId(), model.SyncStrategy(req.GetStrategy()))
	if err != nil {
		return nil, err
	}
	return &webv1.RollBackToResponse{CommandId: id}, nil
}

func rollbackOf(r webv1.Rollback) model.RollbackChoice {
	switch r {
	case webv1.Rollback_ROLLBACK_ALWAYS:
		return model.RollbackAlways
	case webv1.Rollback_ROLLBACK_NEVER:
		return model.RollbackNever
	case webv1.Rollback_ROLLBACK_UNSPECIFIED:
		return model.RollbackAsConfigured
	default: // validated
		return model.RollbackAsConfigured
	}
}

// ApproveStage lets a stage that waits for approval go on.
func (s *Service) ApproveStage(ctx context.Context, req *webv1.ApproveStageRequest) (*webv1.ApproveStageResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	id, err := s.issuer.Approve(ctx, commander(user), req.GetDeploymentId(), req.GetStageId())
	if err != nil {
		return nil, err
	}
	return &webv1.ApproveStageResponse{CommandId: id}, nil
}

// SkipStage ends an analysis early, as passed.
func (s *Service) SkipStage(ctx context.Context, req *webv1.SkipStageRequest) (*webv1.SkipStageResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	id, err := s.issuer.Skip(ctx, commander(user), req.GetDeploymentId(), req.GetStageId())
	if err != nil {
		return nil, err
	}
	return &webv1.SkipStageResponse{CommandId: id}, nil
}

// GetCommand says what became of a command.
func (s *Service) GetCommand(ctx context.Context, req *webv1.GetCommandRequest) (*webv1.GetCommandResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.command(ctx, user, req.GetCommandId())
	if err != nil {
		return nil, err
	}
	return &webv1.GetCommandResponse{Command: convert.CommandToPB(c)}, nil
}

// command returns a command of the user's project.
func (s *Service) command(ctx context.Context, user auth.User, id string) (*model.Command, error) {
	c, err := s.store.GetCommand(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.ProjectID != user.ProjectID {
		return nil, model.Errorf(model.CodeNotFound, "command %q does not exist", id)
	}
	return c, nil
}

// logOf returns the deployment of a log that exists for the caller.
func (s *Service) logOf(ctx context.Context, key stagelog.Key) (*model.Deployment, error) {
	d, err := s.deployment(ctx, key.DeploymentID)
	switch {
	case err != nil:
		return nil, err
	case d.Stage(key.StageID) == nil:
		return nil, model.Errorf(model.CodeNotFound, "deployment %s has no stage %q", d.ID, key.StageID)
	case key.Attempt < 0:
		return nil, model.Errorf(model.CodeInvalid, "the retried count %d is negative", key.Attempt)
	}
	return d, nil
}

// GetStageLog returns a part of a stage's log. The log of a stage that has
// written nothing is empty.
func (s *Service) GetStageLog(ctx context.Context, req *webv1.GetStageLogRequest) (*webv1.GetStageLogResponse, error) {
	key := stagelog.Key{DeploymentID: req.GetDeploymentId(), StageID: req.GetStageId(), Attempt: req.GetRetriedCount()}
	if _, err := s.logOf(ctx, key); err != nil {
		return nil, err
	}
	part, err := s.logs.Read(ctx, key, req.GetOffsetIndex())
	if err != nil {
		return nil, err
	}
	return &webv1.GetStageLogResponse{Blocks: convert.LogBlocksToPB(part.Blocks), Completed: part.Completed, More: part.More}, nil
}
