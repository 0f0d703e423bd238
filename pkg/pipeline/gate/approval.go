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
	limited, cancel := context.WithDeadlineCause(ctx, run.StartedAt.Add(timeout), &stage.TimedOut{What: "the approval", After: timeout})
	defer cancel()
	a := approval{run: run, opts: opts, by: splitList(run.Stage.Metadata[metadataApprovedBy])}
	run.Log.Infof("Waiting for %d approval(s)%s", opts.MinApproverNum, a.whoMay())
	for len(a.by) < opts.MinApproverNum {
		if err := a.next(limited); err != nil {
			if ctx.Err() == nil && limited.Err() != nil {
				return stage.Outcome{Failed: true, Reason: a.missing(timeout)}, nil
			}
			return stage.Outcome{}, err
		}
	}
	return stage.Outcome{Reason: "Approved by " + strings.Join(a.by, listSeparator)}, nil
}

type approval struct {
	run  *stage.Run
	opts *config.WaitApprovalOptions
	by   []string
}

func (a *approval) whoMay() string {
	if len(a.opts.Approvers) == 0 {
		return ""
	}
	return " of " + strings.Join(a.opts.Approvers, listSeparator)
}

// missing says what was wanting when the time was up.
func (a *approval) missing(timeout time.Duration) string {
	if len(a.by) == 0 {
		return "Nobody approved within " + timeout.String()
	}
	return fmt.Sprintf("Only %s approved within %s and %d must", strings.Join(a.by, listSeparator), timeout, a.opts.MinApproverNum)
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
		return a.run.Commands.Answer(ctx, cmd.ID, model.CommandFailed, cmd.Commander+" is not among the approvers of this stage")
	}
	if !slices.Contains(a.by, cmd.Commander) {
		a.by = append(a.by, cmd.Commander)
		if err := a.run.Note(ctx, map[string]string{metadataApprovedBy: strings.Join(a.by, listSeparator)}); err != nil {
			return err
		}
		a.run.Log.Infof("Approved by %s (%d of %d)", cmd.Commander, len(a.by), a.opts.MinApproverNum)
	}
	return a.run.Commands.Answer(ctx, cmd.ID, model.CommandSucceeded, "")
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, listSeparator)
}
