package model

import (
	"testing"
)

func TestCanaryShare(t *testing.T) {
	t.Parallel()
	stage := func(name StageName, status StageStatus, metadata ...string) Stage {
		s := Stage{Name: name, Status: status, Rollback: name == StageRollback, Metadata: map[string]string{}}
		for i := 0; i < len(metadata); i += 2 {
			s.Metadata[metadata[i]] = metadata[i+1]
		}
		return s
	}
	const share, observed = MetadataCanaryPercentage, MetadataObservedCanaryPercentage
	routed := stage(StageECSTrafficRouting, StageSuccess, share, "10")
	for _, test := range []struct {
		name   string
		stages []Stage
		want   int32
		known  bool
	}{
		{"no stage", nil, 0, false},
		{"planned only", []Stage{stage(StageECSTrafficRouting, StageNotStarted, share, "10")}, 0, false},
		{"still routing", []Stage{stage(StageECSTrafficRouting, StageRunning, share, "10")}, 0, false},
		{"routed", []Stage{routed}, 10, true},
		{"routed, then analysed", []Stage{routed, stage(StageAnalysis, StageFailure)}, 10, true},
		{"observed otherwise", []Stage{stage(StageECSTrafficRouting, StageSuccess, share, "10", observed, "7")}, 7, true},
		{"observed by a stage that failed", []Stage{routed, stage(StageECSTrafficRouting, StageFailure, share, "50", observed, "12")}, 12, true},
		{"nonsense", []Stage{stage(StageECSTrafficRouting, StageSuccess, share, "lots")}, 0, false},
		{"beyond", []Stage{stage(StageECSTrafficRouting, StageSuccess, share, "101")}, 0, false},
		{"quick", []Stage{stage(StageECSSync, StageSuccess)}, 100, true},
		{"became the primary", []Stage{routed, stage(StageECSPrimaryRollout, StageSuccess)}, 100, true},
		{"became the primary, then routed", []Stage{routed, stage(StageECSPrimaryRollout, StageSuccess), stage(StageECSTrafficRouting, StageSuccess, share, "0")}, 100, true},
		{"rolled back", []Stage{stage(StageRollback, StageSuccess), routed}, 0, true},
		{"rolls back", []Stage{routed, stage(StageRollback, StageRunning)}, 10, true},
	} {
		d := Deployment{Stages: test.stages}
		for i := range d.Stages {
			d.Stages[i].Index = int32(i)
		}
		if got, known := d.CanaryShare(); got != test.want || known != test.known {
			t.Errorf("%s: got %d, %t, want %d, %t", test.name, got, known, test.want, test.known)
		}
	}
}

func TestPromoted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stage Stage
		want  bool
	}{
		"a canary":           {Stage{Name: StageECSCanaryRollout, Status: StageSuccess}, false},
		"becoming it":        {Stage{Name: StageECSPrimaryRollout, Status: StageRunning}, false},
		"did not become it":  {Stage{Name: StageECSPrimaryRollout, Status: StageFailure}, false},
		"became it":          {Stage{Name: StageECSPrimaryRollout, Status: StageSuccess}, true},
		"became it at once":  {Stage{Name: StageECSSync, Status: StageSuccess}, true},
		"is to become it":    {Stage{Name: StageECSSync}, false},
		"the version before": {Stage{Name: StageRollback, Status: StageSuccess}, false},
	} {
		d := Deployment{Stages: []Stage{{Name: StageWait, Status: StageSuccess}, test.stage}}
		if got := d.Promoted(); got != test.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

func TestPlanShares(t *testing.T) {
	t.Parallel()
	stages := []Stage{
		{Name: StageECSCanaryRollout},
		{Name: StageECSTrafficRouting},
		{Name: StageAnalysis},
		{Name: StageECSPrimaryRollout},
		{Name: StageECSTrafficRouting},
		{Name: StageECSCanaryClean},
		{Name: StageRollback, Rollback: true},
	}
	PlanShares(stages, func(i int) int32 { return map[int]int32{1: 20, 4: 0}[i] })
	for i, want := range []string{"0", "20", "20", "100", "100", "100", "0"} {
		if got := stages[i].Metadata[MetadataPlannedCanaryPercentage]; got != want {
			t.Errorf("stage %d, %s: got %q, want %q", i, stages[i].Name, got, want)
		}
	}
}
