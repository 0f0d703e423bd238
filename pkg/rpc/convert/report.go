package convert

import (
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// PipedMetaToPB converts what an agent says about itself.
func PipedMetaToPB(m model.PipedMeta) *pipedservice.ReportPipedMetaRequest {
	return &pipedservice.ReportPipedMetaRequest{
		Version:           Text(m.Version),
		Config:            Text(m.Config),
		Repositories:      each(m.Repositories, RepositoryToPB),
		PlatformProviders: each(m.PlatformProviders, ProviderToPB),
		Plugins:           each(m.Plugins, PluginToPB),
		SecretEncryption:  EncryptionToPB(m.Encryption),
	}
}

// PipedMetaFromPB is the inverse of PipedMetaToPB. An agent that still calls
// its platform providers cloud providers is understood.
func PipedMetaFromPB(p *pipedservice.ReportPipedMetaRequest) model.PipedMeta {
	m := model.PipedMeta{
		Version:           p.GetVersion(),
		Config:            p.GetConfig(),
		Repositories:      each(p.GetRepositories(), RepositoryFromPB),
		PlatformProviders: each(p.GetPlatformProviders(), ProviderFromPB),
		Plugins:           each(p.GetPlugins(), PluginFromPB),
		Encryption:        EncryptionFromPB(p.GetSecretEncryption()),
	}
	if m.PlatformProviders == nil {
		m.PlatformProviders = each(p.GetCloudProviders(), func(c *modelpb.Piped_CloudProvider) model.Provider {
			return model.Provider{Name: c.GetName(), Type: c.GetType()}
		})
	}
	return m
}

// PlanToPB converts the plan of a deployment.
func PlanToPB(deploymentID string, p model.Plan) *pipedservice.ReportDeploymentPlannedRequest {
	req := &pipedservice.ReportDeploymentPlannedRequest{
		DeploymentId:          deploymentID,
		Summary:               Text(p.Summary),
		StatusReason:          Text(p.StatusReason),
		RunningCommitHash:     Text(p.RunningCommitHash),
		RunningConfigFilename: Text(p.RunningConfigFilename),
		Versions:              each(p.Versions, ArtifactVersionToPB),
		SyncStrategy:          modelpb.SyncStrategy(p.Strategy),
		Stages:                each(p.Stages, StageToPB),
	}
	if len(p.Versions) > 0 {
		req.Version = Text(p.Versions[0].Version)
	}
	return req
}

// PlanFromPB is the inverse of PlanToPB. A planner that names one version and
// no list of them is understood.
func PlanFromPB(p *pipedservice.ReportDeploymentPlannedRequest) model.Plan {
	plan := model.Plan{
		Summary:               p.GetSummary(),
		StatusReason:          p.GetStatusReason(),
		RunningCommitHash:     p.GetRunningCommitHash(),
		RunningConfigFilename: p.GetRunningConfigFilename(),
		Versions:              each(p.GetVersions(), ArtifactVersionFromPB),
		Strategy:              model.SyncStrategy(p.GetSyncStrategy()),
		Stages:                each(p.GetStages(), StageFromPB),
	}
	if plan.Versions == nil && p.GetVersion() != "" {
		plan.Versions = []model.ArtifactVersion{{Version: p.GetVersion()}}
	}
	return plan
}

// CompletionToPB converts how a deployment ended.
func CompletionToPB(deploymentID string, c model.Completion) *pipedservice.ReportDeploymentCompletedRequest {
	req := &pipedservice.ReportDeploymentCompletedRequest{
		DeploymentId: deploymentID,
		Status:       modelpb.DeploymentStatus(c.Status),
		StatusReason: Text(c.Reason),
		CompletedAt:  Seconds(c.CompletedAt),
	}
	if len(c.StageStatuses) > 0 {
		req.StageStatuses = make(map[string]modelpb.StageStatus, len(c.StageStatuses))
		for id, status := range c.StageStatuses {
			req.StageStatuses[Text(id)] = modelpb.StageStatus(status)
		}
	}
	return req
}

// CompletionFromPB is the inverse of CompletionToPB.
func CompletionFromPB(p *pipedservice.ReportDeploymentCompletedRequest) model.Completion {
	c := model.Completion{
		Status:      model.DeploymentStatus(p.GetStatus()),
		Reason:      p.GetStatusReason(),
		CompletedAt: Time(p.GetCompletedAt()),
	}
	if len(p.GetStageStatuses()) > 0 {
		c.StageStatuses = make(map[string]model.StageStatus, len(p.GetStageStatuses()))
		for id, status := range p.GetStageStatuses() {
			c.StageStatuses[id] = model.StageStatus(status)
		}
	}
	return c
}

// StageReportToPB converts a change of a stage's status.
func StageReportToPB(deploymentID string, r model.StageReport) *pipedservice.ReportStageStatusChangedRequest {
	return &pipedservice.ReportStageStatusChangedRequest{
		DeploymentId: deploymentID,
		StageId:      Text(r.StageID),
		Status:       modelpb.StageStatus(r.Status),
		StatusReason: Text(r.Reason),
		Requires:     each(r.Requires, Text),
		Visible:      r.Visible,
		RetriedCount: r.RetriedCount,
		CompletedAt:  Seconds(r.CompletedAt),
	}
}

// StageReportFromPB is the inverse of StageReportToPB. Agents send the time of
// every report as the completion time; it only counts for a completed stage.
func StageReportFromPB(p *pipedservice.ReportStageStatusChangedRequest) model.StageReport {
	return model.StageReport{
		StageID:      p.GetStageId(),
		Status:       model.StageStatus(p.GetStatus()),
		Reason:       p.GetStatusReason(),
		Requires:     each(p.GetRequires(), Text),
		Visible:      p.GetVisible(),
		RetriedCount: p.GetRetriedCount(),
		CompletedAt:  Time(p.GetCompletedAt()),
	}
}

// HandledToPB converts the answer to a command.
func HandledToPB(commandID string, h model.Handled) *pipedservice.ReportCommandHandledRequest {
	return &pipedservice.ReportCommandHandledRequest{
		CommandId: commandID,
		Status:    modelpb.CommandStatus(h.Status),
		Metadata:  Texts(h.Metadata),
		HandledAt: Seconds(h.At),
	}
}

// HandledFromPB is the inverse of HandledToPB.
func HandledFromPB(p *pipedservice.ReportCommandHandledRequest) model.Handled {
	return model.Handled{
		Status:   model.CommandStatus(p.GetStatus()),
		Metadata: Texts(p.GetMetadata()),
		At:       Time(p.GetHandledAt()),
	}
}
