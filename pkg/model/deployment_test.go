package model

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	early = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	late  = early.Add(time.Hour)
)

func newDeployment(status DeploymentStatus) *Deployment {
	return &Deployment{
		ID: "d1", ApplicationID: "a1", ApplicationName: "shop", PipedID: "p1", ProjectID: "x", Status: status,
		Trigger: DeploymentTrigger{Commit: Commit{Hash: "c1"}}, CreatedAt: early, UpdatedAt: early,
		Stages: []Stage{
			{ID: "s1", Name: StageWait, Status: StageRunning, Visible: true, Metadata: map[string]string{"a": "1"}},
			{ID: "s2", Name: StageAnalysis, Requires: []string{"s1"}},
			{ID: StageIDRollback, Name: StageRollback, Rollback: true},
		},
	}
}

func TestReportPlanned(t *testing.T) {
	t.Parallel()

	plan := Plan{
		Summary: "sum", StatusReason: "why", RunningCommitHash: "c0", RunningConfigFilename: "f", Strategy: StrategyPipeline,
		Versions: []ArtifactVersion{{Version: "v1"}}, Stages: []Stage{{ID: "n1"}},
	}
	for s := DeploymentPending; s <= DeploymentCancelled; s++ {
		d := newDeployment(s)
		before := d.Clone()
		err := d.ReportPlanned(plan, late)
		if s > DeploymentPlanned {
			if CodeOf(err) != CodeFailedPrecondition {
				t.Errorf("%s: got %v", s, err)
			}
			if diff := cmp.Diff(before, d); diff != "" {
				t.Errorf("%s: a refused plan changed the deployment: %s", s, diff)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if d.Status != DeploymentPlanned || d.Summary != "sum" || d.StatusReason != "why" || d.RunningCommitHash != "c0" || d.RunningConfigFilename != "f" ||
			d.Version() != "v1" || d.Trigger.SyncStrategy != StrategyPipeline || d.Stage("n1") == nil || d.Stage("s1") != nil || !d.UpdatedAt.Equal(late) {
			t.Errorf("%s: got %+v", s, d)
		}
	}

	d := newDeployment(DeploymentPending)
	d.Trigger.SyncStrategy = StrategyQuickSync
	plan.Strategy = StrategyAuto
	if err := d.ReportPlanned(plan, late); err != nil || d.Trigger.SyncStrategy != StrategyQuickSync {
		t.Errorf("a plan without a strategy erased the trigger's: %v, %v", d.Trigger.SyncStrategy, err)
	}
}

func TestReportStatus(t *testing.T) {
	t.Parallel()

	for from := DeploymentPending; from <= DeploymentCancelled; from++ {
		for next := DeploymentStatus(-1); next <= DeploymentCancelled+1; next++ {
			d := newDeployment(from)
			err := d.ReportStatus(next, "because", late)
			switch {
			case next != DeploymentRunning && next != DeploymentRollingBack:
				if CodeOf(err) != CodeInvalid || d.Status != from {
					t.Errorf("%s → %s: got %s, %v", from, next, d.Status, err)
				}
			case !from.CanBecome(next):
				if CodeOf(err) != CodeFailedPrecondition || d.Status != from {
					t.Errorf("%s → %s: got %s, %v", from, next, d.Status, err)
				}
			case err != nil || d.Status != next || d.StatusReason != "because":
				t.Errorf("%s → %s: got %s, %v", from, next, d.Status, err)
			}
		}
	}
	d := newDeployment(DeploymentRunning)
	d.StatusReason = "kept"
	if err := d.ReportStatus(DeploymentRunning, "", late); err != nil || d.StatusReason != "kept" {
		t.Errorf("an empty reason erased the one before: %q, %v", d.StatusReason, err)
	}
}

func TestReportCompleted(t *testing.T) {
	t.Parallel()

	d := newDeployment(DeploymentRunning)
	d.Stages[1].Status = StageSuccess
	end := Completion{
		Status: DeploymentFailure, Reason: "broken", CompletedAt: early.Add(time.Minute),
		StageStatuses: map[string]StageStatus{"s1": StageFailure, "s2": StageCancelled, StageIDRollback: StageNotStarted, "unknown": StageSuccess},
	}
	if err := d.ReportCompleted(end, late); err != nil {
		t.Fatal(err)
	}
	if d.Status != DeploymentFailure || d.StatusReason != "broken" || !d.CompletedAt.Equal(end.CompletedAt) {
		t.Errorf("got %+v", d)
	}
	if s := d.Stage("s1"); s.Status != StageFailure || !s.CompletedAt.Equal(end.CompletedAt) {
		t.Errorf("s1: got %+v", s)
	}
	if s := d.Stage("s2"); s.Status != StageSuccess {
		t.Errorf("a completed stage was changed to %s", s.Status)
	}
	if s := d.Stage(StageIDRollback); s.Status != StageNotStarted || !s.CompletedAt.IsZero() {
		t.Errorf("rollback: got %+v", s)
	}

	before := d.Clone()
	if err := d.ReportCompleted(Completion{Status: DeploymentFailure, Reason: "again", CompletedAt: late}, late.Add(time.Hour)); err != nil {
		t.Errorf("the same end again: %v", err)
	}
	if err := d.ReportCompleted(Completion{Status: DeploymentSuccess}, late); CodeOf(err) != CodeFailedPrecondition {
		t.Errorf("another end: %v", err)
	}
	for _, s := range []DeploymentStatus{DeploymentPending, DeploymentPlanned, DeploymentRunning, DeploymentRollingBack, -1, 7} {
		if err := d.ReportCompleted(Completion{Status: s}, late); CodeOf(err) != CodeInvalid {
			t.Errorf("%s does not complete: %v", s, err)
		}
	}
	if diff := cmp.Diff(before, d); diff != "" {
		t.Errorf("a completed deployment changed: %s", diff)
	}

	back := newDeployment(DeploymentRollingBack)
	if err := back.ReportCompleted(Completion{Status: DeploymentSuccess}, late); CodeOf(err) != CodeFailedPrecondition {
		t.Errorf("a deployment that rolls back succeeded: %v", err)
	}
}

func TestReportStage(t *testing.T) {
	t.Parallel()

	d := newDeployment(DeploymentRunning)
	if err := d.ReportStage(StageReport{StageID: "none", Status: StageRunning}, late); CodeOf(err) != CodeInvalid {
		t.Errorf("unknown stage: %v", err)
	}
	if err := d.ReportStage(StageReport{StageID: StageIDRollback, Status: StageRunning, Requires: []string{"s1"}, Visible: true, RetriedCount: 2, Reason: "r"}, late); err != nil {
		t.Fatal(err)
	}
	s := d.Stage(StageIDRollback)
	if !s.Visible || s.RetriedCount != 2 || s.StatusReason != "r" || !cmp.Equal(s.Requires, []string{"s1"}) || !s.CompletedAt.IsZero() {
		t.Errorf("got %+v", s)
	}
	done := StageReport{StageID: StageIDRollback, Status: StageSuccess, CompletedAt: late}
	for range 2 {
		if err := d.ReportStage(done, late); err != nil {
			t.Fatal(err)
		}
		done.CompletedAt = late.Add(time.Hour) // the repeat does not move the time
	}
	if !s.Visible || !cmp.Equal(s.Requires, []string{"s1"}) || s.StatusReason != "r" || !s.CompletedAt.Equal(late) {
		t.Errorf("what was not reported did not stay: %+v", s)
	}
	if err := d.ReportStage(StageReport{StageID: StageIDRollback, Status: StageRunning}, late); CodeOf(err) != CodeFailedPrecondition {
		t.Errorf("a step backwards: %v", err)
	}

	for _, status := range []DeploymentStatus{DeploymentSuccess, DeploymentFailure, DeploymentCancelled} {
		d := newDeployment(status)
		if err := d.ReportStage(StageReport{StageID: "s1", Status: StageSuccess}, late); CodeOf(err) != CodeFailedPrecondition {
			t.Errorf("%s accepted a stage: %v", status, err)
		}
		if err := d.ReportStage(StageReport{StageID: "s1", Status: StageRunning}, late); err != nil {
			t.Errorf("%s refused a repeat: %v", status, err)
		}
	}
}

func TestMergeMetadata(t *testing.T) {
	t.Parallel()

	d := newDeployment(DeploymentRunning)
	shared := d.Stages[0].Metadata
	if err := d.MergeStageMetadata("s1", map[string]string{"b": "2"}, late); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "2"}, d.Stages[0].Metadata); diff != "" {
		t.Error(diff)
	}
	if len(shared) != 1 {
		t.Error("the map that others may hold was changed")
	}
	if err := d.MergeStageMetadata("none", nil, late); CodeOf(err) != CodeInvalid {
		t.Errorf("unknown stage: %v", err)
	}
	if err := d.MergeMetadata(map[string]string{"k": "v"}, late); err != nil || !maps.Equal(d.Metadata, map[string]string{"k": "v"}) {
		t.Errorf("got %v, %v", d.Metadata, err)
	}
	if err := d.MergeMetadata(map[string]string{"k2": strings.Repeat("x", MaxMetadataSize-2-2)}, late); err != nil {
		t.Errorf("exactly the limit: %v", err)
	}
	if err := d.MergeMetadata(map[string]string{"k3": "x"}, late); CodeOf(err) != CodeExhausted || len(d.Metadata) != 2 {
		t.Errorf("above the limit: %d keys, %v", len(d.Metadata), err)
	}
	if err := newDeployment(DeploymentSuccess).MergeStageMetadata("s1", nil, late); CodeOf(err) != CodeFailedPrecondition {
		t.Errorf("completed: %v", err)
	}
}

