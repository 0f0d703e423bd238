package agentapi

import (
	"context"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// checkAppender keeps what stages measured.
type checkAppender interface {
	Append(ctx context.Context, key stagelog.Key, checks []model.AnalysisCheck) error
}

// ReportAnalysisChecks implements agentv1connect.AgentServiceHandler.
func (s *Service) ReportAnalysisChecks(ctx context.Context, req *agentv1.ReportAnalysisChecksRequest) (*agentv1.ReportAnalysisChecksResponse, error) {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkFence(ctx, caller); err != nil {
		return nil, err
	}
	report := convert.AnalysisReportFromPB(req)
	d, err := s.store.GetDeployment(ctx, report.DeploymentID)
	switch {
	case err != nil:
		return nil, err
	case d.ProjectID != caller.Piped.ProjectID: // as if it existed nowhere
		return nil, model.Errorf(model.CodeNotFound, "deployment %q does not exist", d.ID)
	case d.PipedID != caller.Piped.ID:
		return nil, model.Errorf(model.CodePermissionDenied, "deployment %s is not of piped %s", d.ID, caller.Piped.ID)
	case d.Stage(report.StageID) == nil:
		return nil, model.Errorf(model.CodeInvalid, "deployment %s has no stage %q", d.ID, report.StageID)
	}
	key := stagelog.Key{DeploymentID: report.DeploymentID, StageID: report.StageID, Attempt: report.RetriedCount}
	if err := s.checks.Append(ctx, key, report.Checks); err != nil {
		return nil, err
	}
	return &agentv1.ReportAnalysisChecksResponse{}, nil
}

// checkFence refuses a superseded process. One that is superseded a moment later
// has still written; its checks are replaced by those of its successor.
func (s *Service) checkFence(ctx context.Context, caller *auth.Piped) error {
	if caller.Fence.Epoch == 0 {
		return nil
	}
	lease, err := s.store.GetLease(ctx, caller.Fence.PipedID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return err
	}
	if lease.Epoch != caller.Fence.Epoch {
		return model.Errorf(model.CodeFenced, "another process of piped %s, on host %q, holds the lease now; this one must stop acting", caller.Fence.PipedID, lease.Host)
	}
	return nil
}

// historian makes several reports about one deployment at once.
type historian interface {
	Record(ctx context.Context, req *agentv1.RecordRequest) (*agentv1.RecordResponse, error)
}

// Record implements agentv1connect.AgentServiceHandler.
func (s *Service) Record(ctx context.Context, req *agentv1.RecordRequest) (*agentv1.RecordResponse, error) {
	return s.histories.Record(ctx, req)
}
