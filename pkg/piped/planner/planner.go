package planner

import (
	"fmt"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// Input is what a plan is made from.
type Input struct {
	Deployment      *model.Deployment
	Config          *config.ECSApp
	Versions        []model.ArtifactVersion // of the target commit
	VersionsErr     error                   // why they could not be read
	Previous        *model.DeploymentRef    // last successful deployment, nil for the first
	RunningVersions []model.ArtifactVersion // of the previous deployment
	Now             time.Time
}

// Plan decides strategy and stages. CodeFailedPrecondition when a person asked
// for a pipeline that the file does not have.
func Plan(in Input) (model.Plan, error) {
	strategy, summary, err := decide(in)
	if err != nil {
		return model.Plan{}, err
	}
	plan := model.Plan{
		Summary:  summary,
		Strategy: strategy,
		Versions: in.Versions,
	}
	if in.VersionsErr != nil || len(in.Versions) == 0 {
		plan.Versions = []model.ArtifactVersion{{Kind: model.ArtifactUnknown, Version: unknownVersion}}
	}
	if in.Previous != nil {
		plan.RunningCommitHash = in.Previous.Trigger.Commit.Hash
		plan.RunningConfigFilename = in.Previous.ConfigFilename
	}
	if strategy == model.StrategyPipeline {
		plan.Stages = pipelineStages(in.Config.Pipeline, in.Now)
	} else {
		plan.Stages = quickSyncStages(in.Now)
	}
	plan.Stages = append(plan.Stages, rollbackStage(in.Now)) // also without autoRollback: a person may ask for it
	model.PlanShares(plan.Stages, func(i int) int32 { return canaryWeight(in.Config.Pipeline.Stages[i]) })
	return plan, nil
}

const unknownVersion = "unknown"

// decide chooses the strategy; the first rule that fits wins.
func decide(in Input) (model.SyncStrategy, string, error) {
	version := versionOf(in.Versions)
	hasPipeline := in.Config.Pipeline != nil && len(in.Config.Pipeline.Stages) > 0
	trigger := in.Deployment.Trigger
	switch {
	case trigger.SyncStrategy == model.StrategyQuickSync:
		return model.StrategyQuickSync, orElse(trigger.StrategySummary, "Quick sync, as asked for by "+trigger.Commander), nil
	case trigger.SyncStrategy == model.StrategyPipeline && !hasPipeline:
		return 0, "", model.Errorf(model.CodeFailedPrecondition, "a sync by the pipeline was asked for, but the application file has no pipeline: add spec.pipeline or choose quick sync")
	case trigger.SyncStrategy == model.StrategyPipeline:
		return model.StrategyPipeline, orElse(trigger.StrategySummary, "Sync by the pipeline, as asked for by "+trigger.Commander), nil
	case !hasPipeline:
		return model.StrategyQuickSync, fmt.Sprintf("Quick sync of version %s, because no pipeline is configured", version), nil
	case in.Config.Planner.AlwaysUsePipeline:
		return model.StrategyPipeline, fmt.Sprintf("Version %s by the pipeline, because alwaysUsePipeline is set", version), nil
	case in.Previous == nil:
		return model.StrategyQuickSync, fmt.Sprintf("Quick sync of version %s, because it is the first deployment", version), nil
	}
	running := versionOf(in.RunningVersions)
	switch {
	case running == unknownVersion || version == unknownVersion:
		return model.StrategyPipeline, "The configured pipeline brings the commit out", nil
	case running == version:
		return model.StrategyPipeline, "The configured pipeline brings the commit out; the version stays " + version, nil
	default:
		return model.StrategyPipeline, fmt.Sprintf("The configured pipeline replaces version %s by %s", running, version), nil
	}
}

func versionOf(versions []model.ArtifactVersion) string {
	if len(versions) == 0 || versions[0].Version == "" {
		return unknownVersion
	}
	return versions[0].Version
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func pipelineStages(p *config.Pipeline, now time.Time) []model.Stage {
	stages := make([]model.Stage, 0, len(p.Stages)+1)
	for i, s := range p.Stages {
		st := model.Stage{
			ID: s.ID, Name: s.Name, Description: s.Desc, Index: int32(i), // a file has few stages
			Visible: true, CreatedAt: now, UpdatedAt: now,
			AvailableOperation: operationOf(s.Name), Metadata: shownOptions(s),
		}
		if i > 0 {
			st.Requires = []string{p.Stages[i-1].ID}
		}
		if a, ok := s.With.(*config.WaitApprovalOptions); ok {
			st.AuthorizedOperators = a.Approvers
		}
		stages = append(stages, st)
	}
	return stages
}

// canaryWeight is what a routing stage gives the canary, in percent.
func canaryWeight(s config.Stage) int32 {
	routing, ok := s.With.(*config.TrafficRouting)
	if !ok {
		return 0
	}
	_, canary := routing.Weights()
	return int32(canary) //nolint:gosec // a percentage
}

func operationOf(name model.StageName) model.ManualOperation {
	switch name {
	case model.StageAnalysis:
		return model.OperationSkip
	case model.StageWaitApproval:
		return model.OperationApprove
	default:
		return model.OperationNone
	}
}

func quickSyncStages(now time.Time) []model.Stage {
	return []model.Stage{{
		ID: model.StageIDECSSync, Name: model.StageECSSync, Description: "Replace the running version in one go",
		Predefined: true, Visible: true, AvailableOperation: model.OperationNone, CreatedAt: now, UpdatedAt: now,
	}}
}

func rollbackStage(now time.Time) model.Stage {
	return model.Stage{
		ID: model.StageIDRollback, Name: model.StageRollback, Description: "Bring back what ran before",
		Predefined: true, Rollback: true, AvailableOperation: model.OperationNone, CreatedAt: now, UpdatedAt: now,
	}
}
