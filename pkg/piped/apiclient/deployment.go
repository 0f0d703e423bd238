package apiclient

import (
	"cmp"
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
)

// maxPages bounds how many pages of a list are read: a peer whose cursor never
// ends must not keep the agent forever.
const maxPages = 1000

// GetDeployment returns a deployment with its stages. CodeNotFound.
func (c *Client) GetDeployment(ctx context.Context, deploymentID string) (*model.Deployment, error) {
	doing := "reading deployment " + deploymentID
	res, err := call(ctx, c.reading(doing).bulk(), c.piped.GetDeployment, &pipedservice.GetDeploymentRequest{Id: deploymentID})
	if err != nil {
		return nil, err
	}
	if res.GetDeployment() == nil {
		return nil, model.Errorf(model.CodeNotFound, "%s: there is none", doing)
	}
	return convert.DeploymentFromPB(res.GetDeployment()), nil
}

// ListOpenDeployments returns all deployments of this agent that are not
// completed.
func (c *Client) ListOpenDeployments(ctx context.Context) ([]*model.Deployment, error) {
	var (
		deployments []*model.Deployment
		cursor      string
	)
	for range maxPages {
		res, err := call(ctx, c.reading("listing open deployments").bulk(), c.piped.ListNotCompletedDeployments,
			&pipedservice.ListNotCompletedDeploymentsRequest{Cursor: cursor})
		if err != nil {
			return nil, err
		}
		for _, p := range res.GetDeployments() {
			deployments = append(deployments, convert.DeploymentFromPB(p))
		}
		if res.GetCursor() == "" || res.GetCursor() == cursor || len(res.GetDeployments()) == 0 {
			return deployments, nil
		}
		cursor = res.GetCursor()
	}
	return nil, model.Errorf(model.CodeInternal, "the list of open deployments did not end after %d pages", maxPages)
}

// CreateDeployment stores a new deployment. CodeAlreadyExists when the id is
// taken, which after a lost answer means that it was stored.
func (c *Client) CreateDeployment(ctx context.Context, d *model.Deployment) error {
	d = d.Clone()
	d.CreatedAt, d.UpdatedAt = orNow(d.CreatedAt), orNow(d.UpdatedAt)
	d.Trigger = sendableTrigger(d.Trigger)
	d.Stages = sendableStages(d.Stages)
	_, err := call(ctx, c.acting("creating deployment "+d.ID).bulk(), c.piped.CreateDeployment,
		&pipedservice.CreateDeploymentRequest{Deployment: convert.DeploymentToPB(d)})
	return err
}

// ReportPlanned records the plan of a deployment.
func (c *Client) ReportPlanned(ctx context.Context, deploymentID string, p model.Plan) error {
	p.Stages = sendableStages(p.Stages)
	_, err := call(ctx, c.acting("reporting the plan of deployment "+deploymentID).bulk(), c.piped.ReportDeploymentPlanned,
		convert.PlanToPB(deploymentID, p))
	return err
}

// ReportStatus records that a deployment is RUNNING or ROLLING_BACK.
func (c *Client) ReportStatus(ctx context.Context, deploymentID string, s model.DeploymentStatus, reason string) error {
	_, err := call(ctx, c.acting("reporting that deployment "+deploymentID+" is "+s.String()), c.piped.ReportDeploymentStatusChanged,
		statusRequest(deploymentID, s, reason))
	return err
}

// ReportCompleted records how a deployment ended. A zero time means now.
func (c *Client) ReportCompleted(ctx context.Context, deploymentID string, end model.Completion) error {
	end.CompletedAt = orNow(end.CompletedAt)
	_, err := call(ctx, c.acting("reporting that deployment "+deploymentID+" ended with "+end.Status.String()), c.piped.ReportDeploymentCompleted,
		convert.CompletionToPB(deploymentID, end))
	return err
}

