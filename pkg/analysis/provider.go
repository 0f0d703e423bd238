package analysis

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Provider answers metric queries. Implementations are safe for concurrent use
// and hold no state that an answer depends on.
//
// Query returns the points of q.Expr in q.Window and has these duties:
//
//   - A point stands for a bucket of time and carries the instant at which the
//     bucket began. It belongs to the window in which its bucket ENDS: after
//     From, not after To. So every bucket belongs to exactly one of a row of
//     windows, and the unfinished last bucket is left out. Where the width of
//     a bucket cannot be told it is taken as zero.
//   - A bucket without a value (null) has no point. It is not zero.
//   - A group of a grouped query is a Series of its own. A series without
//     points may be left out. An answer without any point is not an error.
//   - Points are ordered by time.
//   - The call ends soon after ctx does, and no later.
//
// Errors carry a code of package model:
//
//   - CodeUnavailable: no answer, an answer that cannot be understood, or an
//     overloaded provider. CodeExhausted: a rate limit. Both may be asked
//     again as they are; a *RetryAfterError in the chain says when.
//   - CodeInvalid: the provider rejected the query or the address. Asking again
//     does not help.
//   - CodeUnauthenticated, CodePermissionDenied: the keys were refused.
//
// When ctx ends first the error wraps context.Cause(ctx). Errors never contain
// credentials. No call panics, whatever the provider answers.
type Provider interface {
	Query(ctx context.Context, q Query) (Result, error)
}

// Query is one question to a Provider.
type Query struct {
	// Expr is the rendered query in the provider's language.
	Expr string
	// Window is the time of which points are wanted.
	Window Window
	// Lookback is how long before the window the provider also looks, only to
	// find Result.Newest. Zero looks at the window alone.
	Lookback time.Duration
}

// Result is the answer to a Query.
type Result struct {
	Series []Series
	// Newest is the end of the newest bucket that has a value, looked for from
	// Lookback before the window to as much after it, but not beyond now. Zero
	// if there is none. It tells data that is late from data that does not
	// exist.
	Newest time.Time
}

// Points counts the points of all series.
func (r Result) Points() int {
	n := 0
	for _, s := range r.Series {
		n += len(s.Points)
	}
	return n
}

// Window is a span of time: after From, up to and including To.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Length is the time between From and To.
func (w Window) Length() time.Duration { return w.To.Sub(w.From) }

// Ends reports whether a bucket that ends at t belongs to the window.
func (w Window) Ends(t time.Time) bool { return t.After(w.From) && !t.After(w.To) }

// String is the window as times of day in UTC: windows are minutes long, and the
// log they are told in has the date.
func (w Window) String() string { return w.From.UTC().Format(time.TimeOnly) + " to " + clock(w.To) }

// Series is one line of a chart: the whole answer of a plain query, or one
// group of a grouped one.
type Series struct {
	// Name is what is measured, in the provider's words.
	Name string `json:"name"`
	// Scope is the group the series stands for, such as "host:a". May be empty.
	Scope  string  `json:"scope,omitempty"`
	Points []Point `json:"points"`
}

// Label names the series for a person.
func (s Series) Label() string {
	switch {
	case s.Scope == "":
		return s.Name
	case s.Name == "":
		return "{" + s.Scope + "}"
	default:
		return s.Name + "{" + s.Scope + "}"
	}
}

// Point is a value and the instant at which its bucket began.
type Point struct {
	Time  time.Time
	Value float64
}

// pointJSON carries the value as text where JSON has no number for it.
type pointJSON struct {
	Time  time.Time       `json:"time"`
	Value json.RawMessage `json:"value"`
}

// MarshalJSON writes NaN and the infinities as strings, which JSON numbers
// cannot express.
func (p Point) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(p.Value, 'g', -1, 64)
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		text = strconv.Quote(text)
	}
	out, err := json.Marshal(pointJSON{Time: p.Time.UTC(), Value: json.RawMessage(text)})
	if err != nil {
		return nil, fmt.Errorf("encode point: %w", err)
	}
	return out, nil
}

// UnmarshalJSON reads what MarshalJSON writes. A point without a value is an
// error, because null is not zero.
func (p *Point) UnmarshalJSON(data []byte) error {
	var raw pointJSON
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("decode point: %w", err)
	}
	text := string(raw.Value)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("decode point value %q: %w", text, err)
	}
	p.Time, p.Value = raw.Time, value
	return nil
}

// RetryAfterError is an error of a provider that said when to ask again.
type RetryAfterError struct {
	// After is counted from the moment of the answer. Positive.
	After time.Duration
	Err   error
}

// Error returns the text of the cause.
func (e *RetryAfterError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryAfterError) Unwrap() error { return e.Err }
