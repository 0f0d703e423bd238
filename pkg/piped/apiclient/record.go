package apiclient

import (
	"context"
	"log/slog"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// Report is one report about a deployment or its application, to be made
// together with others by Record.
type Report struct {
	item  *agentv1.Report
	alone func(ctx context.Context, c *Client) error // makes it by its own call
}

// maxReports is how many reports go into one call; the wire takes more.
const maxReports = 500

// Record makes the reports in their order, those about the application first.
// Reports of one call are made together: those about the deployment all or
// none. A control plane that does not know the call, as PipeCD's, gets one call
// for each report. The error is that of the first report that was refused.
func (c *Client) Record(ctx context.Context, deploymentID string, reports []Report) error {
	for len(reports) > 0 {
		n := min(len(reports), maxReports)
		if err := c.record(ctx, deploymentID, reports[:n]); err != nil {
			return err
		}
		reports = reports[n:]
	}
	return nil
}

func (c *Client) record(ctx context.Context, deploymentID string, reports []Report) error {
	if len(reports) > 1 && !c.noRecords.lasts() {
		err := c.recordTogether(ctx, deploymentID, reports)
		if model.CodeOf(err) != model.CodeUnimplemented {
			return err
		}
		c.noRecords.learn()
		c.options.Logger.DebugContext(ctx, "the control plane takes one report at a time", slog.Any("error", err))
	}
	for _, r := range reports {
		if err := r.alone(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) recordTogether(ctx context.Context, deploymentID string, reports []Report) error {
	// The id is the same in every try: an answer that was lost does not make the control plane record twice.
	req := &agentv1.RecordRequest{Id: model.NewID(), DeploymentId: deploymentID, Reports: make([]*agentv1.Report, len(reports))}
	for i, r := range reports {
		req.Reports[i] = r.item
	}
	_, err := call(ctx, c.acting("recording what deployment "+deploymentID+" does").bulk(), c.agent.Record, req)
	return err
}

// StatusReport is ReportStatus as a report.
func StatusReport(deploymentID string, s model.DeploymentStatus, reason string) Report {
	return Report{
		item:  &agentv1.Report{Item: &agentv1.Report_Status{Status: statusRequest(deploymentID, s, reason)}},
		alone: func(ctx context.Context, c *Client) error { return c.ReportStatus(ctx, deploymentID, s, reason) },
	}
}

// CompletedReport is ReportCompleted as a report.
func CompletedReport(deploymentID string, end model.Completion) Report {
	end.CompletedAt = orNow(end.CompletedAt)
	return Report{
		item:  &agentv1.Report{Item: &agentv1.Report_Completed{Completed: convert.CompletionToPB(deploymentID, end)}},
		alone: func(ctx context.Context, c *Client) error { return c.ReportCompleted(ctx, deploymentID, end) },
	}
}

// MetadataReport is SaveDeploymentMetadata as a report.
func MetadataReport(deploymentID string, md map[string]string) Report {
	return Report{
		item: &agentv1.Report{Item: &agentv1.Report_Metadata{
			Metadata: &pipedservice.SaveDeploymentMetadataRequest{DeploymentId: deploymentID, Metadata: convert.Texts(md)},
		}},
		alone: func(ctx context.Context, c *Client) error { return c.SaveDeploymentMetadata(ctx, deploymentID, md) },
	}
}

// StageReport is ReportStage as a report.
func StageReport(deploymentID string, r model.StageReport) Report {
	r.CompletedAt = orNow(r.CompletedAt)
	return Report{
		item:  &agentv1.Report{Item: &agentv1.Report_Stage{Stage: convert.StageReportToPB(deploymentID, r)}},
		alone: func(ctx context.Context, c *Client) error { return c.ReportStage(ctx, deploymentID, r) },
	}
}

// StageMetadataReport is SaveStageMetadata as a report.
func StageMetadataReport(deploymentID, stageID string, md map[string]string) Report {
	return Report{
		item: &agentv1.Report{Item: &agentv1.Report_StageMetadata{
			StageMetadata: &pipedservice.SaveStageMetadataRequest{DeploymentId: deploymentID, StageId: stageID, Metadata: convert.Texts(md)},
		}},
		alone: func(ctx context.Context, c *Client) error { return c.SaveStageMetadata(ctx, deploymentID, stageID, md) },
	}
}

// DeployingReport is ReportDeploying as a report.
func DeployingReport(appID string, deploying bool) Report {
	return Report{
		item: &agentv1.Report{Item: &agentv1.Report_Deploying{
			Deploying: &pipedservice.ReportApplicationDeployingStatusRequest{ApplicationId: appID, Deploying: deploying},
		}},
		alone: func(ctx context.Context, c *Client) error { return c.ReportDeploying(ctx, appID, deploying) },
	}
}

// MostRecentReport is ReportMostRecentDeployment as a report.
func MostRecentReport(appID string, status model.DeploymentStatus, ref model.DeploymentRef) Report {
	return Report{
		item: &agentv1.Report{Item: &agentv1.Report_MostRecent{MostRecent: mostRecentRequest(appID, status, ref)}},
		alone: func(ctx context.Context, c *Client) error {
			return c.ReportMostRecentDeployment(ctx, appID, status, ref)
		},
	}
}

// SyncStateReport is ReportSyncState as a report.
func SyncStateReport(appID string, s model.SyncState) Report {
	s.Timestamp = orNow(s.Timestamp)
	return Report{
		item: &agentv1.Report{Item: &agentv1.Report_SyncState{
			SyncState: &pipedservice.ReportApplicationSyncStateRequest{ApplicationId: appID, State: convert.SyncStateToPB(s)},
		}},
		alone: func(ctx context.Context, c *Client) error { return c.ReportSyncState(ctx, appID, s) },
	}
}

func statusRequest(deploymentID string, s model.DeploymentStatus, reason string) *pipedservice.ReportDeploymentStatusChangedRequest {
	return &pipedservice.ReportDeploymentStatusChangedRequest{
		DeploymentId: deploymentID,
		Status:       modelpb.DeploymentStatus(s),
		StatusReason: convert.Text(reason),
	}
}

func mostRecentRequest(appID string, status model.DeploymentStatus, ref model.DeploymentRef) *pipedservice.ReportApplicationMostRecentDeploymentRequest {
	ref.StartedAt = orNow(ref.StartedAt)
	ref.Trigger = sendableTrigger(ref.Trigger)
	return &pipedservice.ReportApplicationMostRecentDeploymentRequest{
		ApplicationId: appID,
		Status:        modelpb.DeploymentStatus(status),
		Deployment:    convert.DeploymentRefToPB(&ref),
	}
}
