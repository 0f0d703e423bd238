package stage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
)

func TestInterrupted(t *testing.T) {
	t.Parallel()
	fenced := model.Errorf(model.CodeFenced, "another process holds the lease")
	failed := errors.New("failed")
	timedOut := &stage.TimedOutError{What: "the deployment", After: time.Minute}
	for name, tt := range map[string]struct {
		cause error // why the context ended, nil while it goes on
		err   error
		want  error
	}{
		"goes on":                  {nil, nil, nil},
		"failed":                   {nil, failed, nil},
		"fenced":                   {nil, fmt.Errorf("recording: %w", fenced), fenced},
		"stopping":                 {stage.ErrStopping, failed, stage.ErrStopping},
		"stopping after success":   {stage.ErrStopping, nil, stage.ErrStopping},
		"an end without a reason":  {context.Canceled, nil, context.Canceled},
		"cancelled":                {&stage.CancelledError{By: "kim"}, failed, nil},
		"cancelled for a reason":   {fmt.Errorf("asked: %w", &stage.CancelledError{By: "kim"}), failed, nil},
		"timed out":                {timedOut, failed, nil},
		"fenced while cancelled":   {&stage.CancelledError{}, fenced, fenced},
		"fenced while timing out":  {timedOut, fmt.Errorf("%w (%w)", timedOut, fenced), fenced},
		"fenced while it is ended": {stage.ErrStopping, fenced, fenced},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if tt.cause != nil {
				cancel(tt.cause)
			}
			if got := stage.Interrupted(ctx, tt.err); !errors.Is(got, tt.want) || (tt.want == nil) != (got == nil) {
				t.Errorf("Interrupted = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCausesAreSentences(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"cancelled":                             &stage.CancelledError{},
		"cancelled by kim":                      &stage.CancelledError{By: "kim"},
		"stage WAIT did not finish within 1m0s": &stage.TimedOutError{What: "stage WAIT", After: time.Minute},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
