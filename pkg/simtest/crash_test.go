package simtest

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// course is a way a deployment can take: a scenario in which nothing goes wrong
// beside what makes it take that way.
func course(s shape, b before, change ...func(*scenario)) scenario {
	sc := scenario{Shape: s, Before: b, TaskStart: 5 * time.Second}
	for _, f := range change {
		f(&sc)
	}
	return sc
}

// courses are all ways. Whoever adds a stage adds a course.
func courses() []scenario {
	release := func(kind string) func(*scenario) { return func(sc *scenario) { sc.Release = kind } }
	rules := func(n int) func(*scenario) { return func(sc *scenario) { sc.Rules = n } }
	cancelled := func(after time.Duration) func(*scenario) { return func(sc *scenario) { sc.Cancel = after } }
	return []scenario{
		course(canary, ours),
		course(quickSync, nothing),
		course(quickSync, foreign),
		course(quickSync, leftShare),
		course(quickSync, ours, release("unhealthy")),
		course(canary, nothing),
		course(canary, leftCanary, rules(2)),
		course(canary, ours, rules(1)),
		course(canary, nothing, release("unhealthy"), rules(1)),
		course(canary, foreign, release("missing"), rules(2)),
		course(steps, ours, rules(2)),
		course(steps, ours, cancelled(50*time.Second)),
		course(analysis, ours),
		course(analysis, foreign, release("errors"), rules(2)),
		course(approval, leftShare),
		course(blueGreen, ours),
		course(blueGreen, leftCanary, cancelled(25*time.Second)),
		course(hasty, stranger),
		course(glance, ours, rules(2)),
		course(late, ours, cancelled(70*time.Second)),
		course(late, foreign, cancelled(70*time.Second), rules(1)),
		course(unbalanced, ours),
		course(unbalanced, nothing, release("missing")),
	}
}

// TestCrashes kills the agent before and after each call of each course.
func TestCrashes(t *testing.T) { //nolint:paralleltest // its scenarios are on every processor
	all := courses()
	switch *crashes {
	case "none":
		return
	case "few":
		all = all[:1]
	}
	var points []scenario
	var mu sync.Mutex
	each(t, slices.Values(all), func(t *testing.T, r result) {
		sum.add(t, r)
		mu.Lock()
		defer mu.Unlock()
		for _, at := range r.stops {
			for _, side := range []mishap{killBefore, killAfter} {
				sc := r.scenario
				sc.Crash = &stop{Writes: at.Writes, Call: at.Call, Mishap: side}
				points = append(points, sc)
			}
		}
	})
	if *crashes == "few" {
		points = every(points, 7)
	}
	missed := visit(t, points)
	const tries = 3 // what happens at one instant happens in any order, so a call may be made elsewhere
	for range tries {
		missed = visit(t, missed)
	}
	sum.visited, sum.of = sum.visited+len(points)-len(missed), sum.of+len(points)
	for _, sc := range missed {
		t.Errorf("not visited: %s", sc)
	}
}

// visit runs the scenarios and returns those whose crash did not happen.
func visit(t *testing.T, points []scenario) (missed []scenario) {
	t.Helper()
	if len(points) == 0 {
		return nil
	}
	var mu sync.Mutex
	each(t, slices.Values(points), func(t *testing.T, r result) {
		sum.add(t, r)
		if !r.visited {
			mu.Lock()
			defer mu.Unlock()
			missed = append(missed, r.scenario)
		}
	})
	return missed
}

// every returns each nth, beginning with the first.
func every[T any](all []T, n int) []T {
	var some []T
	for i := 0; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some
}
