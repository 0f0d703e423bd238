package observe

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"pipecd/pkg/model"
)

// Observer is told what is done. It is safe for concurrent use, and none of its
// methods waits or fails.
type Observer interface {
	// Begin says that an operation begins. The operation goes on in the context
	// that is returned, so that what it calls is seen as part of it. End must be
	// called once.
	Begin(ctx context.Context, op Operation) (context.Context, End)
	// Count says that something happened n times. labels are the values of the
	// counter's labels, in the order its documentation gives.
	Count(ctx context.Context, c Counter, n int, labels ...string)
	// Set says what the level is now.
	Set(ctx context.Context, l Level, value float64)
}

// Operation is something that takes time and ends in one of few ways.
type Operation struct {
	Kind  Kind
	Group string // what Name belongs to, as the Kind says; often empty
	Name  string
	// Attrs tell more to whoever reads the trace, such as ids.
	Attrs []slog.Attr
	// Header carries the trace from one program to the other: the headers a
	// call comes with, or those it is about to be sent with. May be nil.
	Header Header
}

// Header is the headers of a call; http.Header is one.
type Header interface {
	Get(key string) string
	Set(key, value string)
}

// End ends an operation. outcome is one of few words; empty means OutcomeOf(err).
// err may be nil although the outcome is bad.
type End func(outcome string, err error)

// OutcomeOK is the outcome of what succeeded.
const OutcomeOK = "ok"

// OutcomeOf returns the word for how something ended: "ok", "canceled" when the
// caller gave up, "timeout" when a limit was reached, else the error's code.
func OutcomeOf(err error) string {
	if err == nil {
		return OutcomeOK
	}
	if e, ok := errors.AsType[*model.Error](err); ok {
		return string(e.Code)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	default:
		return string(model.CodeInternal)
	}
}

// Or returns o, or an Observer that does nothing if o is nil.
func Or(o Observer) Observer { return cmp.Or[Observer](o, nobody{}) }

// nobody is the Observer when nobody looks.
type nobody struct{}

func (nobody) Begin(ctx context.Context, _ Operation) (context.Context, End) {
	return ctx, func(string, error) {}
}

func (nobody) Count(context.Context, Counter, int, ...string) {}

func (nobody) Set(context.Context, Level, float64) {}
