package pipedapi

import (
	"context"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// ReportStageStatusChanged records a stage's status.
func (s *Service) ReportStageStatusChanged(ctx context.Context, req *pipedservice.ReportStageStatusChangedRequest) (*pipedservice.ReportStageStatusChangedResponse, error) {
	if err := checkReason("the status reason", req.GetStatusReason()); err != nil {
		return nil, err
	}
	report := convert.StageReportFromPB(req)
	_, err := s.changeDeployment(ctx, req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.ReportStage(report, now)
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.ReportStageStatusChangedResponse{}, nil
}

// SaveStageMetadata merges keys into a stage's metadata.
func (s *Service) SaveStageMetadata(ctx context.Context, req *pipedservice.SaveStageMetadataRequest) (*pipedservice.SaveStageMetadataResponse, error) {
	_, err := s.changeDeployment(ctx, req.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
		return d.MergeStageMetadata(req.GetStageId(), req.GetMetadata(), now)
	})
	if err != nil {
		return nil, err
	}
	return &pipedservice.SaveStageMetadataResponse{}, nil
}

// ReportStageLogs adds entries to a stage's log.
func (s *Service) ReportStageLogs(ctx context.Context, req *pipedservice.ReportStageLogsRequest) (*pipedservice.ReportStageLogsResponse, error) {
	key := stagelog.Key{DeploymentID: req.GetDeploymentId(), StageID: req.GetStageId(), Attempt: req.GetRetriedCount()}
	if err := s.appendLog(ctx, key, req.GetBlocks(), false); err != nil {
		return nil, err
	}
	return &pipedservice.ReportStageLogsResponse{}, nil
}

// ReportStageLogsFromLastCheckpoint adds entries, most of which were sent
// before, and may end the log.
func (s *Service) ReportStageLogsFromLastCheckpoint(ctx context.Context, req *pipedservice.ReportStageLogsFromLastCheckpointRequest) (*pipedservice.ReportStageLogsFromLastCheckpointResponse, error) {
	key := stagelog.Key{DeploymentID: req.GetDeploymentId(), StageID: req.GetStageId(), Attempt: req.GetRetriedCount()}
	if err := s.appendLog(ctx, key, req.GetBlocks(), req.GetCompleted()); err != nil {
		return nil, err
	}
	return &pipedservice.ReportStageLogsFromLastCheckpointResponse{}, nil
}

func (s *Service) appendLog(ctx context.Context, key stagelog.Key, blocks []*modelpb.LogBlock, completed bool) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	if err := s.checkFence(ctx, caller); err != nil {
		return err
	}
	if key.Attempt < 0 {
		return model.Errorf(model.CodeInvalid, "the retried count %d is negative", key.Attempt)
	}
	if err := s.checkLogTarget(ctx, caller, key); err != nil {
		return err
	}
	if !completed {
		// A repeat of the report that ended the log is fine, for its answer may have been lost; any other is late.
		done, err := s.logs.Completed(ctx, key)
		if err != nil {
			return err
		}
		if done {
			return model.Errorf(model.CodeFailedPrecondition, "the log of stage %s of deployment %s is complete; nothing can be added", key.StageID, key.DeploymentID)
		}
	}
	return s.logs.Append(ctx, key, convert.LogBlocksFromPB(blocks), completed)
}

// checkLogTarget refuses a log of what is not a stage of the agent's deployment.
func (s *Service) checkLogTarget(ctx context.Context, caller *auth.Piped, key stagelog.Key) error {
	if s.targets.has(caller.Piped.ID, key.DeploymentID, key.StageID) {
		return nil
	}
	d, err := s.deployment(ctx, key.DeploymentID)
	if err != nil {
		return err
	}
	if d.Stage(key.StageID) == nil {
		return model.Errorf(model.CodeInvalid, "deployment %s has no stage %q", d.ID, key.StageID)
	}
	s.targets.remember(d)
	return nil
}
