package agent

import (
	"strings"
	"testing"

	"pipecd/pkg/model"
)

// TestStateAfter: an application whose newest commit did not make it is not in
// sync, whatever runs is as healthy as it was.
func TestStateAfter(t *testing.T) {
	t.Parallel()
	deployed := &model.Application{LastSuccessful: &model.DeploymentRef{
		Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: "aaaaaaaaaa"}},
	}}
	for name, tt := range map[string]struct {
		app    *model.Application
		commit string
		end    model.DeploymentStatus
		want   model.SyncStatus
		news   bool
		says   string
	}{
		"success":                      {deployed, "bbbbbbbbbb", model.DeploymentSuccess, model.SyncSynced, true, "Deployed"},
		"a failed release":             {deployed, "bbbbbbbbbb", model.DeploymentFailure, model.SyncOutOfSync, true, "commit bbbbbbbb failed"},
		"a cancelled one":              {deployed, "bbbbbbbbbb", model.DeploymentCancelled, model.SyncOutOfSync, true, "was cancelled"},
		"the first one fails":          {&model.Application{}, "bbbbbbbbbb", model.DeploymentFailure, model.SyncOutOfSync, true, "failed"},
		"the same commit once more":    {deployed, "aaaaaaaaaa", model.DeploymentFailure, 0, false, ""},
		"the application was deleted":  {nil, "bbbbbbbbbb", model.DeploymentFailure, 0, false, ""},
		"an override":                  {deployed, "cccccccccc", model.DeploymentSuccess, model.SyncOutOfSync, true, "commit aaaaaaa waits for the next deployment"},
		"an override that fails":       {deployed, "cccccccccc", model.DeploymentFailure, 0, false, ""},
		"success of a deleted one too": {nil, "bbbbbbbbbb", model.DeploymentSuccess, model.SyncSynced, true, "Deployed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &model.Deployment{ID: "d", Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: tt.commit}}}
			if strings.Contains(name, "override") {
				d.Trigger.RolledBackTo, d.Trigger.OverriddenCommit = "earlier", "aaaaaaaaaa"
			}
			got, news := stateAfter(tt.app, d, tt.end)
			if got.Status != tt.want || news != tt.news || !strings.Contains(got.ShortReason, tt.says) {
				t.Errorf("%v %q, news %v", got.Status, got.ShortReason, news)
			}
		})
	}
}
