package datastoretest

import (
	"time"

	"pipecd/pkg/model"
)

// The samples have every field set, so that a round trip shows a field that an
// adapter forgot; checkAllSet makes sure.

func sampleProject(now time.Time) *model.Project {
	return &model.Project{
		ID: model.NewID(), Description: "all of it", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: "$2a$10$x"},
		CreatedAt: now, UpdatedAt: now.Add(time.Microsecond),
	}
}

func samplePiped(now time.Time) *model.Piped {
	return &model.Piped{
		ID: model.NewID(), Name: "piped", Description: "an agent", ProjectID: model.NewID(),
		Keys:    []model.PipedKey{{Hash: "sha256$ab", Creator: "hello", CreatedAt: now}, {Hash: "sha256$cd", Creator: "you", CreatedAt: now.Add(-time.Hour)}},
		Version: "v1.2.3", StartedAt: now.Add(time.Second), LastSeenAt: now.Add(2 * time.Second),
		Repositories:      []model.GitRepository{{ID: "repo", Remote: "git@example.com:o/r.git", Branch: "main"}},
		PlatformProviders: []model.Provider{{Name: "ecs", Type: "ECS"}},
		Plugins:           []model.Plugin{{Name: "ecs", DeployTargets: []string{"dev"}}},
		DesiredVersion:    "v1.2.4",
		Config:            "kind: Piped\n",
		Encryption:        model.SecretEncryption{Type: "KEY_PAIR", PublicKey: "pem", ServiceAccount: "sa"},
		Disabled:          true,
		CreatedAt:         now, UpdatedAt: now.Add(3 * time.Second),
	}
}

func sampleGitPath() model.GitPath {
	return model.GitPath{
		Repo: model.GitRepository{ID: "repo", Remote: "git@example.com:o/r.git", Branch: "main"},
		Path: "apps/" + model.NewID(), ConfigFilename: "app.pipecd.yaml", URL: "https://example.com/o/r",
	}
}

func sampleTrigger(now time.Time) model.DeploymentTrigger {
	return model.DeploymentTrigger{
		Commit: model.Commit{
			Hash: "c0ffee", Message: "first\n\nsecond", Author: "someone", Branch: "main", PullRequest: 7, URL: "https://example.com/c", CreatedAt: now,
		},
		Commander: "someone", Timestamp: now.Add(time.Second), SyncStrategy: model.StrategyPipeline, StrategySummary: "because",
		RolledBackTo: "an earlier one", OverriddenCommit: "badcafe",
	}
}

func sampleVersions() []model.ArtifactVersion {
	return []model.ArtifactVersion{{Kind: model.ArtifactContainerImage, Version: "v2", Name: "web", URL: "example.com/web:v2"}, {Version: "v3"}}
}

func sampleRef(now time.Time) *model.DeploymentRef {
	return &model.DeploymentRef{
		DeploymentID: model.NewID(), Trigger: sampleTrigger(now), Summary: "did it", Version: "v2", Versions: sampleVersions(),
		ConfigFilename: "app.pipecd.yaml", StartedAt: now, CompletedAt: now.Add(time.Minute),
	}
}

func sampleApplication(now time.Time) *model.Application {
	return &model.Application{
		ID: model.NewID(), Name: "web", ProjectID: model.NewID(), PipedID: model.NewID(), Kind: model.KindECS, GitPath: sampleGitPath(),
		PlatformProvider: "ecs", DeployTargets: map[string][]string{"ecs": {"dev"}}, Description: "a *service*", Labels: map[string]string{"env": "prod", "team": "a"},
		LastSuccessful: sampleRef(now), LastTriggered: sampleRef(now.Add(time.Hour)),
		SyncState: model.SyncState{
			Status: model.SyncOutOfSync, ShortReason: "1 difference", Reason: "- a\n+ b", HeadDeploymentID: "d", Timestamp: now.Add(time.Second),
		},
		Deploying: true, Disabled: true, Deleted: true, DeletedAt: now.Add(time.Minute),
		CreatedAt: now, UpdatedAt: now.Add(time.Minute),
	}
}

func sampleDeployment(now time.Time) *model.Deployment {
	return &model.Deployment{
		ID: model.NewID(), ApplicationID: model.NewID(), ApplicationName: "web", PipedID: model.NewID(), ProjectID: model.NewID(),
		Kind: model.KindECS, GitPath: sampleGitPath(), PlatformProvider: "ecs", DeployTargets: map[string][]string{"ecs": {"dev"}},
		Labels:  map[string]string{"env": "prod"},
		Trigger: sampleTrigger(now), Summary: "doing it", Versions: sampleVersions(),
		RunningCommitHash: "decaf", RunningConfigFilename: "old.pipecd.yaml",
		Status: model.DeploymentCancelled, StatusReason: "someone said so",
		Stages: []model.Stage{{
			ID: "s1", Name: model.StageECSCanaryRollout, Description: "canary", Index: 3, Predefined: true, Requires: []string{"s0"},
			Visible: true, Rollback: true, Status: model.StageSuccess, StatusReason: "good", Metadata: map[string]string{"k": "v"},
			RetriedCount: 2, AvailableOperation: model.OperationApprove, AuthorizedOperators: []string{"a", "b"},
			CompletedAt: now, CreatedAt: now.Add(time.Second), UpdatedAt: now.Add(2 * time.Second),
		}, {ID: "s2", Name: model.StageWait}},
		Metadata: map[string]string{"a": "b"}, PluginMetadata: map[string]map[string]string{"ecs": {"c": "d"}},
		ChainID: model.NewID(), ChainBlock: 2, TraceCommitHash: "beef", CompletedAt: now.Add(time.Hour),
		CreatedAt: now, UpdatedAt: now.Add(time.Hour),
	}
}

func sampleCommand(now time.Time) *model.Command {
	return &model.Command{
		ID: model.NewID(), PipedID: model.NewID(), ProjectID: model.NewID(), ApplicationID: model.NewID(), DeploymentID: model.NewID(),
		StageID: "s1", Commander: "someone", Type: model.CommandApproveStage, SyncStrategy: model.StrategyQuickSync, ChainID: model.NewID(), ChainBlock: 3, Rollback: model.RollbackNever,
		Status: model.CommandFailed, Metadata: map[string]string{model.CommandMetadataReason: "no"},
		HandledAt: now.Add(time.Second), CreatedAt: now, UpdatedAt: now.Add(time.Second),
	}
}

func sampleEvent(now time.Time) *model.Event {
	return &model.Event{
		ID: model.NewID(), Name: "image-pushed", Data: "v2", ProjectID: model.NewID(), Labels: map[string]string{"app": "web"},
		Status: model.EventFailure, StatusDescription: "no", Contexts: map[string]string{"by": "ci"}, TriggerCommitHash: "c0ffee",
		HandledAt: now.Add(time.Second), CreatedAt: now, UpdatedAt: now.Add(time.Second),
	}
}

func sampleChain(now time.Time) *model.DeploymentChain {
	return &model.DeploymentChain{
		ID: model.NewID(), ProjectID: model.NewID(), Status: model.ChainFailure,
		Blocks: []model.ChainBlock{{
			Nodes: []model.ChainNode{{
				ApplicationID: "a", ApplicationName: "web",
				Deployment: &model.ChainDeployment{ID: "d", Status: model.DeploymentFailure, Reason: "no"},
			}, {ApplicationID: "b"}},
			Status: model.ChainFailure, StartedAt: now, CompletedAt: now.Add(time.Minute),
		}},
		CompletedAt: now.Add(time.Minute), CreatedAt: now, UpdatedAt: now.Add(time.Minute),
	}
}
