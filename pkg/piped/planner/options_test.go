package planner

import (
	"maps"
	"testing"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// TestShownOptions: what a stage is going to do is known before it runs, beside
// what it is meant to make of the traffic.
func TestShownOptions(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		with config.StageOptions
		want map[string]string
	}{
		"a canary's size":        {&config.CanaryRolloutOptions{Scale: 30}, map[string]string{model.MetadataCanaryScale: "30"}},
		"a canary without size":  {&config.CanaryRolloutOptions{}, nil},
		"a wait":                 {&config.WaitOptions{Duration: config.Duration(90 * time.Second)}, map[string]string{model.MetadataDuration: "1m30s"}},
		"an analysis":            {&config.AnalysisOptions{Duration: config.Duration(10 * time.Minute)}, map[string]string{model.MetadataDuration: "10m0s"}},
		"an approval of two":     {&config.WaitApprovalOptions{MinApproverNum: 2}, map[string]string{model.MetadataMinApprovers: "2"}},
		"an approval of one":     {&config.WaitApprovalOptions{MinApproverNum: 1}, nil},
		"a stage with none":      {nil, nil},
		"a stage that has other": {&config.TrafficRouting{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stages := pipelineStages(&config.Pipeline{Stages: []config.Stage{{ID: "one", With: tc.with}}}, now)
			if got := stages[0].Metadata; !maps.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}
