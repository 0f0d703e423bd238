package analysis

import (
	"fmt"
	"time"
)

// Lookback is how far before a window the newest point is looked for, to tell
// late data from missing data.
const Lookback = 10 * time.Minute

// Sight is what was seen when a window was asked and had no point.
type Sight struct {
	Window Window
	// Newest is Result.Newest.
	Newest time.Time
	Now    time.Time
}

// Lesson is what LearnDelay concludes.
type Lesson struct {
	// Delay is the delay to use from now on.
	Delay time.Duration
	// Again is true if the window is to be asked again when Delay has passed
	// since its end, instead of being recorded as without data.
	Again bool
	// Message is a sentence for the log of the stage, "" if there is nothing to
	// say.
	Message string
}

// LearnDelay says whether the data of a window without points is late, and by
// how much. It only ever lengthens the delay, in whole seconds, up to
// cfg.MaxDelay, so an analysis is prolonged by at most cfg.MaxDelay in all.
//
// The rule: if the newest bucket the provider has ends before the window does,
// the provider is behind by the time since then; that is the new delay. If it is
// behind by more than cfg.MaxDelay the metric is taken for one that simply has
// no points (a counter without events has none). A window that newer data has
// already passed, or a metric without any data, teaches nothing. A configured
// delay is never changed.
func LearnDelay(cfg Config, p Progress, s Sight) Lesson {
	cfg = cfg.WithDefaults()
	lesson := Lesson{Delay: cfg.delay(p)}
	if s.Newest.IsZero() || !s.Newest.Before(s.Window.To) {
		return lesson
	}
	behind := ceilSecond(s.Now.Sub(s.Newest))
	if cfg.Delay != nil {
		lesson.Message = fmt.Sprintf("the newest data is %s old, older than the configured delay of %s allows for", behind, *cfg.Delay)
		return lesson
	}
	if behind > cfg.MaxDelay {
		lesson.Message = fmt.Sprintf("the newest data is %s old, more than the longest delay that is waited for (%s)", behind, cfg.MaxDelay)
		return lesson
	}
	if behind <= lesson.Delay {
		return lesson
	}
	return Lesson{
		Delay: behind,
		Again: true,
		Message: fmt.Sprintf("the newest data is %s old: the metric arrives late, so windows are asked %s after their end from now on",
			behind, behind),
	}
}

func ceilSecond(d time.Duration) time.Duration {
	if rest := d % time.Second; rest > 0 {
		return d - rest + time.Second
	}
	return d
}
