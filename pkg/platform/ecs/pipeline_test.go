package ecs_test

import (
	"fmt"
	"testing"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

func TestFirstDeploymentCreatesTheServiceAndTheNextReplacesIt(t *testing.T) {
	w := newWorld(t, nil)
	w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	first := w.state()
	if first.sets != 1 || first.primaryID == "" || first.primary != 100 || first.canary != 0 {
		t.Fatalf("after the first deployment: %+v", first)
	}
	before := w.routingErrors() // until the first tasks were healthy nothing could answer
	w.deployment("d2", shop("v2", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	second := w.state()
	if second.sets != 1 || second.primaryID == first.primaryID || second.revision == first.revision {
		t.Errorf("after the second deployment: %+v, before: %+v", second, first)
	}
	if dropped := w.routingErrors() - before; dropped != 0 {
		t.Errorf("%d requests were dropped by our moves", dropped)
	}
}

func TestCanaryPipelineBringsTheNewVersionOut(t *testing.T) {
	w := newWorld(t, nil)
	w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	first, before := w.state(), w.routingErrors()
	d := w.deployment("d2", shop("v2", ""), canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}})...)
	d.mustRun(verdictStage{}, model.DeploymentSuccess)
	after := w.state()
	if after.sets != 1 || after.primaryID == first.primaryID || after.primary != 100 || after.canary != 0 {
		t.Errorf("after the pipeline: %+v\n%s", after, d.log())
	}
	if dropped := w.routingErrors() - before; dropped != 0 {
		t.Errorf("%d requests were dropped by our moves: %v\n%s", dropped, w.cloud.ELB.Snapshot().Records, d.log())
	}
}

func TestFailedAnalysisRestoresTheUntouchedPrimary(t *testing.T) {
	w := newWorld(t, nil)
	w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	first, before := w.state(), w.routingErrors()
	d := w.deployment("d2", shop("v2", ""), canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}})...)
	d.mustRun(verdictStage{fail: true}, model.DeploymentFailure)
	if after := w.state(); after != first {
		t.Errorf("after the rollback: %+v, before: %+v\n%s", after, first, d.log())
	}
	if dropped := w.routingErrors() - before; dropped != 0 {
		t.Errorf("%d requests were dropped by our moves\n%s", dropped, d.log())
	}
}

func TestFailureAfterPromotionRebuildsTheOldVersion(t *testing.T) {
	w := newWorld(t, nil)
	w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	first, before := w.state(), w.routingErrors()
	stages := append(canaryPipeline(), stageSpec{model.StageAnalysis, &config.AnalysisOptions{}})
	d := w.deployment("d2", shop("v2", ""), stages...)
	d.mustRun(verdictStage{fail: true}, model.DeploymentFailure)
	after := w.state()
	if after.sets != 1 || after.revision != first.revision || after.primary != 100 || after.canary != 0 {
		t.Errorf("after the rollback: %+v, before: %+v\n%s", after, first, d.log())
	}
	if dropped := w.routingErrors() - before; dropped != 0 {
		t.Errorf("%d requests were dropped by our moves\n%s", dropped, d.log())
	}
}

func TestFirstDeploymentThatFailsRemovesWhatItMade(t *testing.T) {
	w := newWorld(t, nil)
	d := w.deployment("d1", shop("missing", ""), quickSync()...)
	d.mustRun(nil, model.DeploymentFailure)
	if svc := w.observe(); svc.Exists {
		t.Errorf("the service is still there: %+v\n%s", svc, d.log())
	}
}

// TestKilledAnywhereEndsRightly kills the process at every write of the
// record, one after the other, and lets a new process go on. late is the worst
// moment to die: with all lost that need not be stored before the next effect.
func TestKilledAnywhereEndsRightly(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("fail=false late=%t", late), func(t *testing.T) {
			killAnywhere(t, newWorld(t, nil), canaryPipeline(verdict()), false, late, "- 20 - 100 100 - -")
		})
		t.Run(fmt.Sprintf("fail=true late=%t", late), func(t *testing.T) {
			killAnywhere(t, newWorld(t, nil), canaryPipeline(verdict()), true, late, "- 20 - - - - 0")
		})
	}
}

// verdict is the stage that ends as the test says.
func verdict() stageSpec { return stageSpec{model.StageAnalysis, &config.AnalysisOptions{}} }

// killAnywhere runs a deployment of the stages as often as it writes, killed at
// another write each time. shares is what its stages say the new version got.
func killAnywhere(t *testing.T, w *world, stages []stageSpec, fail, late bool, shares string) {
	t.Helper()
	w.deployment("d0", shop("v0", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
	for kill := 1; ; kill++ {
		before, dropped := w.state(), w.routingErrors()
		d := w.deployment(fmt.Sprintf("d%d", kill), shop(fmt.Sprintf("v%d", kill), ""), stages...)
		d.killAt, d.late = kill, late
		_, err := d.run(t.Context(), verdictStage{fail: fail})
		killed := err != nil
		d.killAt = 0
		want := model.DeploymentSuccess
		if fail {
			want = model.DeploymentFailure
		}
		d.mustRun(verdictStage{fail: fail}, want)
		if got := d.shares(); got != shares {
			t.Fatalf("killed at write %d: the new version is said to have got %s, want %s\n%s", kill, got, shares, d.log())
		}
		after := w.state()
		sets := 1
		if w.keep > 0 && !fail {
			sets++ // the previous version
		}
		if after.sets != sets || after.primary != 100 || after.canary != 0 {
			t.Fatalf("killed at write %d: %+v\n%s", kill, after, d.log())
		}
		if fail && after.revision != before.revision {
			t.Fatalf("killed at write %d: another version runs although the deployment failed\n%s", kill, d.log())
		}
		if fail && w.keep == 0 && after.primaryID != before.primaryID {
			t.Fatalf("killed at write %d: the primary set changed although the deployment failed\n%s", kill, d.log())
		}
		if n := w.routingErrors() - dropped; n != 0 {
			t.Fatalf("killed at write %d: %d requests were dropped: %+v\n%s", kill, n, w.cloud.ELB.Snapshot().Records, d.log())
		}
		if w.each != nil {
			w.each(kill)
		}
		if !killed {
			t.Logf("%d crash points", kill-1)
			return
		}
	}
}
