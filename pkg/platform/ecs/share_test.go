package ecs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// shares are what the stages noted that the new version got, in their order.
func (d *deployment) shares() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, s := range d.d.Stages {
		share, noted := s.Metadata[model.MetadataObservedCanaryPercentage]
		if !noted {
			share = "-"
		}
		out = append(out, share)
	}
	return strings.Join(out, " ")
}

// share is what the deployment says that the new version gets.
func (d *deployment) share() int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	percent, known := d.d.CanaryShare()
	if !known {
		return -1
	}
	return percent
}

// TestWhatTheNewVersionGetsIsNoted: by each stage that moves requests, once the
// load balancer shows it, and by nobody else.
func TestWhatTheNewVersionGetsIsNoted(t *testing.T) {
	analysis := stageSpec{model.StageAnalysis, &config.AnalysisOptions{}}
	half := stageSpec{model.StageECSTrafficRouting, &config.TrafficRouting{Canary: new(config.Percent(50))}}
	for name, tt := range map[string]struct {
		stages []stageSpec
		fail   bool
		shares string
		share  int32
	}{
		"quick sync":              {quickSync(), false, "100 -", 100},
		"canary":                  {canaryPipeline(analysis), false, "- 20 - 100 100 - -", 100},
		"canary in two steps":     {canaryPipeline(half, analysis), false, "- 20 50 - 100 100 - -", 100},
		"bad canary":              {canaryPipeline(half, analysis), true, "- 20 50 - - - - 0", 0},
		"bad after the promotion": {append(canaryPipeline(), analysis), true, "- 20 100 100 - - 0", 0},
		"bad quick sync":          {append(quickSync(), analysis), true, "100 - 0", 0},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, nil, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				d := w.deployment("d2", shop("v2", ""), tt.stages...)
				want := model.DeploymentSuccess
				if tt.fail {
					want = model.DeploymentFailure
				}
				d.mustRun(verdictStage{fail: tt.fail}, want)
				if diff := cmp.Diff(tt.shares, d.shares()); diff != "" {
					t.Errorf("shares (-want +got):\n%s\n%s", diff, d.log())
				}
				if got := d.share(); got != tt.share {
					t.Errorf("the deployment says %d%%, want %d%%", got, tt.share)
				}
			})
		})
	}
}

// TestAFirstDeploymentThatFailsGetsNothing: there is no version to give the
// requests back to.
func TestAFirstDeploymentThatFailsGetsNothing(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		d := w.deployment("d1", shop("v1", ""), append(quickSync(), stageSpec{model.StageAnalysis, &config.AnalysisOptions{}})...)
		d.mustRun(verdictStage{fail: true}, model.DeploymentFailure)
		if got := d.shares(); got != "100 - 0" || d.share() != 0 {
			t.Errorf("got %s, and %d%%", got, d.share())
		}
	})
}

// TestWithoutALoadBalancerNothingIsObserved: a share that nobody saw is not
// noted as seen.
func TestWithoutALoadBalancerNothingIsObserved(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		d := w.deployment("d1", shop("v1", ""), quickSync()...)
		d.change = func(a *platform.Application) { a.TargetGroups = platform.TargetGroups{} }
		d.mustRun(nil, model.DeploymentSuccess)
		if got := d.shares(); got != "- -" || d.share() != 100 {
			t.Errorf("got %s, and %d%%", got, d.share())
		}
	})
}
