package sqldb

import (
	"context"
	"errors"
	"fmt"

	"pipecd/pkg/model"
)

// coded is the one place where the database's errors become the project's.
// doing completes the sentence for a person: "reading application x".
func (s *Store) coded(ctx context.Context, err error, doing string) error {
	var own *model.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case ctx.Err() != nil:
		return model.Wrap(model.CodeUnavailable, stopped(ctx), doing)
	case s.closed.Load():
		return model.Wrap(model.CodeUnavailable, err, doing+": the database was closed because the process stops")
	case errors.Is(err, errChanged):
		return model.Wrap(model.CodeUnavailable, err, doing)
	}
	if s.lostCommit(err) {
		return model.Wrap(model.CodeUnavailable, err, doing+": the connection to the database was lost at the last moment, so nobody knows whether this was stored; look before you try again")
	}
	switch s.dialect.Classify(err) {
	case FailureConflict, FailureUnavailable, FailureDisconnected:
		return model.Wrap(model.CodeUnavailable, err, doing+": the database is locked, busy or out of reach; try again")
	case FailureFull:
		return model.Wrap(model.CodeExhausted, err, doing+": the database's disk is full; free space on it and try again")
	case FailureTooLarge:
		return model.Wrap(model.CodeInvalid, err, doing+": the database does not take a value this large")
	case FailureDuplicate:
		return model.Wrap(model.CodeAlreadyExists, err, doing)
	case FailureOther, FailureNoTable:
		return model.Wrap(model.CodeInternal, err, doing)
	default:
		return model.Wrap(model.CodeInternal, err, doing)
	}
}

// stopped keeps both that the context ended and why.
func stopped(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ctx.Err()) {
		return cause
	}
	return fmt.Errorf("%w: %w", ctx.Err(), cause)
}
