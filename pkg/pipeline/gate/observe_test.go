package gate_test

import (
	"testing"

	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestVerdictsAreObserved(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
		p := newProvider(map[string]float64{"a": 1, "b": 50})
		for query, failed := range map[string]bool{"a": false, "b": true} {
			s := p.stage()
			s.Observer = tel
			if out := succeeds(t, s, newRecord().run(analysing(query))); out.Failed != failed {
				t.Errorf("%s: outcome %+v", query, out)
			}
		}
		values := telemetrytest.Values(t, tel.Registry())
		if pass, fail := values[`piped_analysis_checks_total{verdict="PASS"}`], values[`piped_analysis_checks_total{verdict="FAIL"}`]; pass != 10 || fail != 1 {
			t.Errorf("%v passed and %v failed, want 10 and 1", pass, fail)
		}
	})
}
