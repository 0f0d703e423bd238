package wire

import "time"

// Fault is a disturbance of one call, decided by a test.
type Fault struct {
	// Delay is waited before the call is looked at.
	Delay time.Duration
	// Error, if set, is answered instead of doing the call: throttling, a
	// server error.
	Error *Error
	// Lost does the call and then cuts the connection without an answer.
	Lost bool
}

// Throttled is the error AWS answers above the rate limit.
func Throttled() *Error { return Errorf("ThrottlingException", "Rate exceeded") }

// Unavailable is a server error with status 503.
func Unavailable() *Error {
	const serviceUnavailable = 503
	return &Error{
		Status:  serviceUnavailable,
		Code:    "ServiceUnavailable",
		Message: "The service is temporarily unavailable.",
	}
}
