package model

import (
	"errors"
	"fmt"
)

// Code is the project's one vocabulary of failure. Adapters translate the
// errors of their library into it once; each transport maps it once.
type Code string

// The codes. A caller may retry Unavailable and Exhausted as they are; every
// other code needs a changed request or a changed world.
const (
	CodeInvalid            Code = "invalid"             // the request or a file is malformed
	CodeNotFound           Code = "not_found"           // the named thing does not exist
	CodeAlreadyExists      Code = "already_exists"      // the id or the name is taken
	CodeFailedPrecondition Code = "failed_precondition" // the state does not allow it: an illegal or stale transition
	CodeUnauthenticated    Code = "unauthenticated"     // who you are is unknown
	CodePermissionDenied   Code = "permission_denied"   // who you are is known, and you may not
	CodeFenced             Code = "fenced"              // a newer lease epoch exists; the caller must stop acting
	CodeExhausted          Code = "exhausted"           // a limit was reached: rate, quota, size
	CodeUnavailable        Code = "unavailable"         // try again later: network, overload, restart
	CodeUnimplemented      Code = "unimplemented"       // this side does not know the call
	CodeInternal           Code = "internal"            // a defect of ours; the text is for operators
)

// Error is an error with a code. Message is a sentence for a person; it names
// what happened and, where there is something to do, what. Err, if any, is the
// cause and is for operators.
type Error struct {
	Code    Code
	Message string
	Err     error

	// wrapped is a cause whose text Message already contains.
	wrapped error
}

// Error returns the message followed by the cause.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Message
	case e.Message == "":
		return e.Err.Error()
	default:
		return e.Message + ": " + e.Err.Error()
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return e.wrapped
}

// Errorf returns an error with the code and the formatted message. %w works as
// in fmt.Errorf.
func Errorf(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	cause := errors.Unwrap(err)
	if _, several := err.(interface{ Unwrap() []error }); several { // asks about err itself
		cause = err
	}
	return &Error{Code: code, Message: err.Error(), wrapped: cause}
}

// Wrap gives err a code and says what was being done. It returns nil for nil.
func Wrap(code Code, err error, doing string) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Message: doing, Err: err}
}

// CodeOf returns the code of the outermost *Error in err's chain, "" for nil
// and CodeInternal for an error without one.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// IsRetryable reports whether the same call may succeed later.
func IsRetryable(err error) bool {
	code := CodeOf(err)
	return code == CodeUnavailable || code == CodeExhausted
}
