package convert

import (
	"cmp"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// ApplicationToPB converts an application; nil stays nil.
func ApplicationToPB(a *model.Application) *modelpb.Application {
	if a == nil {
		return nil
	}
	return &modelpb.Application{
		Id:                               Text(a.ID),
		Name:                             Text(a.Name),
		PipedId:                          Text(a.PipedID),
		ProjectId:                        Text(a.ProjectID),
		Kind:                             modelpb.ApplicationKind(a.Kind),
		GitPath:                          GitPathToPB(a.GitPath),
		Description:                      Text(a.Description),
		Labels:                           Texts(a.Labels),
		MostRecentlySuccessfulDeployment: DeploymentRefToPB(a.LastSuccessful),
		MostRecentlyTriggeredDeployment:  DeploymentRefToPB(a.LastTriggered),
		SyncState:                        SyncStateToPB(a.SyncState),
		Deploying:                        a.Deploying,
		PlatformProvider:                 Text(a.PlatformProvider),
		CloudProvider:                    Text(a.PlatformProvider), // what agents before 0.34 read
		DeployTargetsByPlugin:            deployTargetsToPB(a.DeployTargets),
		DeletedAt:                        Seconds(a.DeletedAt),
		Deleted:                          a.Deleted,
		Disabled:                         a.Disabled,
		CreatedAt:                        Seconds(a.CreatedAt),
		UpdatedAt:                        Seconds(a.UpdatedAt),
	}
}

// ApplicationFromPB is the inverse of ApplicationToPB. A peer that still calls
// the platform provider a cloud provider is understood.
func ApplicationFromPB(p *modelpb.Application) *model.Application {
	if p == nil {
		return nil
	}
	return &model.Application{
		ID:               p.GetId(),
		Name:             p.GetName(),
		ProjectID:        p.GetProjectId(),
		PipedID:          p.GetPipedId(),
		Kind:             model.ApplicationKind(p.GetKind()),
		GitPath:          GitPathFromPB(p.GetGitPath()),
		PlatformProvider: cmp.Or(p.GetPlatformProvider(), p.GetCloudProvider()),
		DeployTargets:    deployTargetsFromPB(p.GetDeployTargetsByPlugin()),
		Description:      p.GetDescription(),
		Labels:           Texts(p.GetLabels()),
		LastSuccessful:   DeploymentRefFromPB(p.GetMostRecentlySuccessfulDeployment()),
		LastTriggered:    DeploymentRefFromPB(p.GetMostRecentlyTriggeredDeployment()),
		SyncState:        SyncStateFromPB(p.GetSyncState()),
		Deploying:        p.GetDeploying(),
		Disabled:         p.GetDisabled(),
		Deleted:          p.GetDeleted(),
		DeletedAt:        Time(p.GetDeletedAt()),
		CreatedAt:        Time(p.GetCreatedAt()),
		UpdatedAt:        Time(p.GetUpdatedAt()),
	}
}

// SyncStateToPB converts a sync state. A state that was never reported (no
// timestamp) is absent on the wire, where a timestamp is required.
func SyncStateToPB(s model.SyncState) *modelpb.ApplicationSyncState {
	if s == (model.SyncState{}) {
		return nil
	}
	return &modelpb.ApplicationSyncState{
		Status:           modelpb.ApplicationSyncStatus(s.Status),
		ShortReason:      Text(s.ShortReason),
		Reason:           Text(s.Reason),
		HeadDeploymentId: Text(s.HeadDeploymentID),
		Timestamp:        Seconds(s.Timestamp),
	}
}

// SyncStateFromPB is the inverse of SyncStateToPB.
func SyncStateFromPB(p *modelpb.ApplicationSyncState) model.SyncState {
	return model.SyncState{
		Status:           model.SyncStatus(p.GetStatus()),
		ShortReason:      p.GetShortReason(),
		Reason:           p.GetReason(),
		HeadDeploymentID: p.GetHeadDeploymentId(),
		Timestamp:        Time(p.GetTimestamp()),
	}
}

// DeploymentRefToPB converts what an application remembers of a deployment; nil
// stays nil.
func DeploymentRefToPB(r *model.DeploymentRef) *modelpb.ApplicationDeploymentReference {
	if r == nil {
		return nil
	}
	return &modelpb.ApplicationDeploymentReference{
		DeploymentId:   Text(r.DeploymentID),
		Trigger:        TriggerToPB(r.Trigger),
		Summary:        Text(r.Summary),
		Version:        Text(r.Version),
		ConfigFilename: Text(r.ConfigFilename),
		Versions:       each(r.Versions, ArtifactVersionToPB),
		StartedAt:      Seconds(r.StartedAt),
		CompletedAt:    Seconds(r.CompletedAt),
	}
}

// DeploymentRefFromPB is the inverse of DeploymentRefToPB.
func DeploymentRefFromPB(p *modelpb.ApplicationDeploymentReference) *model.DeploymentRef {
	if p == nil {
		return nil
	}
	return &model.DeploymentRef{
		DeploymentID:   p.GetDeploymentId(),
		Trigger:        TriggerFromPB(p.GetTrigger()),
		Summary:        p.GetSummary(),
		Version:        p.GetVersion(),
		Versions:       each(p.GetVersions(), ArtifactVersionFromPB),
		ConfigFilename: p.GetConfigFilename(),
		StartedAt:      Time(p.GetStartedAt()),
		CompletedAt:    Time(p.GetCompletedAt()),
	}
}

// ApplicationInfoToPB converts what an application's file in Git says about it.
func ApplicationInfoToPB(a *model.Application) *modelpb.ApplicationInfo {
	if a == nil {
		return nil
	}
	return &modelpb.ApplicationInfo{
		Id:             Text(a.ID),
		Name:           Text(a.Name),
		Kind:           modelpb.ApplicationKind(a.Kind),
		Labels:         Texts(a.Labels),
		RepoId:         Text(a.GitPath.Repo.ID),
		Path:           Text(a.GitPath.Path),
		ConfigFilename: Text(a.GitPath.ConfigFilename),
		PipedId:        Text(a.PipedID),
		Description:    Text(a.Description),
	}
}

// ApplicationInfoFromPB is the inverse of ApplicationInfoToPB. Only the fields
// the message has are set.
func ApplicationInfoFromPB(p *modelpb.ApplicationInfo) *model.Application {
	if p == nil {
		return nil
	}
	return &model.Application{
		ID:          p.GetId(),
		Name:        p.GetName(),
		PipedID:     p.GetPipedId(),
		Kind:        model.ApplicationKind(p.GetKind()),
		Labels:      Texts(p.GetLabels()),
		Description: p.GetDescription(),
		GitPath: model.GitPath{
			Repo:           model.GitRepository{ID: p.GetRepoId()},
			Path:           p.GetPath(),
			ConfigFilename: p.GetConfigFilename(),
		},
	}
}
