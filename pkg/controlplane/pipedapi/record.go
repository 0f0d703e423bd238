package pipedapi

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// metadataRecorded is the key, in a deployment's metadata, of the id of the
// piece of its history that was recorded last, so that a repeat is told apart.
const metadataRecorded = model.PrivateMetadata + "recorded"

// piece is a part of a deployment's history, as changes of the two rows it
// concerns.
type piece struct {
	deploymentID string
	deployment   []func(d *model.Deployment, now time.Time) error
	told         bool // a status of the deployment changes

	applicationID string
	application   []func(a *model.Application)
}

// Record makes several reports about one deployment, in the transaction of one
// change, and before them those about its application, in another. Agents ask
// for it through agentv1.AgentService.
func (s *Service) Record(ctx context.Context, req *agentv1.RecordRequest) (*agentv1.RecordResponse, error) {
	p := piece{deploymentID: req.GetDeploymentId()}
	for _, r := range req.GetReports() {
		if err := p.add(r); err != nil {
			return nil, err
		}
	}
	if len(p.application) > 0 {
		err := s.changeApplication(ctx, p.applicationID, func(a *model.Application) error {
			for _, change := range p.application {
				change(a)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(p.deployment) > 0 {
		if err := s.recordDeployment(ctx, req.GetId(), p); err != nil {
			return nil, err
		}
	}
	return &agentv1.RecordResponse{}, nil
}

// recordDeployment makes the changes of the deployment, once for each id.
func (s *Service) recordDeployment(ctx context.Context, id string, p piece) error {
	d, err := s.changeDeployment(ctx, p.deploymentID, func(d *model.Deployment, now time.Time) error {
		if d.Metadata[metadataRecorded] == id {
			return nil
		}
		for _, change := range p.deployment {
			if err := change(d, now); err != nil {
				return err
			}
		}
		return d.MergeMetadata(map[string]string{metadataRecorded: id}, now)
	})
	if err != nil || !p.told {
		return err
	}
	return s.tellChain(ctx, d)
}

// add takes a report up, refusing what the call of its own would refuse.
func (p *piece) add(r *agentv1.Report) error {
	switch r := r.GetItem().(type) {
	case *agentv1.Report_Status:
		return p.status(r.Status, r.Status.GetDeploymentId(), r.Status.GetStatusReason(), func(d *model.Deployment, now time.Time) error {
			return d.ReportStatus(model.DeploymentStatus(r.Status.GetStatus()), r.Status.GetStatusReason(), now)
		})
	case *agentv1.Report_Completed:
		end := convert.CompletionFromPB(r.Completed)
		return p.status(r.Completed, r.Completed.GetDeploymentId(), end.Reason, func(d *model.Deployment, now time.Time) error {
			return d.ReportCompleted(end, now)
		})
	case *agentv1.Report_Metadata:
		return p.ofDeployment(r.Metadata.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
			return d.MergeMetadata(r.Metadata.GetMetadata(), now)
		})
	case *agentv1.Report_Stage:
		if err := checkReason("the status reason", r.Stage.GetStatusReason()); err != nil {
			return err
		}
		report := convert.StageReportFromPB(r.Stage)
		return p.ofDeployment(r.Stage.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
			return d.ReportStage(report, now)
		})
	case *agentv1.Report_StageMetadata:
		return p.ofDeployment(r.StageMetadata.GetDeploymentId(), func(d *model.Deployment, now time.Time) error {
			return d.MergeStageMetadata(r.StageMetadata.GetStageId(), r.StageMetadata.GetMetadata(), now)
		})
	default:
		return p.addOfApplication(r)
	}
}

// namesChain is a report that says which chain its deployment is in.
type namesChain interface {
	GetDeploymentChainId() string
	GetDeploymentChainBlockIndex() uint32
}

// status takes up a change of the deployment's status, of which its chain has to
// know.
func (p *piece) status(req namesChain, id, reason string, change func(d *model.Deployment, now time.Time) error) error {
	if err := checkReason("the status reason", reason); err != nil {
		return err
	}
	p.told = true
	return p.ofDeployment(id, func(d *model.Deployment, now time.Time) error {
		if err := chainOf(req).check(d); err != nil {
			return err
		}
		return change(d, now)
	})
}

func (p *piece) ofDeployment(id string, change func(d *model.Deployment, now time.Time) error) error {
	if id != p.deploymentID {
		return model.Errorf(model.CodeInvalid, "a piece of the history of deployment %s has a report about deployment %s", p.deploymentID, id)
	}
	p.deployment = append(p.deployment, change)
	return nil
}

// addOfApplication takes a report about the application up.
func (p *piece) addOfApplication(r any) error {
	switch r := r.(type) {
	case *agentv1.Report_Deploying:
		return p.ofApplication(r.Deploying.GetApplicationId(), func(a *model.Application) { a.Deploying = r.Deploying.GetDeploying() })
	case *agentv1.Report_MostRecent:
		ref := convert.DeploymentRefFromPB(r.MostRecent.GetDeployment())
		return p.ofApplication(r.MostRecent.GetApplicationId(), func(a *model.Application) { remember(a, r.MostRecent.GetStatus(), ref) })
	case *agentv1.Report_SyncState:
		state := convert.SyncStateFromPB(r.SyncState.GetState())
		if err := checkReason("the reason of a sync state", state.Reason); err != nil {
			return err
		}
		return p.ofApplication(r.SyncState.GetApplicationId(), func(a *model.Application) { a.SyncState = state })
	default:
		return model.Errorf(model.CodeUnimplemented, "a piece of the history of deployment %s has a report of a kind that this control plane does not know", p.deploymentID)
	}
}

func (p *piece) ofApplication(id string, change func(a *model.Application)) error {
	if p.applicationID != "" && p.applicationID != id {
		return model.Errorf(model.CodeInvalid, "a piece of the history of deployment %s has reports about two applications", p.deploymentID)
	}
	p.applicationID = id
	p.application = append(p.application, change)
	return nil
}
