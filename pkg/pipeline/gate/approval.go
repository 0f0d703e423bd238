package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// Metadata keys that people's tools read; the names are PipeCD's.
const (
	metadataApprovers  = "Approvers"
	metadataApprovedBy = "ApprovedBy"
	listSeparator      = ", "
)

// Approval is WAIT_APPROVAL: it waits until enough people approved.
type Approval struct{}

// Run returns when the wanted number of people approved, and fails the
// deployment when they did not within the timeout, which counts from the
// stage's first start.
func (Approval) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	opts, ok := run.Options.(*config.WaitApprovalOptions)
	if !ok {
		return stage.Outcome{}, wrongOptions(run)
	}
	if err := run.Note(ctx, map[string]string{metadataApprovers: strings.Join(opts.Approvers, ",")}); err != nil {
		return stage.Outcome{}, err
	}
	timeout := time.Duration(opts.Timeout)
	limited, cancel := context.WithDeadlineCause(ctx, run.StartedAt.Add(timeout), &stage.TimedOutError{What: "the approval", After: timeout})
	defer cancel()
	a := approval{run: run, opts: opts, given: effectsOf(run.Stage.Metadata)}
	if err := answerAgain(ctx, run); err != nil {
		return stage.Outcome{}, err
	}
	run.Log.Infof("Waiting for %d approval(s)%s", opts.MinApproverNum, a.whoMay())
	for len(a.given) < opts.MinApproverNum {
		if err := a.next(limited); err != nil {
			if ctx.Err() == nil && limited.Err() != nil {
				return stage.Outcome{Failed: true, Reason: a.missing(timeout)}, nil
			}
			return stage.Outcome{}, err
		}
	}
	return stage.Outcome{Reason: "Approved by " + a.by()}, nil
}

type approval struct {
	run   *stage.Run
	opts  *config.WaitApprovalOptions
	given []effect // one per person
}

// by lists who approved, for people: a name may itself have a comma.
func (a *approval) by() string {
	names := make([]string, len(a.given))
	for i, e := range a.given {
		names[i] = e.By
	}
	return strings.Join(names, listSeparator)
}

func (a *approval) whoMay() string {
	if len(a.opts.Approvers) == 0 {
		return ""
	}
	return " of " + strings.Join(a.opts.Approvers, listSeparator)
}

// missing says what was wanting when the time was up.
func (a *approval) missing(timeout time.Duration) string {
	if len(a.given) == 0 {
		return "Nobody approved within " + timeout.String()
	}
	return fmt.Sprintf("Only %s approved within %s and %d must", a.by(), timeout, a.opts.MinApproverNum)
}

// next handles one approval. The approver is stored before the command is
// answered, so that a crash between cannot lose it; approving twice counts once.
func (a *approval) next(ctx context.Context) error {
	cmd, err := a.run.Commands.Next(ctx, a.run.Stage.ID, model.CommandApproveStage)
	if err != nil {
		return err
	}
	if len(a.opts.Approvers) > 0 && !slices.Contains(a.opts.Approvers, cmd.Commander) {
		a.run.Log.Errorf("%s is not among the approvers", cmd.Commander)
		answer(ctx, a.run, cmd.ID, model.CommandFailed, cmd.Commander+" is not among the approvers of this stage")
		return nil
	}
	if !slices.ContainsFunc(a.given, func(e effect) bool { return e.By == cmd.Commander }) {
		a.given = append(a.given, effect{Command: cmd.ID, By: cmd.Commander})
		if err := apply(ctx, a.run, a.given, map[string]string{metadataApprovedBy: a.by()}); err != nil {
			return err
		}
		a.run.Log.Infof("Approved by %s (%d of %d)", cmd.Commander, len(a.given), a.opts.MinApproverNum)
	}
	answer(ctx, a.run, cmd.ID, model.CommandSucceeded, "")
	return nil
}
