package ecs_test

import (
	"strings"
	"testing"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

const spot = `capacityProviderStrategy:
  - {capacityProvider: FARGATE_SPOT, weight: 3}
  - {capacityProvider: FARGATE, base: 1, weight: 1}
`

// TestCapacityProvidersGoWithEverySet: also with a baseline's and a rebuilt one's.
func TestCapacityProvidersGoWithEverySet(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		w.file = strings.Replace(serviceFile, "launchType: FARGATE\n", spot, 1)
		check := func(want int) {
			sets := w.sets()
			for _, s := range sets {
				if c := s.CapacityProviderStrategy; len(c) != 2 || *c[0].CapacityProvider != "FARGATE_SPOT" || c[0].Weight != 3 || c[1].Base != 1 || s.LaunchType != "" {
					t.Errorf("task set %s has strategy %+v and launch type %q", *s.TaskSetArn, c, s.LaunchType)
				}
			}
			if len(sets) != want {
				t.Errorf("%d task sets, want %d", len(sets), want)
			}
		}
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		check(1)
		w.deployment("d2", shop("v2", ""), comparedPipeline()...).mustRun(during{look: func() { check(3) }}, model.DeploymentSuccess)
		w.deployment("d3", shop("v3", ""), append(quickSync(), verdict())...).mustRun(verdictStage{fail: true}, model.DeploymentFailure)
		check(1)
	})
}

func TestCapacityProvidersExcludeALaunchType(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		source := shop("v1", "")
		source["servicedef.yaml"] += spot
		_, err := w.opener.Open(t.Context(), platform.Application{ServiceFile: "servicedef.yaml", TaskFile: "taskdef.yaml"}, source)
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "launchType: excludes capacityProviderStrategy") {
			t.Errorf("got %v", err)
		}
	})
}
