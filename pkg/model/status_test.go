package model

import (
	"slices"
	"testing"
)

func TestDeploymentStatusCanBecome(t *testing.T) {
	t.Parallel()

	// Written out, so that a change of the rule shows here.
	want := map[DeploymentStatus][]DeploymentStatus{
		DeploymentPending:     {0, 1, 2, 3, 4, 5, 6},
		DeploymentPlanned:     {1, 2, 3, 4, 5, 6},
		DeploymentRunning:     {2, 3, 4, 5, 6},
		DeploymentRollingBack: {3, 5, 6},
		DeploymentSuccess:     {4},
		DeploymentFailure:     {5},
		DeploymentCancelled:   {6},
	}
	for from, to := range want {
		for next := DeploymentStatus(-1); next <= DeploymentCancelled+1; next++ {
			if got := from.CanBecome(next); got != slices.Contains(to, next) {
				t.Errorf("%s → %s (%d): got %v", from, next, next, got)
			}
		}
	}
}

func TestStageStatusCanBecome(t *testing.T) {
	t.Parallel()

	want := map[StageStatus][]StageStatus{
		StageNotStarted: {0, 1, 2, 3, 4, 5, 6},
		StageRunning:    {1, 2, 3, 4, 5, 6},
		StageSuccess:    {2},
		StageFailure:    {3},
		StageCancelled:  {4},
		StageSkipped:    {5},
		StageExited:     {6},
	}
	for from, to := range want {
		for next := StageStatus(-1); next <= StageExited+1; next++ {
			if got := from.CanBecome(next); got != slices.Contains(to, next) {
				t.Errorf("%s → %s (%d): got %v", from, next, next, got)
			}
		}
	}
}

func TestIsCompleted(t *testing.T) {
	t.Parallel()

	for s := DeploymentStatus(-1); s <= DeploymentCancelled+1; s++ {
		want := s == DeploymentSuccess || s == DeploymentFailure || s == DeploymentCancelled
		if s.IsCompleted() != want {
			t.Errorf("deployment %s: got %v", s, !want)
		}
	}
	for s := StageStatus(-1); s <= StageExited+1; s++ {
		if want := s >= 2 && s <= 6; s.IsCompleted() != want {
			t.Errorf("stage %s: got %v", s, !want)
		}
	}
}

// TestNames pins the texts people read and the numbers of the wire together.
func TestNames(t *testing.T) {
	t.Parallel()

	names := func(from, to int32, name func(int32) string) []string {
		var out []string
		for i := from; i <= to; i++ {
			out = append(out, name(i))
		}
		return out
	}
	for _, tc := range []struct{ got, want []string }{
		{
			names(0, 7, func(i int32) string { return DeploymentStatus(i).String() }),
			[]string{"PENDING", "PLANNED", "RUNNING", "ROLLING_BACK", "SUCCESS", "FAILURE", "CANCELLED", "UNKNOWN"},
		},
		{
			names(0, 7, func(i int32) string { return StageStatus(i).String() }),
			[]string{"NOT_STARTED_YET", "RUNNING", "SUCCESS", "FAILURE", "CANCELLED", "SKIPPED", "EXITED", "UNKNOWN"},
		},
		{
			names(0, 3, func(i int32) string { return SyncStrategy(i).String() }),
			[]string{"AUTO", "QUICK_SYNC", "PIPELINE", "UNKNOWN"},
		},
		{
			names(0, 5, func(i int32) string { return SyncStatus(i).String() }),
			[]string{"UNKNOWN", "SYNCED", "DEPLOYING", "OUT_OF_SYNC", "INVALID_CONFIG", "UNKNOWN"},
		},
		{
			names(0, 4, func(i int32) string { return CommandStatus(i).String() }),
			[]string{"NOT_HANDLED_YET", "SUCCEEDED", "FAILED", "TIMEOUT", "UNKNOWN"},
		},
		{
			names(0, 8, func(i int32) string { return CommandType(i).String() }),
			[]string{"SYNC_APPLICATION", "UNKNOWN", "CANCEL_DEPLOYMENT", "APPROVE_STAGE", "UNKNOWN", "CHAIN_SYNC_APPLICATION", "SKIP_STAGE", "RESTART_PIPED", "UNKNOWN"},
		},
		{
			names(0, 6, func(i int32) string { return ApplicationKind(i).String() }),
			[]string{"KUBERNETES", "TERRAFORM", "UNKNOWN", "LAMBDA", "CLOUDRUN", "ECS", "UNKNOWN"},
		},
	} {
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("got  %q\nwant %q", tc.got, tc.want)
		}
	}
}