// SaveDeploymentMetadata sets keys of what the stages share and keeps the
// others.
func (c *Client) SaveDeploymentMetadata(ctx context.Context, deploymentID string, md map[string]string) error {
	_, err := call(ctx, c.acting("saving metadata of deployment "+deploymentID), c.piped.SaveDeploymentMetadata,
		&pipedservice.SaveDeploymentMetadataRequest{DeploymentId: deploymentID, Metadata: convert.Texts(md)})
	return err
}

// SaveStageMetadata sets keys of a stage's metadata and keeps the others.
func (c *Client) SaveStageMetadata(ctx context.Context, deploymentID, stageID string, md map[string]string) error {
	_, err := call(ctx, c.acting("saving the state of stage "+stageID+" of deployment "+deploymentID), c.piped.SaveStageMetadata,
		&pipedservice.SaveStageMetadataRequest{DeploymentId: deploymentID, StageId: stageID, Metadata: convert.Texts(md)})
	return err
}

// ReportStage records a change of a stage's status. The wire wants a completion
// time in every report; a zero time means now.
func (c *Client) ReportStage(ctx context.Context, deploymentID string, r model.StageReport) error {
	r.CompletedAt = orNow(r.CompletedAt)
	_, err := call(ctx, c.acting("reporting that stage "+r.StageID+" of deployment "+deploymentID+" is "+r.Status.String()),
		c.piped.ReportStageStatusChanged, convert.StageReportToPB(deploymentID, r))
	return err
}

// LogBatch is a piece of a stage's log.
type LogBatch struct {
	DeploymentID string
	StageID      string
	RetriedCount int32
	Blocks       []model.LogBlock
	// Checkpoint asks for a durable write. PipeCD's control plane only caches
	// what is not a checkpoint; ours makes no difference.
	Checkpoint bool
	Completed  bool // nothing follows; always a checkpoint
}

// ReportStageLogs appends to a stage's log; the same index again is the same
// entry. CodeFailedPrecondition when the log was completed. Empty lines are sent
// as a space, because the wire refuses empty entries.
func (c *Client) ReportStageLogs(ctx context.Context, b LogBatch) error {
	o := c.acting("sending the log of stage " + b.StageID + " of deployment " + b.DeploymentID).bulk()
	blocks := convert.LogBlocksToPB(b.Blocks)
	for _, block := range blocks {
		block.Log = cmp.Or(block.GetLog(), " ")
		block.CreatedAt = max(block.GetCreatedAt(), 1)
	}
	if b.Completed || b.Checkpoint {
		_, err := call(ctx, o, c.piped.ReportStageLogsFromLastCheckpoint, &pipedservice.ReportStageLogsFromLastCheckpointRequest{
			DeploymentId: b.DeploymentID, StageId: b.StageID, RetriedCount: b.RetriedCount, Blocks: blocks, Completed: b.Completed,
		})
		return err
	}
	_, err := call(ctx, o, c.piped.ReportStageLogs, &pipedservice.ReportStageLogsRequest{
		DeploymentId: b.DeploymentID, StageId: b.StageID, RetriedCount: b.RetriedCount, Blocks: blocks,
	})
	return err
}

func orNow(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now()
	}
	return t
}

// sendableTrigger fills what the wire's rules refuse to be empty and Git allows
// to be.
func sendableTrigger(t model.DeploymentTrigger) model.DeploymentTrigger {
	t.Timestamp = orNow(t.Timestamp)
	t.Commit.CreatedAt = orNow(t.Commit.CreatedAt)
	t.Commit.Message = cmp.Or(t.Commit.Message, "(no message)")
	t.Commit.Author = cmp.Or(t.Commit.Author, "(unknown)")
	return t
}

// sendableStages fills the times the wire's rules want.
func sendableStages(stages []model.Stage) []model.Stage {
	out := make([]model.Stage, len(stages))
	for i, s := range stages {
		s.CreatedAt, s.UpdatedAt = orNow(s.CreatedAt), orNow(s.UpdatedAt)
		out[i] = s
	}
	return out
}
