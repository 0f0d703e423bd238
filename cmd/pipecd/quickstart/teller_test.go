package quickstart

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	modelpb "pipecd/pkg/rpc/gen/model"
)

func stageOf(name string, status modelpb.StageStatus, reason string, took int64) *modelpb.PipelineStage {
	s := &modelpb.PipelineStage{Id: name, Name: name, Status: status, StatusReason: reason}
	if took >= 0 {
		s.Metadata = map[string]string{"startTime": "1000"}
		s.CompletedAt = 1000 + took
	}
	return s
}

func TestNews(t *testing.T) {
	t.Parallel()
	tell := newTeller(false)
	d := &modelpb.Deployment{Id: "d1", Summary: "v1 is\nreplaced", CreatedAt: 990}
	look := func(what string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, tell.news(d)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	look("one that waits")

	d.Status = modelpb.DeploymentStatus_DEPLOYMENT_RUNNING
	d.Stages = []*modelpb.PipelineStage{
		stageOf("ROLLOUT", modelpb.StageStatus_STAGE_RUNNING, "", -1),
		stageOf("ANALYSIS", modelpb.StageStatus_STAGE_NOT_STARTED_YET, "", -1),
		stageOf("CLEAN", modelpb.StageStatus_STAGE_NOT_STARTED_YET, "", -1),
	}
	look("its first stage", "• deployment d1: v1 is replaced", "  ROLLOUT              RUNNING")
	look("nothing new")

	d.Stages[0] = stageOf("ROLLOUT", modelpb.StageStatus_STAGE_SUCCESS, "", 3)
	d.Stages[1] = stageOf("ANALYSIS", modelpb.StageStatus_STAGE_SKIPPED, "Skipped by kim", 1)
	look("skipped by a person",
		"  ROLLOUT              SUCCESS    3s",
		"  ANALYSIS             SKIPPED    1s  Skipped by kim")
	d.Stages[1] = stageOf("ANALYSIS", modelpb.StageStatus_STAGE_FAILURE, "58 > 10", 12)
	d.Stages[2] = stageOf("CLEAN", modelpb.StageStatus_STAGE_CANCELLED, "", -1) // it never began
	d.Status, d.StatusReason, d.CompletedAt = modelpb.DeploymentStatus_DEPLOYMENT_FAILURE, "ANALYSIS failed: 58 > 10; rolled back", 1010
	look("its end",
		"  ANALYSIS             FAILURE   12s  58 > 10",
		"• FAILURE after 20s: ANALYSIS failed as said above; rolled back")
	look("after its end")
}

// The deployment that was asked for is followed, not one that came behind it.
func TestNext(t *testing.T) {
	t.Parallel()
	list := func(ids ...string) (out []*modelpb.Deployment) {
		for _, id := range ids {
			out = append(out, &modelpb.Deployment{Id: id})
		}
		return out
	}
	for _, tt := range []struct {
		list  []*modelpb.Deployment
		after string
		want  string
	}{
		{nil, "", ""},
		{list("a"), "", "a"},
		{list("b", "a"), "", "a"},
		{list("a"), "a", ""},
		{list("b", "a"), "a", "b"},
		{list("d", "c", "b", "a"), "a", "b"},
	} {
		if got := next(tt.list, tt.after).GetId(); got != tt.want {
			t.Errorf("after %q: got %q, want %q", tt.after, got, tt.want)
		}
	}
}