func TestDeploymentClone(t *testing.T) {
	t.Parallel()

	d := newDeployment(DeploymentRunning)
	d.Labels, d.Metadata = map[string]string{"l": "1"}, map[string]string{"m": "1"}
	d.Versions = []ArtifactVersion{{Version: "v1"}}
	d.Stages[0].AuthorizedOperators = []string{"ann"}
	before, clone := d.Clone(), d.Clone()
	clone.Labels["l"], clone.Metadata["m"], clone.Versions[0].Version = "2", "2", "v2"
	clone.Stages[0].Metadata["a"], clone.Stages[1].Requires[0], clone.Stages[0].AuthorizedOperators[0] = "2", "x", "bob"
	if diff := cmp.Diff(before, d); diff != "" {
		t.Errorf("the clone shares memory: %s", diff)
	}
}

func TestDeploymentRef(t *testing.T) {
	t.Parallel()

	d := newDeployment(DeploymentSuccess)
	if got := d.Ref(); got.Version != "unknown" || got.DeploymentID != "d1" || got.Trigger.Commit.Hash != "c1" || !got.StartedAt.Equal(early) {
		t.Errorf("got %+v", got)
	}
	d.Versions = []ArtifactVersion{{Version: ""}}
	if got := d.Version(); got != "unknown" {
		t.Errorf("an empty version is %q", got)
	}
}

