package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pipecd/pkg/model"
)

// ErrStopping is the cause when the agent stops: the stage stays as it is and
// goes on in the next process.
var ErrStopping = errors.New("the agent is stopping")

// CancelledError is the cause when a person cancelled the deployment.
type CancelledError struct {
	By       string
	Rollback model.RollbackChoice // what the person chose
}

// Error says who cancelled.
func (c *CancelledError) Error() string {
	if c.By == "" {
		return "cancelled"
	}
	return "cancelled by " + c.By
}

// TimedOutError is the cause when a stage or the deployment took too long.
type TimedOutError struct {
	What  string // "stage ANALYSIS", "deployment"
	After time.Duration
}

// Error says what took too long.
func (t *TimedOutError) Error() string {
	return fmt.Sprintf("%s did not finish within %s", t.What, t.After)
}

// Interrupted reports whether err, or the end of ctx, means that this process
// must let go without deciding anything: it stops, or a newer process holds the
// lease. It returns why, or nil.
func Interrupted(ctx context.Context, err error) error {
	if model.CodeOf(err) == model.CodeFenced {
		return err
	}
	if ctx.Err() == nil {
		return nil
	}
	cause := context.Cause(ctx)
	var cancelled *CancelledError
	var timedOut *TimedOutError
	if errors.As(cause, &cancelled) || errors.As(cause, &timedOut) {
		return nil
	}
	return cause
}
