package gate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/stage"
)

// TestGatesEndWithTheTimeoutOfTheStage: whatever a gate waits for, the limit that
// the file gives the stage ends it, at that time, and as a timeout.
func TestGatesEndWithTheTimeoutOfTheStage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stage   stage.Stage
		options config.StageOptions
	}{
		"WAIT":          {gate.Wait{}, &config.WaitOptions{Duration: config.Duration(time.Hour)}},
		"WAIT_APPROVAL": {gate.Approval{}, &config.WaitApprovalOptions{MinApproverNum: 1, Timeout: config.Duration(time.Hour)}},
		"ANALYSIS":      {newProvider(map[string]float64{"errors": 1}).stage(), analysing("errors")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const limit = 7 * time.Minute
				begin := time.Now()
				ctx, cancel := context.WithDeadlineCause(t.Context(), begin.Add(limit), &stage.TimedOutError{What: "stage " + name, After: limit})
				defer cancel()
				out, err := tt.stage.Run(ctx, newRecord().run(tt.options))
				var timedOut *stage.TimedOutError
				if !errors.As(err, &timedOut) || timedOut.After != limit || out != (stage.Outcome{}) {
					t.Errorf("got %+v, %v", out, err)
				}
				if took := time.Since(begin); took != limit {
					t.Errorf("ended after %s", took)
				}
			})
		})
	}
}