func TestDeploymentValidate(t *testing.T) {
	t.Parallel()

	if err := newDeployment(DeploymentPending).Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Deployment){
		"id":               func(d *Deployment) { d.ID = "" },
		"application":      func(d *Deployment) { d.ApplicationID = "" },
		"application name": func(d *Deployment) { d.ApplicationName = "" },
		"piped":            func(d *Deployment) { d.PipedID = "" },
		"project":          func(d *Deployment) { d.ProjectID = "" },
		"commit":           func(d *Deployment) { d.Trigger.Commit.Hash = "" },
		"PENDING":          func(d *Deployment) { d.Status = DeploymentRunning },
	} {
		d := newDeployment(DeploymentPending)
		spoil(d)
		if err := d.Validate(); CodeOf(err) != CodeInvalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestReportHandled(t *testing.T) {
	t.Parallel()

	for from := CommandNotHandled; from <= CommandTimeout; from++ {
		for answer := CommandStatus(-1); answer <= CommandTimeout+1; answer++ {
			c := &Command{ID: "c1", Status: from, Metadata: map[string]string{"old": "1"}}
			err := c.ReportHandled(Handled{Status: answer, Metadata: map[string]string{"new": "1"}, At: early}, late)
			var want Code
			switch {
			case answer <= CommandNotHandled || answer > CommandTimeout:
				want = CodeInvalid
			case from != CommandNotHandled && from != answer:
				want = CodeFailedPrecondition
			}
			if CodeOf(err) != want {
				t.Errorf("%s → %s: got %v, want %q", from, answer, err, want)
			}
			recorded := c.Metadata["new"] == "1"
			if first := want == "" && from == CommandNotHandled; recorded != first || c.HandledAt.IsZero() == first {
				t.Errorf("%s → %s: recorded %v", from, answer, recorded)
			}
		}
	}
}

func TestCommandClone(t *testing.T) {
	t.Parallel()

	c := &Command{Metadata: map[string]string{"k": "1"}}
	c.Clone().Metadata["k"] = "2"
	if c.Metadata["k"] != "1" {
		t.Error("the clone shares memory")
	}
}
