package convert

import (
	"context"
	"errors"
	"strings"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/model"
)

// codePair is one row of the table.
type codePair struct {
	model model.Code
	wire  connect.Code // gRPC's codes have the same numbers
}

// codeTable is the one place where the model's codes and the wire's meet. For
// what the wire has in addition see CodeFromConnect.
func codeTable() [11]codePair {
	return [...]codePair{
		{model.CodeInvalid, connect.CodeInvalidArgument},
		{model.CodeNotFound, connect.CodeNotFound},
		{model.CodeAlreadyExists, connect.CodeAlreadyExists},
		{model.CodeFailedPrecondition, connect.CodeFailedPrecondition},
		{model.CodeUnauthenticated, connect.CodeUnauthenticated},
		{model.CodePermissionDenied, connect.CodePermissionDenied},
		{model.CodeFenced, connect.CodeAborted},
		{model.CodeExhausted, connect.CodeResourceExhausted},
		{model.CodeUnavailable, connect.CodeUnavailable},
		{model.CodeUnimplemented, connect.CodeUnimplemented},
		{model.CodeInternal, connect.CodeInternal},
	}
}

// CodeToConnect returns the wire's code; Internal for a code that is none.
func CodeToConnect(code model.Code) connect.Code {
	for _, row := range codeTable() {
		if row.model == code {
			return row.wire
		}
	}
	return connect.CodeInternal
}

// CodeToGRPC is CodeToConnect for gRPC.
func CodeToGRPC(code model.Code) codes.Code { return codes.Code(CodeToConnect(code)) }

// CodeFromConnect returns the model's code. Of the codes that only the wire
// has, a deadline and a cancellation are Unavailable (the call may succeed
// later), OutOfRange is Invalid, and the rest is Internal.
func CodeFromConnect(code connect.Code) model.Code {
	for _, row := range codeTable() {
		if row.wire == code {
			return row.model
		}
	}
	switch code {
	case connect.CodeDeadlineExceeded, connect.CodeCanceled:
		return model.CodeUnavailable
	case connect.CodeOutOfRange:
		return model.CodeInvalid
	default:
		return model.CodeInternal
	}
}

// CodeFromGRPC is CodeFromConnect for gRPC.
func CodeFromGRPC(code codes.Code) model.Code { return CodeFromConnect(connect.Code(code)) }

const (
	internalSentence = "something went wrong inside the control plane; its log says what"
	// maxSentence bounds what goes into a trailer: proxies refuse large ones.
	maxSentence = 2048 // bytes
)

// ErrorToConnect returns err as a handler returns it: the code of the model's
// error and its sentence for the user. Causes, and everything of an internal
// error, stay on this side, where errors.Is and errors.As still find them. An
// error that already is a *connect.Error made here is returned as it is, and
// nil is nil.
func ErrorToConnect(err error) error {
	if err == nil {
		return nil
	}
	var ready *connect.Error
	if errors.As(err, &ready) && !ready.IsRemote() {
		return err
	}
	var e *model.Error
	switch {
	case errors.As(err, &e) && e.Code != model.CodeInternal:
		return connect.NewError(CodeToConnect(e.Code), sentence(e)).WithCause(err)
	case errors.Is(err, context.Canceled):
		return connect.NewError(connect.CodeCanceled, "the call was cancelled").WithCause(err)
	case errors.Is(err, context.DeadlineExceeded):
		return connect.NewError(connect.CodeDeadlineExceeded, "the call took too long").WithCause(err)
	default:
		return connect.NewError(connect.CodeInternal, internalSentence).WithCause(err)
	}
}

// sentence returns what the user is told: the message of e, followed by those of
// the model's errors it was caused by. The text of other causes is left out.
func sentence(e *model.Error) string {
	var parts []string
	for e != nil && e.Code != model.CodeInternal {
		if e.Message != "" {
			parts = append(parts, e.Message)
		}
		var cause *model.Error
		if !errors.As(e.Err, &cause) {
			if e.Err != nil && e.Code == model.CodeUnavailable && !strings.Contains(e.Message, "try again") {
				parts = append(parts, "not available at the moment; try again")
			}
			break
		}
		e = cause
	}
	text := Text(strings.Join(parts, ": "))
	if text == "" {
		return internalSentence
	}
	return cut(text, maxSentence)
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// ErrorFromStatus returns what a gRPC call answered as a model error with the
// peer's sentence; nil is nil. Where the call ended because this side cancelled
// it or ran out of time, errors.Is finds the context's error.
func ErrorFromStatus(err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		s = status.FromContextError(err)
	}
	return remoteError(connect.Code(s.Code()), s.Message())
}

// ErrorFromConnect is ErrorFromStatus for a client made with Connect.
func ErrorFromConnect(err error) error {
	if err == nil {
		return nil
	}
	var e *connect.Error
	if !errors.As(err, &e) {
		return ErrorFromStatus(err)
	}
	return remoteError(e.Code(), e.Message())
}

func remoteError(code connect.Code, message string) error {
	e := &model.Error{Code: CodeFromConnect(code), Message: message}
	switch code {
	case connect.CodeCanceled:
		e.Message, e.Err = "the call was cancelled", context.Canceled
	case connect.CodeDeadlineExceeded:
		e.Message, e.Err = "the call took too long", context.DeadlineExceeded
	default: // the sentence that came says it best
	}
	if e.Message == "" {
		e.Message = "the call failed with " + code.String()
	}
	return e
}
