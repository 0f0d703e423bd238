package reporter_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/reporter"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestWaitingAndLostLinesAreObserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
		check := func(when string, waiting, lost float64) {
			t.Helper()
			values := telemetrytest.Values(t, tel.Registry())
			if values["piped_log_lines_waiting"] != waiting || values["piped_log_lines_lost_total"] != lost {
				t.Errorf("%s: %v wait and %v are lost, want %v and %v", when,
					values["piped_log_lines_waiting"], values["piped_log_lines_lost_total"], waiting, lost)
			}
		}
		answer := model.Errorf(model.CodeUnavailable, "away")
		p := &plane{refuse: func(int) error { return answer }}
		r := reporter.New(p, nil, tel)
		l := r.Open("d1", "s1", 0)
		l.Info("first")
		time.Sleep(500 * time.Millisecond) // it is under way
		for i := range 10_005 {
			l.Infof("%d", i)
		}
		check("the control plane is away", 10_001, 5) // the mark waits too
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Close(ctx, true); err == nil {
			t.Error("lost lines must be an error")
		}
		check("closed", 0, 10_006)

		other := r.Open("d1", "s2", 0)
		answer = model.Errorf(model.CodeFailedPrecondition, "the log is complete")
		other.Info("refused")
		if err := other.Close(t.Context(), false); err == nil {
			t.Error("a refused line must be an error")
		}
		check("refused", 0, 10_007)
	})
}
