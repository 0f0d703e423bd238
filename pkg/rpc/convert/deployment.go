package convert

import (
	"cmp"
	"maps"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// DeploymentToPB converts a deployment; nil stays nil. What has two places is
// written to both, for older and newer agents: the platform provider, and the
// metadata the stages share (`metadata` and `metadata_v2.shared`).
func DeploymentToPB(d *model.Deployment) *modelpb.Deployment {
	if d == nil {
		return nil
	}
	return &modelpb.Deployment{
		Id:                        Text(d.ID),
		ApplicationId:             Text(d.ApplicationID),
		ApplicationName:           Text(d.ApplicationName),
		PipedId:                   Text(d.PipedID),
		ProjectId:                 Text(d.ProjectID),
		Kind:                      modelpb.ApplicationKind(d.Kind),
		GitPath:                   GitPathToPB(d.GitPath),
		Labels:                    Texts(d.Labels),
		PlatformProvider:          Text(d.PlatformProvider),
		CloudProvider:             Text(d.PlatformProvider),
		DeployTargetsByPlugin:     deployTargetsToPB(d.DeployTargets),
		Trigger:                   TriggerToPB(d.Trigger),
		RunningCommitHash:         Text(d.RunningCommitHash),
		Summary:                   Text(d.Summary),
		Versions:                  each(d.Versions, ArtifactVersionToPB),
		Status:                    modelpb.DeploymentStatus(d.Status),
		StatusReason:              Text(d.StatusReason),
		Stages:                    each(d.Stages, StageToPB),
		Metadata:                  Texts(d.Metadata),
		MetadataV2:                metadataToPB(d),
		DeploymentChainId:         Text(d.ChainID),
		DeploymentChainBlockIndex: d.ChainBlock,
		DeploymentTraceCommitHash: Text(d.TraceCommitHash),
		RunningConfigFilename:     Text(d.RunningConfigFilename),
		CompletedAt:               Seconds(d.CompletedAt),
		CreatedAt:                 Seconds(d.CreatedAt),
		UpdatedAt:                 Seconds(d.UpdatedAt),
	}
}

// DeploymentFromPB is the inverse of DeploymentToPB. Metadata of both places is
// taken; where they differ `metadata_v2.shared` wins, as the newer peers write
// only that.
func DeploymentFromPB(p *modelpb.Deployment) *model.Deployment {
	if p == nil {
		return nil
	}
	return &model.Deployment{
		ID:                    p.GetId(),
		ApplicationID:         p.GetApplicationId(),
		ApplicationName:       p.GetApplicationName(),
		PipedID:               p.GetPipedId(),
		ProjectID:             p.GetProjectId(),
		Kind:                  model.ApplicationKind(p.GetKind()),
		GitPath:               GitPathFromPB(p.GetGitPath()),
		PlatformProvider:      cmp.Or(p.GetPlatformProvider(), p.GetCloudProvider()),
		DeployTargets:         deployTargetsFromPB(p.GetDeployTargetsByPlugin()),
		Labels:                Texts(p.GetLabels()),
		Trigger:               TriggerFromPB(p.GetTrigger()),
		Summary:               p.GetSummary(),
		Versions:              each(p.GetVersions(), ArtifactVersionFromPB),
		RunningCommitHash:     p.GetRunningCommitHash(),
		RunningConfigFilename: p.GetRunningConfigFilename(),
		Status:                model.DeploymentStatus(p.GetStatus()),
		StatusReason:          p.GetStatusReason(),
		Stages:                each(p.GetStages(), StageFromPB),
		Metadata:              sharedMetadataFromPB(p),
		PluginMetadata:        pluginMetadataFromPB(p.GetMetadataV2().GetPlugins()),
		ChainID:               p.GetDeploymentChainId(),
		ChainBlock:            p.GetDeploymentChainBlockIndex(),
		TraceCommitHash:       p.GetDeploymentTraceCommitHash(),
		CompletedAt:           Time(p.GetCompletedAt()),
		CreatedAt:             Time(p.GetCreatedAt()),
		UpdatedAt:             Time(p.GetUpdatedAt()),
	}
}

func sharedMetadataFromPB(p *modelpb.Deployment) map[string]string {
	merged := Texts(p.GetMetadata())
	newer := p.GetMetadataV2().GetShared().GetKeyValues()
	if merged == nil {
		return Texts(newer)
	}
	maps.Copy(merged, newer)
	return merged
}

// TriggerToPB converts why a deployment exists.
func TriggerToPB(t model.DeploymentTrigger) *modelpb.DeploymentTrigger {
	return &modelpb.DeploymentTrigger{
		Commit:          CommitToPB(t.Commit),
		Commander:       Text(t.Commander),
		Timestamp:       Seconds(t.Timestamp),
		SyncStrategy:    modelpb.SyncStrategy(t.SyncStrategy),
		StrategySummary: Text(t.StrategySummary),

		RolledBackTo: Text(t.RolledBackTo), OverriddenCommit: Text(t.OverriddenCommit),
	}
}

// TriggerFromPB is the inverse of TriggerToPB.
func TriggerFromPB(p *modelpb.DeploymentTrigger) model.DeploymentTrigger {
	return model.DeploymentTrigger{
		Commit:          CommitFromPB(p.GetCommit()),
		Commander:       p.GetCommander(),
		Timestamp:       Time(p.GetTimestamp()),
		SyncStrategy:    model.SyncStrategy(p.GetSyncStrategy()),
		StrategySummary: p.GetStrategySummary(),

		RolledBackTo: p.GetRolledBackTo(), OverriddenCommit: p.GetOverriddenCommit(),
	}
}

// ArtifactVersionToPB converts a version.
func ArtifactVersionToPB(v model.ArtifactVersion) *modelpb.ArtifactVersion {
	return &modelpb.ArtifactVersion{
		Kind:    modelpb.ArtifactVersion_Kind(v.Kind),
		Version: Text(v.Version),
		Name:    Text(v.Name),
		Url:     Text(v.URL),
	}
}

// ArtifactVersionFromPB is the inverse of ArtifactVersionToPB.
func ArtifactVersionFromPB(p *modelpb.ArtifactVersion) model.ArtifactVersion {
	return model.ArtifactVersion{
		Kind:    model.ArtifactKind(p.GetKind()),
		Version: p.GetVersion(),
		Name:    p.GetName(),
		URL:     p.GetUrl(),
	}
}

// StageToPB converts a stage.
func StageToPB(s model.Stage) *modelpb.PipelineStage {
	return &modelpb.PipelineStage{
		Id:                  Text(s.ID),
		Name:                Text(string(s.Name)),
		Desc:                Text(s.Description),
		Index:               s.Index,
		Predefined:          s.Predefined,
		Requires:            each(s.Requires, Text),
		Visible:             s.Visible,
		Status:              modelpb.StageStatus(s.Status),
		StatusReason:        Text(s.StatusReason),
		Metadata:            Texts(s.Metadata),
		RetriedCount:        s.RetriedCount,
		Rollback:            s.Rollback,
		CompletedAt:         Seconds(s.CompletedAt),
		CreatedAt:           Seconds(s.CreatedAt),
		UpdatedAt:           Seconds(s.UpdatedAt),
		AvailableOperation:  modelpb.ManualOperation(s.AvailableOperation),
		AuthorizedOperators: each(s.AuthorizedOperators, Text),
	}
}

// StageFromPB is the inverse of StageToPB.
func StageFromPB(p *modelpb.PipelineStage) model.Stage {
	return model.Stage{
		ID:                  p.GetId(),
		Name:                model.StageName(p.GetName()),
		Description:         p.GetDesc(),
		Index:               p.GetIndex(),
		Predefined:          p.GetPredefined(),
		Requires:            each(p.GetRequires(), Text),
		Visible:             p.GetVisible(),
		Rollback:            p.GetRollback(),
		Status:              model.StageStatus(p.GetStatus()),
		StatusReason:        p.GetStatusReason(),
		Metadata:            Texts(p.GetMetadata()),
		RetriedCount:        p.GetRetriedCount(),
		AvailableOperation:  model.ManualOperation(p.GetAvailableOperation()),
		AuthorizedOperators: each(p.GetAuthorizedOperators(), Text),
		CompletedAt:         Time(p.GetCompletedAt()),
		CreatedAt:           Time(p.GetCreatedAt()),
		UpdatedAt:           Time(p.GetUpdatedAt()),
	}
}

// LogBlockToPB converts one entry of a stage's log.
func LogBlockToPB(b model.LogBlock) *modelpb.LogBlock {
	return &modelpb.LogBlock{
		Index:     b.Index,
		Log:       Text(b.Log),
		Severity:  modelpb.LogSeverity(b.Severity),
		CreatedAt: Seconds(b.CreatedAt),
	}
}

// LogBlockFromPB is the inverse of LogBlockToPB.
func LogBlockFromPB(p *modelpb.LogBlock) model.LogBlock {
	return model.LogBlock{
		Index:     p.GetIndex(),
		Log:       p.GetLog(),
		Severity:  model.LogSeverity(p.GetSeverity()),
		CreatedAt: Time(p.GetCreatedAt()),
	}
}

// LogBlocksToPB converts entries of a stage's log.
func LogBlocksToPB(blocks []model.LogBlock) []*modelpb.LogBlock { return each(blocks, LogBlockToPB) }

// LogBlocksFromPB is the inverse of LogBlocksToPB.
func LogBlocksFromPB(blocks []*modelpb.LogBlock) []model.LogBlock {
	return each(blocks, LogBlockFromPB)
}
