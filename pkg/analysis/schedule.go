package analysis

import (
	"fmt"
	"time"

	"pipecd/pkg/model"
)

// Defaults of Config.
const (
	// DefaultTimeout bounds one request to a provider.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxDelay bounds a learned delay. CloudWatch metrics in Datadog
	// are usually two to four minutes late.
	DefaultMaxDelay = 5 * time.Minute
	// DefaultErrorLimit is how many checks in a row may end without an answer
	// before the analysis fails: a provider away for three intervals.
	DefaultErrorLimit = 3
)

// Config says how one metric is analysed. The zero value of a field with a
// default means the default.
type Config struct {
	// Duration is how much time is judged before the analysis succeeds.
	Duration time.Duration
	// Interval is the length of a window and the time between checks.
	Interval time.Duration
	// Delay is how long after its end a window is asked. Nil means that it is
	// learned, starting with zero; see LearnDelay.
	Delay *time.Duration
	// MaxDelay bounds a learned delay. Defaults to DefaultMaxDelay.
	MaxDelay time.Duration
	// Timeout bounds one request. Defaults to DefaultTimeout.
	Timeout time.Duration
	// FailureLimit is how many failed checks are tolerated in all. One more
	// fails the analysis. Defaults to 0: the first failed check decides.
	FailureLimit int
	// ErrorLimit is how many checks in a row may end without an answer of the
	// provider; the last of them fails the analysis. Defaults to
	// DefaultErrorLimit.
	ErrorLimit int
	// OnNoData says what a window without points means.
	OnNoData NoDataPolicy
}

// WithDefaults returns a copy with the defaults filled in.
func (c Config) WithDefaults() Config {
	if c.MaxDelay == 0 {
		c.MaxDelay = DefaultMaxDelay
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.ErrorLimit == 0 {
		c.ErrorLimit = DefaultErrorLimit
	}
	return c
}

// Validate returns an error with CodeInvalid that names the first wrong field.
func (c Config) Validate() error {
	delay := time.Duration(0)
	if c.Delay != nil {
		delay = *c.Delay
	}
	for _, rule := range []struct {
		broken bool
		says   string
	}{
		{c.Duration <= 0, "duration must be longer than zero"},
		{c.Interval <= 0, "interval must be longer than zero"},
		{delay < 0, "delay must not be negative"},
		{c.MaxDelay < 0, "the maximum delay must not be negative"},
		{c.Timeout < 0, "timeout must not be negative"},
		{c.FailureLimit < 0, "failureLimit must not be negative"},
		{c.ErrorLimit < 0, "the limit of checks without an answer must not be negative"},
		{!c.OnNoData.valid(), fmt.Sprintf("onNoData is %q, want FAIL, SKIP or nothing", c.OnNoData)},
	} {
		if rule.broken {
			return model.Errorf(model.CodeInvalid, "analysis: %s", rule.says)
		}
	}
	return nil
}

// delay is how long after its end a window is asked.
func (c Config) delay(p Progress) time.Duration {
	if c.Delay != nil {
		return *c.Delay
	}
	return min(p.Delay, c.MaxDelay)
}

// StepKind says what to do next.
type StepKind string

// The kinds of step.
const (
	// StepWait: do nothing before Step.At, then call Next again.
	StepWait StepKind = "wait"
	// StepAsk: ask the provider about Step.Window now and Record the check.
	StepAsk StepKind = "ask"
	// StepEnd: the analysis is over with Step.Outcome.
	StepEnd StepKind = "end"
)

// Step is what an analysis does next.
type Step struct {
	Kind StepKind
	// At is when Window may be asked. Set for StepWait and StepAsk.
	At time.Time
	// Window is what is asked next. Set for StepWait and StepAsk.
	Window Window
	// Outcome is set for StepEnd.
	Outcome Outcome
}

// Next returns the next step of an analysis. It is pure: the same arguments
// give the same step, and calling it changes nothing.
//
// Windows follow each other without gap or overlap from the start of the stage,
// so no window reaches back before it, and the first one is asked at
// start + interval + delay. The last window takes the rest of the duration, so
// that none is shorter than the interval unless the duration is. When more than
// a whole window was missed (the agent was down) the window that ends now is
// asked instead; the time between was not judged and does not count.
func Next(cfg Config, p Progress, now time.Time) Step {
	cfg = cfg.WithDefaults()
	if outcome := Decide(cfg, p); outcome.State != StateContinue {
		return Step{Kind: StepEnd, Outcome: outcome}
	}
	window := nextWindow(cfg, p, now)
	at := window.To.Add(cfg.delay(p))
	if now.Before(at) {
		return Step{Kind: StepWait, At: at, Window: window}
	}
	return Step{Kind: StepAsk, At: at, Window: window}
}

func nextWindow(cfg Config, p Progress, now time.Time) Window {
	length := cfg.Interval
	if rest := cfg.Duration - p.Judged; rest < 2*length {
		length = rest
	}
	from := p.WindowEnd
	if from.IsZero() {
		from = p.StageStart
	}
	window := Window{From: from, To: from.Add(length)}
	if end := now.Add(-cfg.delay(p)); !end.Before(window.To.Add(length)) {
		end = end.UTC().Round(0)
		window = Window{From: end.Add(-length), To: end}
	}
	return window
}
