package analysis_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/analysis"
	"pipecd/pkg/model"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func span(from, to time.Duration) analysis.Window {
	return analysis.Window{From: at(from), To: at(to)}
}

func TestNext(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	fixed := 3 * m
	cfg := analysis.Config{Duration: 10 * m, Interval: m}
	delayed := cfg
	delayed.Delay = &fixed
	uneven := analysis.Config{Duration: 10 * m, Interval: 3 * m}
	short := analysis.Config{Duration: m, Interval: 10 * m}
	fresh := analysis.NewProgress(start)
	with := func(change func(*analysis.Progress)) analysis.Progress {
		p := fresh
		change(&p)
		return p
	}
	judged := func(d time.Duration) analysis.Progress {
		return with(func(p *analysis.Progress) { p.Judged, p.WindowEnd, p.Passed = d, at(d), 1 })
	}
	wait := func(to time.Duration, w analysis.Window) analysis.Step {
		return analysis.Step{Kind: analysis.StepWait, At: at(to), Window: w}
	}
	ask := func(since time.Duration, w analysis.Window) analysis.Step {
		return analysis.Step{Kind: analysis.StepAsk, At: at(since), Window: w}
	}
	for name, tt := range map[string]struct {
		cfg  analysis.Config
		p    analysis.Progress
		now  time.Duration
		want analysis.Step
	}{
		"at the start":                      {cfg, fresh, 0, wait(m, span(0, m))},
		"just before the first":             {cfg, fresh, m - 1, wait(m, span(0, m))},
		"the first":                         {cfg, fresh, m, ask(m, span(0, m))},
		"a little late":                     {cfg, fresh, 119 * time.Second, ask(m, span(0, m))},
		"a window late":                     {cfg, fresh, 2 * m, ask(2*m, span(m, 2*m))},
		"an hour late":                      {cfg, judged(2 * m), 60 * m, ask(60*m, span(59*m, 60*m))},
		"with delay, before":                {delayed, fresh, 3 * m, wait(4*m, span(0, m))},
		"with delay":                        {delayed, fresh, 4 * m, ask(4*m, span(0, m))},
		"with delay, late":                  {delayed, fresh, 9 * m, ask(9*m, span(5*m, 6*m))},
		"learned delay":                     {cfg, with(func(p *analysis.Progress) { p.Delay = 2 * m }), 2 * m, wait(3*m, span(0, m))},
		"learned delay is bounded":          {cfg, with(func(p *analysis.Progress) { p.Delay = 20 * m }), 2 * m, wait(6*m, span(0, m))},
		"a configured delay wins":           {delayed, with(func(p *analysis.Progress) { p.Delay = m }), 2 * m, wait(4*m, span(0, m))},
		"the second":                        {cfg, judged(m), m, wait(2*m, span(m, 2*m))},
		"the last":                          {cfg, judged(9 * m), 10 * m, ask(10*m, span(9*m, 10*m))},
		"the last takes the rest":           {uneven, judged(6 * m), 6 * m, wait(10*m, span(6*m, 10*m))},
		"the one before is not it":          {uneven, judged(3 * m), 3 * m, wait(6*m, span(3*m, 6*m))},
		"duration shorter than an interval": {short, fresh, 0, wait(m, span(0, m))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, analysis.Next(tt.cfg, tt.p, at(tt.now))); diff != "" {
				t.Errorf("step (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNextAlwaysEnds walks every schedule of a grid to its end and checks what
// must hold on the way.
func TestNextAlwaysEnds(t *testing.T) {
	t.Parallel()
	for duration := 10 * time.Second; duration <= 10*time.Minute; duration += 37 * time.Second {
		for interval := time.Second; interval <= 12*time.Minute; interval = interval*3 + time.Second {
			for _, delay := range []time.Duration{0, 90 * time.Second} {
				cfg := analysis.Config{Duration: duration, Interval: interval, Delay: &delay}
				walk(t, cfg)
			}
		}
	}
}

func walk(t *testing.T, cfg analysis.Config) {
	t.Helper()
	p, now, end := analysis.NewProgress(start), start, start
	checks := 0
	for step := analysis.Next(cfg, p, now); step.Kind != analysis.StepEnd; step = analysis.Next(cfg, p, now) {
		if step.Kind == analysis.StepWait {
			now = step.At
			continue
		}
		if !step.Window.From.Equal(end) || step.Window.Length() < min(cfg.Interval, cfg.Duration) || now.Sub(step.Window.To) < *cfg.Delay {
			t.Fatalf("%+v: asks %s at %s after %s", cfg, step.Window, now, end)
		}
		end = step.Window.To
		checks++
		p = analysis.Record(p, analysis.Check{Window: step.Window, Verdict: analysis.VerdictPass})
	}
	if p.Judged != cfg.Duration || !now.Equal(start.Add(cfg.Duration+*cfg.Delay)) || checks != max(1, int(cfg.Duration/cfg.Interval)) {
		t.Errorf("%+v: judged %s in %d checks until %s", cfg, p.Judged, checks, now.Sub(start))
	}
}

func TestNextEnds(t *testing.T) {
	t.Parallel()
	p := analysis.NewProgress(start)
	step := analysis.Next(analysis.Config{Duration: time.Minute}, p, start)
	if step.Kind != analysis.StepEnd || step.Outcome.State != analysis.StateFailed {
		t.Errorf("without an interval: got %+v, want a failure", step)
	}
}

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	negative := -time.Second
	good := analysis.Config{Duration: time.Minute, Interval: time.Second}
	if err := good.Validate(); err != nil {
		t.Errorf("good config: %v", err)
	}
	for name, change := range map[string]func(*analysis.Config){
		"duration": func(c *analysis.Config) { c.Duration = 0 },
		"interval": func(c *analysis.Config) { c.Interval = 0 },
		"delay":    func(c *analysis.Config) { c.Delay = &negative },
		"max":      func(c *analysis.Config) { c.MaxDelay = -1 },
		"timeout":  func(c *analysis.Config) { c.Timeout = -1 },
		"failure":  func(c *analysis.Config) { c.FailureLimit = -1 },
		"error":    func(c *analysis.Config) { c.ErrorLimit = -1 },
		"no data":  func(c *analysis.Config) { c.OnNoData = "MAYBE" },
	} {
		cfg := good
		change(&cfg)
		if err := cfg.Validate(); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: got %v, want code %s", name, err, model.CodeInvalid)
		}
	}
}

func TestLearnDelay(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	fixed := m
	window := span(0, m)
	for name, tt := range map[string]struct {
		cfg    analysis.Config
		had    time.Duration
		newest time.Time
		now    time.Duration
		delay  time.Duration
		again  bool
		says   bool
	}{
		"no data at all":           {newest: time.Time{}, now: m},
		"newer data exists":        {newest: at(m), now: m},
		"late by two minutes":      {newest: at(-m), now: m, delay: 2 * m, again: true, says: true},
		"rounded up":               {newest: at(-m - time.Millisecond), now: m, delay: 2*m + time.Second, again: true, says: true},
		"later than known":         {had: 2 * m, newest: at(m / 2), now: 3 * m, delay: 150 * time.Second, again: true, says: true},
		"exactly the maximum":      {newest: at(-4 * m), now: m, delay: 5 * m, again: true, says: true},
		"beyond the maximum":       {newest: at(-5 * m), now: m, says: true},
		"beyond a set maximum":     {cfg: analysis.Config{MaxDelay: m}, newest: at(-m), now: m, says: true},
		"configured delay is kept": {cfg: analysis.Config{Delay: &fixed}, newest: at(-m), now: 2 * m, delay: m, says: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := analysis.NewProgress(start)
			p.Delay = tt.had
			got := analysis.LearnDelay(tt.cfg, p, analysis.Sight{Window: window, Newest: tt.newest, Now: at(tt.now)})
			if got.Delay != tt.delay || got.Again != tt.again || (got.Message != "") != tt.says {
				t.Errorf("got %+v, want delay %s, again %t, a message %t", got, tt.delay, tt.again, tt.says)
			}
		})
	}
}
