package planner

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func image(version string) []model.ArtifactVersion {
	return []model.ArtifactVersion{{Kind: model.ArtifactContainerImage, Name: "web", Version: version}}
}

func pipelineOf(stages ...config.Stage) *config.Pipeline { return &config.Pipeline{Stages: stages} }

// strategyCase is what a strategy is chosen by and what is expected.
type strategyCase struct {
	name     string
	trigger  model.DeploymentTrigger
	pipeline *config.Pipeline
	always   bool
	previous *model.DeploymentRef
	target   []model.ArtifactVersion
	running  []model.ArtifactVersion
	want     model.SyncStrategy
	summary  []string
}

// TestStrategy has one or more rows for each rule, and for each pair of rules
// that both fit one that says which wins.
func TestStrategy(t *testing.T) {
	t.Parallel()

	some := pipelineOf(config.Stage{ID: "stage-0", Name: model.StageWait})
	previous := &model.DeploymentRef{}
	for _, tc := range []strategyCase{
		{
			name: "1 quick sync asked for", trigger: model.DeploymentTrigger{SyncStrategy: model.StrategyQuickSync, StrategySummary: "as ann said"},
			pipeline: some, always: true, previous: previous, target: image("v2"), running: image("v1"), want: model.StrategyQuickSync, summary: []string{"as ann said"},
		},
		{
			name: "1 quick sync without words", trigger: model.DeploymentTrigger{SyncStrategy: model.StrategyQuickSync, Commander: "ann"},
			want: model.StrategyQuickSync, summary: []string{"Quick sync", "ann"},
		},
		{
			name: "2 pipeline asked for", trigger: model.DeploymentTrigger{SyncStrategy: model.StrategyPipeline, StrategySummary: "as ann said"},
			pipeline: some, target: image("v2"), want: model.StrategyPipeline, summary: []string{"as ann said"},
		},
		{
			name: "2 pipeline without words", trigger: model.DeploymentTrigger{SyncStrategy: model.StrategyPipeline, Commander: "ann"},
			pipeline: some, want: model.StrategyPipeline, summary: []string{"pipeline", "ann"},
		},
		{name: "3 no pipeline", previous: previous, target: image("v2"), running: image("v1"), want: model.StrategyQuickSync, summary: []string{"v2", "no pipeline"}},
		{
			name: "3 no stages, before always", pipeline: pipelineOf(), always: true, previous: previous, target: image("v2"),
			want: model.StrategyQuickSync, summary: []string{"v2", "no pipeline"},
		},
		{name: "4 always, before the first", pipeline: some, always: true, target: image("v2"), want: model.StrategyPipeline, summary: []string{"alwaysUsePipeline"}},
		{name: "5 first deployment", pipeline: some, target: image("v2"), want: model.StrategyQuickSync, summary: []string{"v2", "first deployment"}},
		{
			name: "6 another version", pipeline: some, previous: previous, target: image("v2"), running: image("v1"),
			want: model.StrategyPipeline, summary: []string{"v1", "v2"},
		},
		{
			name: "6 same version", pipeline: some, previous: previous, target: image("v2"), running: image("v2"),
			want: model.StrategyPipeline, summary: []string{"stays v2"},
		},
		{name: "7 running unknown", pipeline: some, previous: previous, target: image("v2"), want: model.StrategyPipeline, summary: []string{"pipeline"}},
		{name: "7 target unknown", pipeline: some, previous: previous, running: image("v1"), want: model.StrategyPipeline, summary: []string{"pipeline"}},
		{name: "7 no tag", pipeline: some, previous: previous, target: image("v2"), running: image(""), want: model.StrategyPipeline, summary: []string{"pipeline"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.check(t)
		})
	}
}

