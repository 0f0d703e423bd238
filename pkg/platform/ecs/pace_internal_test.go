package ecs

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceHalvesWhenThrottledAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(20)
		for range 50 { // answers to requests that were on their way together
			p.heard(true)
		}
		if got := float64(p.limiter.Limit()); got != 10 {
			t.Errorf("%v requests per second after one refusal, want 10", got)
		}
		for range 100 {
			time.Sleep(changesApart)
			p.heard(true)
		}
		if got := float64(p.limiter.Limit()); got != slowest || p.limiter.Burst() != 1 {
			t.Errorf("%v requests per second and a burst of %d after many, want %v and 1", got, p.limiter.Burst(), slowest)
		}
		for range 30 {
			time.Sleep(changesApart)
			p.heard(false)
		}
		if got := float64(p.limiter.Limit()); got != 20 || p.limiter.Burst() != burst {
			t.Errorf("%v requests per second and a burst of %d after it went well, want 20 and %d", got, p.limiter.Burst(), burst)
		}
	})
}
