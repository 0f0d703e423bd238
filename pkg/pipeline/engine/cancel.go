package engine

import (
	"context"
	"errors"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

// stepCancelled records that a person cancelled, and what they chose, before
// anything is done about it: a process that takes over must not choose anew.
const stepCancelled = "cancelled"

// cancellation is what is recorded of a cancel.
type cancellation struct {
	By       string               `json:"by"`
	Rollback model.RollbackChoice `json:"rollback"`
}

// Cancel ends the pipeline part of the run because a person asked for it. The
// choice says whether what the deployment did is rolled back. The first cancel
// counts; a rollback that is under way goes on.
func (x *Execution) Cancel(by string, choice model.RollbackChoice) {
	x.mu.Lock()
	defer x.mu.Unlock()
	cause := &stage.CancelledError{By: by, Rollback: choice}
	switch {
	case x.cancel != nil:
		x.cancel(cause)
	case x.canceled == nil:
		x.canceled = cause
	}
}

// recordedCancel returns the cancel that an earlier process recorded, nil if
// there is none.
func (x *Execution) recordedCancel() (*stage.CancelledError, error) {
	var c cancellation
	done, err := x.shared.Outcome(stepCancelled, &c)
	if !done || err != nil {
		return nil, err
	}
	return &stage.CancelledError{By: c.By, Rollback: c.Rollback}, nil
}

// recordCancel records why work was cancelled, if a person did it. The record
// goes before the reports that follow from it.
func (x *Execution) recordCancel(parent, work context.Context) error {
	var cancelled *stage.CancelledError
	if !errors.As(context.Cause(work), &cancelled) {
		return nil
	}
	_, err := stage.Once(parent, x.shared, stepCancelled, func(context.Context) (cancellation, error) {
		return cancellation{By: cancelled.By, Rollback: cancelled.Rollback}, nil
	})
	return err
}

// staying says why everything stays as it is at the end, "" when it is rolled
// back. Who cancelled decides; otherwise the application's file does.
func (x *Execution) staying(end ending) (string, error) {
	choice := model.RollbackAsConfigured
	if end.status == model.DeploymentCancelled {
		cancelled, err := x.recordedCancel()
		if err != nil {
			return "", err
		}
		if cancelled != nil {
			choice = cancelled.Rollback
		}
	}
	switch {
	case choice == model.RollbackNever:
		return "not rolled back, as asked for, so everything stays as it is now", nil
	case choice != model.RollbackAlways && !x.input.AutoRollback:
		return "automatic rollback is off, so everything stays as it is now", nil
	case x.d.Stage(model.StageIDRollback) == nil:
		return "it was planned without a rollback, so everything stays as it is now", nil
	default:
		return "", nil
	}
}
