package convert

import (
	"cmp"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// CommandToPB converts a command together with the payload of its type; nil
// stays nil.
func CommandToPB(c *model.Command) *modelpb.Command {
	if c == nil {
		return nil
	}
	p := &modelpb.Command{
		Id:            Text(c.ID),
		PipedId:       Text(c.PipedID),
		ApplicationId: Text(c.ApplicationID),
		DeploymentId:  Text(c.DeploymentID),
		StageId:       Text(c.StageID),
		Commander:     Text(c.Commander),
		ProjectId:     Text(c.ProjectID),
		Status:        modelpb.CommandStatus(c.Status),
		Metadata:      Texts(c.Metadata),
		HandledAt:     Seconds(c.HandledAt),
		Type:          modelpb.Command_Type(c.Type),
		CreatedAt:     Seconds(c.CreatedAt),
		UpdatedAt:     Seconds(c.UpdatedAt),
	}
	switch c.Type {
	case model.CommandSyncApplication:
		p.SyncApplication = &modelpb.Command_SyncApplication{
			ApplicationId: p.GetApplicationId(), SyncStrategy: modelpb.SyncStrategy(c.SyncStrategy),
		}
	case model.CommandCancelDeployment:
		p.CancelDeployment = &modelpb.Command_CancelDeployment{
			DeploymentId:    p.GetDeploymentId(),
			ForceRollback:   c.Rollback == model.RollbackAlways,
			ForceNoRollback: c.Rollback == model.RollbackNever,
		}
	case model.CommandApproveStage:
		p.ApproveStage = &modelpb.Command_ApproveStage{DeploymentId: p.GetDeploymentId(), StageId: p.GetStageId()}
	case model.CommandChainSync:
		p.ChainSyncApplication = &modelpb.Command_ChainSyncApplication{
			DeploymentChainId: Text(c.ChainID), BlockIndex: c.ChainBlock,
			ApplicationId: p.GetApplicationId(), SyncStrategy: modelpb.SyncStrategy(c.SyncStrategy),
		}
	case model.CommandSkipStage:
		p.SkipStage = &modelpb.Command_SkipStage{DeploymentId: p.GetDeploymentId(), StageId: p.GetStageId()}
	case model.CommandRollBack:
		p.RollBackApplication = &modelpb.Command_RollBackApplication{
			ApplicationId: p.GetApplicationId(), DeploymentId: p.GetDeploymentId(), SyncStrategy: modelpb.SyncStrategy(c.SyncStrategy),
		}
	case model.CommandRestartPiped:
		p.RestartPiped = &modelpb.Command_RestartPiped{PipedId: p.GetPipedId()}
	}
	return p
}

// CommandFromPB is the inverse of CommandToPB. Ids that only the payload names
// are taken from there. A type the model does not know is kept as a number, so
// that it can be answered with a refusal.
func CommandFromPB(p *modelpb.Command) *model.Command {
	if p == nil {
		return nil
	}
	c := &model.Command{
		ID:            p.GetId(),
		PipedID:       p.GetPipedId(),
		ProjectID:     p.GetProjectId(),
		ApplicationID: p.GetApplicationId(),
		DeploymentID:  p.GetDeploymentId(),
		StageID:       p.GetStageId(),
		Commander:     p.GetCommander(),
		Type:          model.CommandType(p.GetType()),
		Status:        model.CommandStatus(p.GetStatus()),
		Metadata:      Texts(p.GetMetadata()),
		HandledAt:     Time(p.GetHandledAt()),
		CreatedAt:     Time(p.GetCreatedAt()),
		UpdatedAt:     Time(p.GetUpdatedAt()),
	}
	switch c.Type {
	case model.CommandSyncApplication:
		c.ApplicationID = cmp.Or(c.ApplicationID, p.GetSyncApplication().GetApplicationId())
		c.SyncStrategy = model.SyncStrategy(p.GetSyncApplication().GetSyncStrategy())
	case model.CommandCancelDeployment:
		c.DeploymentID = cmp.Or(c.DeploymentID, p.GetCancelDeployment().GetDeploymentId())
		c.Rollback = rollbackFromPB(p.GetCancelDeployment())
	case model.CommandApproveStage:
		c.DeploymentID = cmp.Or(c.DeploymentID, p.GetApproveStage().GetDeploymentId())
		c.StageID = cmp.Or(c.StageID, p.GetApproveStage().GetStageId())
	case model.CommandChainSync:
		chain := p.GetChainSyncApplication()
		c.ApplicationID = cmp.Or(c.ApplicationID, chain.GetApplicationId())
		c.SyncStrategy = model.SyncStrategy(chain.GetSyncStrategy())
		c.ChainID, c.ChainBlock = chain.GetDeploymentChainId(), chain.GetBlockIndex()
	case model.CommandSkipStage:
		c.DeploymentID = cmp.Or(c.DeploymentID, p.GetSkipStage().GetDeploymentId())
		c.StageID = cmp.Or(c.StageID, p.GetSkipStage().GetStageId())
	case model.CommandRollBack:
		back := p.GetRollBackApplication()
		c.ApplicationID = cmp.Or(c.ApplicationID, back.GetApplicationId())
		c.DeploymentID = cmp.Or(c.DeploymentID, back.GetDeploymentId())
		c.SyncStrategy = model.SyncStrategy(back.GetSyncStrategy())
	case model.CommandRestartPiped:
		c.PipedID = cmp.Or(c.PipedID, p.GetRestartPiped().GetPipedId())
	}
	return c
}

// rollbackFromPB reads the choice. Asked for both, undoing is the safe one.
func rollbackFromPB(p *modelpb.Command_CancelDeployment) model.RollbackChoice {
	switch {
	case p.GetForceRollback():
		return model.RollbackAlways
	case p.GetForceNoRollback():
		return model.RollbackNever
	default:
		return model.RollbackAsConfigured
	}
}
