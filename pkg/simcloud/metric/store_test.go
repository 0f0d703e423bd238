package metric_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"pipecd/pkg/simcloud/metric"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// values returns the points of the only series, as offsets from start.
func values(t *testing.T, s *metric.Store, name string, start time.Time) map[time.Duration]float64 {
	t.Helper()
	got := map[time.Duration]float64{}
	series := s.Query(name, start, start.Add(24*time.Hour))
	if len(series) > 1 {
		t.Fatalf("%d series of %s", len(series), name)
	}
	for _, one := range series {
		for _, p := range one.Points {
			got[p.Time.Sub(start)] = p.Value
		}
	}
	return got
}

func TestSparseAndDelayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := metric.New(metric.Config{Resolution: time.Minute, Delay: 2 * time.Minute})
		tags := []string{"b:2", "a:1"}
		s.Add("errors", tags, 1)
		s.Add("errors", []string{"a:1", "b:2"}, 2) // the same series
		time.Sleep(3*time.Minute - time.Nanosecond)
		if got := values(t, s, "errors", start); len(got) != 0 {
			t.Errorf("visible before the delay: %v", got)
		}
		time.Sleep(time.Nanosecond)
		if diff := cmp.Diff(map[time.Duration]float64{0: 3}, values(t, s, "errors", start)); diff != "" {
			t.Error(diff)
		}
		s.Add("errors", tags, 5) // minute 3
		time.Sleep(10 * time.Minute)
		// Minutes 1 and 2 have no point: nothing happened in them.
		if diff := cmp.Diff(map[time.Duration]float64{0: 3, 3 * time.Minute: 5}, values(t, s, "errors", start)); diff != "" {
			t.Error(diff)
		}
		if got := s.Query("errors", start.Add(time.Minute), start.Add(3*time.Minute)); len(got) != 0 {
			t.Errorf("a series without a point in the window: %+v", got)
		}
		if diff := cmp.Diff([]string{"a:1", "b:2"}, s.Query("errors", start, start.Add(time.Hour))[0].Tags); diff != "" {
			t.Error(diff)
		}
	})
}

func TestKinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := metric.New(metric.Config{Resolution: time.Second})
		for _, v := range []float64{1, 2, 6} {
			s.Add("count", nil, v)
			s.Observe("average", nil, v)
			s.Set("gauge", nil, v)
		}
		time.Sleep(time.Second)
		for name, want := range map[string]float64{"count": 9, "average": 3, "gauge": 6} {
			if got := values(t, s, name, start)[0]; got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := metric.New(metric.Config{Resolution: time.Second, Retention: time.Minute, MaxSeries: 3})
		for i := range 5 {
			s.Add("m", []string{fmt.Sprintf("n:%d", i)}, 1)
		}
		if got := s.Dropped(); got != 2 {
			t.Errorf("dropped %d values, want 2", got)
		}
		time.Sleep(time.Second)
		if got := len(s.Query("m", start, start.Add(time.Hour))); got != 3 {
			t.Errorf("%d series, want 3", got)
		}
		time.Sleep(2 * time.Minute)
		if got := s.Query("m", start, start.Add(time.Hour)); len(got) != 0 {
			t.Errorf("kept beyond the retention: %+v", got)
		}
		s.Add("m", []string{"n:9"}, 1) // the expired ones made room
		if got := s.Dropped(); got != 2 {
			t.Errorf("dropped %d values, want 2", got)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := metric.New(metric.Config{Resolution: time.Millisecond})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				s.Add("m", []string{"a:1"}, 1)
				s.Query("m", time.Time{}, time.Now().Add(time.Hour))
			}
		})
	}
	wg.Wait()
}
