package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/stage"
)

// TestApproversWithCommas: a name may hold what separates names.
func TestApproversWithCommas(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r := newRecord()
		opts := &config.WaitApprovalOptions{MinApproverNum: 2, Timeout: config.Duration(time.Hour)}
		r.ask("1", model.CommandApproveStage, "Doe, Kim")
		stops(t, time.Minute, gate.Approval{}, r.run(opts))
		r.ask("2", model.CommandApproveStage, "Doe, Kim")
		stops(t, time.Minute, gate.Approval{}, r.run(opts)) // one person, whatever the commas say
		r.ask("3", model.CommandApproveStage, "lee")
		if out := succeeds(t, gate.Approval{}, r.run(opts)); out.Reason != "Approved by Doe, Kim, lee" {
			t.Errorf("outcome %+v", out)
		}
	})
}

// TestCommandsWhoseAnswerWasLost: the agent died after it stored what a person
// asked and before it answered. The next process goes on because of it, so it
// answers that it worked.
func TestCommandsWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind    model.CommandType
		stage   stage.Stage
		options config.StageOptions
		want    stage.Outcome
	}{
		"an approval": {model.CommandApproveStage, gate.Approval{},
			&config.WaitApprovalOptions{MinApproverNum: 1, Timeout: config.Duration(time.Hour)}, stage.Outcome{Reason: "Approved by kim"}},
		"a skip": {model.CommandSkipStage, newProvider(nil).stage(), analysing("a"), stage.Outcome{Skipped: true, Reason: "Skipped by kim"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r := newRecord()
				r.deaf = 1
				r.ask("1", tt.kind, "kim")
				if diff := cmp.Diff(tt.want, succeeds(t, tt.stage, r.run(tt.options))); diff != "" || len(r.answers) != 0 {
					t.Fatalf("the first process, answers %q (-want +got):\n%s", r.answers, diff)
				}
				if !gate.TookEffect(r.metadata, "1") || gate.TookEffect(r.metadata, "2") {
					t.Errorf("what took effect is not told from the metadata %v", r.metadata)
				}
				if diff := cmp.Diff(tt.want, succeeds(t, tt.stage, r.run(tt.options))); diff != "" {
					t.Errorf("the next process (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"1 SUCCEEDED"}, r.answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestCommandsOutliveTrouble: a person need not ask again because the control
// plane stumbled.
func TestCommandsOutliveTrouble(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind    model.CommandType
		key     string
		stage   stage.Stage
		options config.StageOptions
	}{
		"an approval": {model.CommandApproveStage, "ApprovedBy", gate.Approval{},
			&config.WaitApprovalOptions{MinApproverNum: 1, Timeout: config.Duration(time.Hour)}},
		"a skip": {model.CommandSkipStage, "SkippedBy", newProvider(nil).stage(), analysing("a")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				r, trouble := newRecord(), 3
				r.refuse = func(metadata map[string]string) error {
					if _, ok := metadata[tt.key]; ok && trouble > 0 {
						trouble--
						return model.Errorf(model.CodeInternal, "the store is away")
					}
					return nil
				}
				r.ask("1", tt.kind, "kim")
				out := succeeds(t, tt.stage, r.run(tt.options))
				if !strings.Contains(out.Reason, "kim") || out.Failed || trouble != 0 {
					t.Errorf("outcome %+v with %d refusals left", out, trouble)
				}
				if diff := cmp.Diff([]string{"1 SUCCEEDED"}, r.answers); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if took := time.Since(r.begun); took > time.Minute {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// TestSkipThatCannotBeStored: it is refused, and the analysis goes on.
func TestSkipThatCannotBeStored(t *testing.T) {
	t.Parallel()
	test(t, func(t *testing.T) {
		r, p := newRecord(), newProvider(map[string]float64{"a": 1})
		r.refuse = func(metadata map[string]string) error {
			if _, ok := metadata["SkippedBy"]; ok {
				return model.Errorf(model.CodeExhausted, "the metadata is full")
			}
			return nil
		}
		r.ask("1", model.CommandSkipStage, "kim")
		if out := succeeds(t, p.stage(), r.run(analysing("a"))); out.Skipped || out.Failed || p.count("a") != 10 {
			t.Errorf("outcome %+v after %d checks", out, p.count("a"))
		}
		if diff := cmp.Diff([]string{"1 FAILED the skip could not be stored: the metadata is full"}, r.answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}
