package trigger

import (
	"testing"

	"pipecd/pkg/model"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestLooksAndWhatTheyLeadToAreObserved(t *testing.T) {
	t.Parallel()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	w := newWorld(t, app("a"), app("b"))
	opts := w.options(w.source)
	opts.Observer = tel
	w.repo = New(opts)
	w.commit(merge(appFiles("a", ""), appFiles("b", "")))
	w.look("a@0 b@0")
	w.look("")
	w.commit(touch("a", "1"))
	w.look("a@1")
	w.cp.fail("CreateDeployment", model.Errorf(model.CodeUnavailable, "away"))
	w.commit(touch("b", "1"))
	if err := w.repo.look(t.Context()); err == nil {
		t.Error("a look that created nothing succeeded")
	}
	w.look("b@2")
	if err := w.repo.syncNow(t.Context(), model.Command{ID: "c1", ApplicationID: "a", Commander: "kim"}); err != nil {
		t.Error(err)
	}
	values := telemetrytest.Values(t, tel.Registry())
	for name, want := range map[string]float64{
		`piped_repository_look_duration_seconds_count{outcome="ok",repository="main"}`:          4,
		`piped_repository_look_duration_seconds_count{outcome="unavailable",repository="main"}`: 1,
		`piped_repository_commits_seen_total{repository="main"}`:                                3,
		`piped_deployments_created_total{trigger="commit"}`:                                     4,
		`piped_deployments_created_total{trigger="command"}`:                                    1,
	} {
		if values[name] != want {
			t.Errorf("%s is %v, want %v", name, values[name], want)
		}
	}
	if values[`piped_repository_last_success_timestamp_seconds{repository="main"}`] == 0 {
		t.Error("the last look that succeeded has no time")
	}
}
