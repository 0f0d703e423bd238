package gate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/stage"
)

// test runs f in virtual time.
func test(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestWait(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wait   time.Duration
		stops  []time.Duration // when the processes before the last stop, each after its own start
		away   time.Duration   // between the processes
		passed time.Duration
	}{
		"to the end":               {10 * time.Minute, nil, 0, 10 * time.Minute},
		"not at all":               {0, nil, 0, 0},
		"with restarts":            {10 * time.Minute, []time.Duration{time.Minute, 7 * time.Minute}, 0, 10 * time.Minute},
		"with the agent away":      {10 * time.Minute, []time.Duration{time.Minute}, 5 * time.Minute, 10 * time.Minute},
		"with the agent away long": {10 * time.Minute, []time.Duration{time.Minute}, time.Hour, time.Hour + time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r := newRecord()
				opts := &config.WaitOptions{Duration: config.Duration(tt.wait)}
				for _, after := range tt.stops {
					stops(t, after, gate.Wait{}, r.run(opts))
					time.Sleep(tt.away)
				}
				out := succeeds(t, gate.Wait{}, r.run(opts))
				if diff := cmp.Diff(stage.Outcome{Reason: "Waited " + tt.wait.String()}, out); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
				if took := time.Since(r.begun); took != tt.passed {
					t.Errorf("took %s, want %s", took, tt.passed)
				}
			})
		})
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		for _, s := range []stage.Stage{gate.Wait{}, gate.Approval{}, gate.Analysis{}} {
			if _, err := s.Run(t.Context(), newRecord().run(&config.ECSSyncOptions{})); model.CodeOf(err) != model.CodeInternal {
				t.Errorf("%T with another stage's options: %v", s, err)
			}
		}
	})
}

func TestApproval(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		approvers []string
		number    int
		people    []string // who approve, a minute apart
		want      stage.Outcome
		took      time.Duration
		answers   []string
		stored    string
	}{
		"by anyone": {nil, 1, []string{"kim"},
			stage.Outcome{Reason: "Approved by kim"}, time.Minute, []string{"0 SUCCEEDED"}, "kim"},
		"by two": {nil, 2, []string{"kim", "lee"},
			stage.Outcome{Reason: "Approved by kim, lee"}, 2 * time.Minute, []string{"0 SUCCEEDED", "1 SUCCEEDED"}, "kim, lee"},
		"by one twice, then another": {nil, 2, []string{"kim", "kim", "lee"},
			stage.Outcome{Reason: "Approved by kim, lee"}, 3 * time.Minute, []string{"0 SUCCEEDED", "1 SUCCEEDED", "2 SUCCEEDED"}, "kim, lee"},
		"by one twice": {nil, 2, []string{"kim", "kim"},
			stage.Outcome{Failed: true, Reason: "Only kim approved within 1h0m0s and 2 must"}, time.Hour, []string{"0 SUCCEEDED", "1 SUCCEEDED"}, "kim"},
		"by nobody": {nil, 1, nil,
			stage.Outcome{Failed: true, Reason: "Nobody approved within 1h0m0s"}, time.Hour, nil, ""},
		"by a stranger": {[]string{"kim", "lee"}, 1, []string{"eve"},
			stage.Outcome{Failed: true, Reason: "Nobody approved within 1h0m0s"}, time.Hour, []string{"0 FAILED eve is not among the approvers of this stage"}, ""},
		"by a stranger, then by one of them": {[]string{"kim", "lee"}, 1, []string{"eve", "lee"},
			stage.Outcome{Reason: "Approved by lee"}, 2 * time.Minute,
			[]string{"0 FAILED eve is not among the approvers of this stage", "1 SUCCEEDED"}, "lee"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r := newRecord()
				for i, who := range tt.people {
					time.AfterFunc(time.Duration(i+1)*time.Minute, func() {
						r.ask(string(rune('0'+i)), model.CommandApproveStage, who)
					})
				}
				out := succeeds(t, gate.Approval{}, r.run(&config.WaitApprovalOptions{
					Approvers: tt.approvers, MinApproverNum: tt.number, Timeout: config.Duration(time.Hour),
				}))
				if diff := cmp.Diff(tt.want, out); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.answers, r.answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if took := time.Since(r.begun); took != tt.took || r.stored("ApprovedBy") != tt.stored {
					t.Errorf("took %s and stored %q, want %s and %q", took, r.stored("ApprovedBy"), tt.took, tt.stored)
				}
			})
		})
	}
}

// TestApprovalSurvivesRestart: an approval counts in the next process, once.
func TestApprovalSurvivesRestart(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r := newRecord()
		opts := &config.WaitApprovalOptions{Approvers: []string{"kim", "lee"}, MinApproverNum: 2, Timeout: config.Duration(time.Hour)}
		r.ask("1", model.CommandApproveStage, "kim")
		stops(t, 20*time.Minute, gate.Approval{}, r.run(opts))
		if got := r.stored("Approvers"); got != "kim,lee" {
			t.Errorf("people are shown the approvers %q", got)
		}
		r.ask("2", model.CommandApproveStage, "kim")
		stops(t, 20*time.Minute, gate.Approval{}, r.run(opts))
		r.ask("3", model.CommandApproveStage, "lee")
		if out := succeeds(t, gate.Approval{}, r.run(opts)); out.Failed || out.Reason != "Approved by kim, lee" {
			t.Errorf("outcome %+v", out)
		}
	})
}

// TestApprovalTimeCountsFromTheFirstStart: restarts do not give more time.
func TestApprovalTimeCountsFromTheFirstStart(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r := newRecord()
		opts := &config.WaitApprovalOptions{MinApproverNum: 1, Timeout: config.Duration(time.Hour)}
		stops(t, 40*time.Minute, gate.Approval{}, r.run(opts))
		if out := succeeds(t, gate.Approval{}, r.run(opts)); !out.Failed || time.Since(r.begun) != time.Hour {
			t.Errorf("after %s: %+v", time.Since(r.begun), out)
		}
	})
}

// TestApprovalIsStoredBeforeItIsAnswered: what cannot be stored is not answered,
// so that the command comes again.
func TestApprovalIsStoredBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r := newRecord()
		opts := &config.WaitApprovalOptions{MinApproverNum: 1, Timeout: config.Duration(time.Hour)}
		fenced := model.Errorf(model.CodeFenced, "another process holds the lease")
		r.refuse = func(metadata map[string]string) error {
			if _, ok := metadata["ApprovedBy"]; ok {
				return fenced
			}
			return nil
		}
		r.ask("1", model.CommandApproveStage, "kim")
		if _, err := (gate.Approval{}).Run(t.Context(), r.run(opts)); model.CodeOf(err) != model.CodeFenced || len(r.answers) != 0 {
			t.Errorf("Run = %v with answers %q", err, r.answers)
		}
		r.refuse = nil
		if out := succeeds(t, gate.Approval{}, r.run(opts)); out.Reason != "Approved by kim" {
			t.Errorf("the next process: %+v", out)
		}
	})
}
