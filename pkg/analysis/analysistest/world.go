package analysistest

import (
	"testing"
	"time"

	"pipecd/pkg/analysis"
)

// Harness lets the suite run against one adapter.
type Harness struct {
	// New returns a provider whose far end is as world says. The far end and
	// the provider end with the test.
	New func(t *testing.T, world *World) analysis.Provider
	// Expr is a query that the far end accepts.
	Expr string
}

// World is the far end of a provider: a service that holds some data, or that
// has a fault. The harness makes a server of it that speaks the real protocol.
type World struct {
	// Width is the width of every bucket.
	Width time.Duration
	// Lines are the series that the service holds.
	Lines []Line
	// Fault is what goes wrong with every request.
	Fault Fault
	// Asked, if not nil, gets a value for every request that arrived. The
	// harness must not block on it.
	Asked chan struct{}
}

// Line is one series of a World.
type Line struct {
	Name, Scope string
	Buckets     []Bucket
}

// Bucket is the time from Start for the width of its world.
type Bucket struct {
	Start time.Time
	// Value is nil for a bucket that the service has and that is null.
	Value *float64
}

// Fault is what a far end does instead of answering.
type Fault int

// The faults.
const (
	// NoFault: the service answers.
	NoFault Fault = iota
	// RejectQuery: the service says that the query is wrong.
	RejectQuery
	// RefuseKeys: the service does not accept the credentials.
	RefuseKeys
	// LimitRate: too many requests, come back after RetryAfter.
	LimitRate
	// Overloaded: the service answers with a server error.
	Overloaded
	// Garbage: the service answers successfully with what is not an answer.
	Garbage
	// HangUp: the connection ends in the middle of the answer.
	HangUp
	// Silence: the service takes the request and says nothing until the client
	// goes away.
	Silence
)

// RetryAfter is what a far end with LimitRate asks for.
const RetryAfter = 7 * time.Second

// Between returns the buckets of l that begin in [from, to], as a service would
// answer.
func (l Line) Between(from, to time.Time) []Bucket {
	var out []Bucket
	for _, b := range l.Buckets {
		if !b.Start.Before(from) && !b.Start.After(to) {
			out = append(out, b)
		}
	}
	return out
}

// row makes consecutive buckets from start.
func row(start time.Time, width time.Duration, values ...float64) []Bucket {
	out := make([]Bucket, len(values))
	for i := range values {
		out[i] = Bucket{Start: start.Add(time.Duration(i) * width), Value: &values[i]}
	}
	return out
}