// check makes the plan.
func (tc *strategyCase) check(t *testing.T) {
	t.Helper()
	plan, err := Plan(Input{
		Deployment: &model.Deployment{Trigger: tc.trigger},
		Config:     &config.ECSApp{Pipeline: tc.pipeline, Planner: config.Planner{AlwaysUsePipeline: tc.always}},
		Versions:   tc.target, Previous: tc.previous, RunningVersions: tc.running, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Strategy != tc.want {
		t.Errorf("got %s, want %s", plan.Strategy, tc.want)
	}
	for _, word := range tc.summary {
		if !strings.Contains(plan.Summary, word) {
			t.Errorf("the summary %q does not say %q", plan.Summary, word)
		}
	}
	wantStage := model.StageIDECSSync
	if tc.want == model.StrategyPipeline {
		wantStage = "stage-0"
	}
	// A rollback is planned also where autoRollback is off: a person may ask for it.
	if len(plan.Stages) != 2 || plan.Stages[0].ID != wantStage || plan.Stages[1].ID != model.StageIDRollback || plan.Stages[1].Visible {
		t.Errorf("got stages %+v, want %s and a rollback that is not shown", plan.Stages, wantStage)
	}
}

func TestPipelineAskedForButNone(t *testing.T) {
	t.Parallel()

	for _, p := range []*config.Pipeline{nil, pipelineOf()} {
		_, err := Plan(Input{
			Deployment: &model.Deployment{Trigger: model.DeploymentTrigger{SyncStrategy: model.StrategyPipeline}},
			Config:     &config.ECSApp{Pipeline: p}, Now: now,
		})
		if model.CodeOf(err) != model.CodeFailedPrecondition || !strings.Contains(err.Error(), "spec.pipeline") {
			t.Errorf("got %v", err)
		}
	}
}

func TestStages(t *testing.T) {
	t.Parallel()

	cfg := &config.ECSApp{
		Planner: config.Planner{AlwaysUsePipeline: true},
		Input:   config.ECSInput{AutoRollback: true},
		Pipeline: pipelineOf(
			config.Stage{ID: "up", Name: model.StageECSCanaryRollout, Desc: "a canary"},
			config.Stage{ID: "move", Name: model.StageECSTrafficRouting, With: &config.TrafficRouting{Canary: new(config.Percent(20))}},
			config.Stage{ID: "look", Name: model.StageAnalysis},
			config.Stage{ID: "ask", Name: model.StageWaitApproval, With: &config.WaitApprovalOptions{Approvers: []string{"ann"}}},
		),
	}
	plan, err := Plan(Input{Deployment: &model.Deployment{}, Config: cfg, Versions: image("v1"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	at := func(share string, s model.Stage) model.Stage {
		s.CreatedAt, s.UpdatedAt = now, now
		s.Metadata = map[string]string{model.MetadataPlannedCanaryPercentage: share}
		return s
	}
	want := []model.Stage{
		at("0", model.Stage{ID: "up", Name: model.StageECSCanaryRollout, Description: "a canary", Visible: true, AvailableOperation: model.OperationNone}),
		at("20", model.Stage{ID: "move", Name: model.StageECSTrafficRouting, Index: 1, Requires: []string{"up"}, Visible: true, AvailableOperation: model.OperationNone}),
		at("20", model.Stage{ID: "look", Name: model.StageAnalysis, Index: 2, Requires: []string{"move"}, Visible: true, AvailableOperation: model.OperationSkip}),
		at("20", model.Stage{
			ID: "ask", Name: model.StageWaitApproval, Index: 3, Requires: []string{"look"}, Visible: true,
			AvailableOperation: model.OperationApprove, AuthorizedOperators: []string{"ann"},
		}),
		at("0", model.Stage{
			ID: model.StageIDRollback, Name: model.StageRollback, Description: plan.Stages[len(plan.Stages)-1].Description,
			Predefined: true, Rollback: true, AvailableOperation: model.OperationNone,
		}),
	}
	if diff := cmp.Diff(want, plan.Stages); diff != "" {
		t.Error(diff)
	}

	cfg.Pipeline = nil
	plan, err = Plan(Input{Deployment: &model.Deployment{}, Config: cfg, Versions: image("v1"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Stages) != 2 || plan.Stages[1].ID != model.StageIDRollback {
		t.Fatalf("got %+v", plan.Stages)
	}
	if s := plan.Stages[0]; s.Name != model.StageECSSync || !s.Predefined || !s.Visible || s.Rollback || s.Description == "" {
		t.Errorf("got %+v", s)
	}
}

func TestVersionsAndRunning(t *testing.T) {
	t.Parallel()

	unknown := []model.ArtifactVersion{{Kind: model.ArtifactUnknown, Version: "unknown"}}
	for _, tc := range []struct {
		versions []model.ArtifactVersion
		err      error
		want     []model.ArtifactVersion
	}{
		{image("v1"), nil, image("v1")},
		{nil, nil, unknown},
		{image("v1"), errors.New("unreadable"), unknown},
	} {
		plan, err := Plan(Input{
			Deployment: &model.Deployment{}, Config: &config.ECSApp{}, Versions: tc.versions, VersionsErr: tc.err, Now: now,
			Previous: &model.DeploymentRef{ConfigFilename: "old.yaml", Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: "c0"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, plan.Versions); diff != "" {
			t.Error(diff)
		}
		if plan.RunningCommitHash != "c0" || plan.RunningConfigFilename != "old.yaml" {
			t.Errorf("got %+v", plan)
		}
	}
}
