package reporter_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/piped/reporter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plane stores logs as a control plane does.
type plane struct {
	mu      sync.Mutex
	batches []apiclient.LogBatch
	at      []time.Time
	calls   int
	refuse  func(call int) error // nil accepts
	hang    bool                 // answers nothing until the caller gives up
}

func (p *plane) ReportStageLogs(ctx context.Context, b apiclient.LogBatch) error {
	p.mu.Lock()
	hang := p.hang
	p.mu.Unlock()
	if hang {
		<-ctx.Done()
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), "sending")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.refuse != nil {
		if err := p.refuse(p.calls); err != nil {
			return err
		}
	}
	for _, before := range p.batches {
		if before.Completed && before.StageID == b.StageID {
			return model.Errorf(model.CodeFailedPrecondition, "the log is complete")
		}
	}
	p.batches = append(p.batches, b)
	p.at = append(p.at, time.Now())
	return nil
}

// count returns how often a batch was sent, accepted or not.
func (p *plane) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// times returns when the batches were accepted.
func (p *plane) times() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.at)
}

// sizes returns how many lines each batch had.
func (p *plane) sizes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var sizes []int
	for _, b := range p.batches {
		sizes = append(sizes, len(b.Blocks))
	}
	return sizes
}

// blocks returns all lines and fails if they are not in order.
func (p *plane) blocks(t *testing.T) []model.LogBlock {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []model.LogBlock
	for _, b := range p.batches {
		all = append(all, b.Blocks...)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Index <= all[i-1].Index {
			t.Fatalf("index %d follows %d", all[i].Index, all[i-1].Index)
		}
	}
	return all
}

func closeLog(t *testing.T, l *reporter.StageLog, completed bool) {
	t.Helper()
	if err := l.Close(t.Context(), completed); err != nil {
		t.Error(err)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		start := time.Now()
		l := reporter.New(p, nil, nil).Open("d1", "s1", 2)
		for range 30 { // three seconds, ten lines each
			l.Infof("line")
			time.Sleep(100 * time.Millisecond)
		}
		closeLog(t, l, true)
		var at []time.Duration
		for _, moment := range p.times() {
			at = append(at, moment.Sub(start))
		}
		if len(at) != 4 || at[0] != 100*time.Millisecond {
			t.Fatalf("batches at %v, want the first after 100ms and then one per second and the last on close", at)
		}
		for i, gap := range []time.Duration{at[1] - at[0], at[2] - at[1]} {
			if gap != time.Second {
				t.Errorf("gap %d is %s", i, gap)
			}
		}
		if got := len(p.blocks(t)); got != 30 {
			t.Errorf("%d lines arrived, want 30", got)
		}
		for i, b := range p.batches {
			if b.DeploymentID != "d1" || b.StageID != "s1" || b.RetriedCount != 2 || !b.Checkpoint || b.Completed != (i == 3) {
				t.Errorf("batch %d: %+v", i, b)
			}
		}
	})
}

// After a quiet time the first line is quick again.
func TestQuietTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		for range 3 {
			time.Sleep(time.Minute)
			start := time.Now()
			l.Info("line")
			time.Sleep(time.Second)
			at := p.times()
			if got := at[len(at)-1].Sub(start); got != 100*time.Millisecond {
				t.Errorf("sent after %s", got)
			}
		}
		closeLog(t, l, false)
		if diff := cmp.Diff([]int{1, 1, 1}, p.sizes()); diff != "" {
			t.Errorf("nothing must be sent when there is nothing: %s", diff)
		}
	})
}

func TestSeverities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		l.Infof("%d", 1)
		l.Successf("%d", 2)
		l.Errorf("%d\n", 3)
		base := time.Now()
		closeLog(t, l, true)
		l.Info("too late")
		want := []model.LogBlock{
			{Index: base.UnixMilli(), Log: "1", Severity: model.LogInfo, CreatedAt: base},
			{Index: base.UnixMilli() + 1, Log: "2", Severity: model.LogSuccess, CreatedAt: base},
			{Index: base.UnixMilli() + 2, Log: "3", Severity: model.LogError, CreatedAt: base},
		}
		if diff := cmp.Diff(want, p.blocks(t)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]int{3}, p.sizes()); diff != "" {
			t.Error(diff)
		}
	})
}

// A log that was opened again continues above everything it wrote.
func TestReopened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		r := reporter.New(p, nil, nil)
		for range 3 {
			l := r.Open("d1", "s1", 0)
			for range 500 { // more than one line per millisecond
				l.Info("line")
			}
			closeLog(t, l, false)
		}
		if got := len(p.blocks(t)); got != 1500 {
			t.Errorf("%d lines", got)
		}
	})
}

func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := true
		p := &plane{refuse: func(int) error {
			if away {
				return model.Errorf(model.CodeUnavailable, "away")
			}
			return nil
		}}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		for i := range 600 {
			l.Infof("%d", i)
			time.Sleep(time.Second)
		}
		p.mu.Lock()
		calls := p.calls
		away = false
		p.mu.Unlock()
		if calls < 30 || calls > 200 {
			t.Errorf("tried %d times in ten minutes", calls)
		}
		time.Sleep(20 * time.Second)
		closeLog(t, l, true)
		all := p.blocks(t)
		if len(all) != 600 || all[0].Log != "0" || all[599].Log != "599" {
			t.Errorf("%d lines arrived", len(all))
		}
	})
}

// A log that is refused loses its lines and says so, and is not sent for ever.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  model.Code
		calls int
	}{
		{model.CodeFailedPrecondition, 1}, {model.CodeFenced, 1}, {model.CodeNotFound, 1}, {model.CodeInternal, 3}, {model.CodeExhausted, 3},
	} {
		t.Run(string(c.code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &plane{refuse: func(int) error { return model.Errorf(c.code, "no") }}
				l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
				l.Info("line")
				time.Sleep(time.Minute)
				if got := p.count(); got != c.calls {
					t.Errorf("sent %d times", got)
				}
				err := l.Close(t.Context(), false)
				if model.CodeOf(err) != c.code || !strings.Contains(err.Error(), "1 lines of the log of stage s1 were not sent") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]func() *plane{
		"hangs": func() *plane { return &plane{hang: true} },
		"away": func() *plane {
			return &plane{refuse: func(int) error { return model.Errorf(model.CodeUnavailable, "away") }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := reporter.New(p(), nil, nil).Open("d1", "s1", 0)
				for range 1500 {
					l.Info("line")
				}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				err := l.Close(ctx, true)
				if took := time.Since(start); took != 10*time.Second {
					t.Errorf("took %s", took)
				}
				if err == nil || !strings.Contains(err.Error(), "1500 lines") {
					t.Errorf("got %v", err)
				}
				if again := l.Close(t.Context(), false); !errors.Is(again, err) {
					t.Errorf("closed again: %v", again)
				}

				l = reporter.New(p(), nil, nil).Open("d1", "s2", 0)
				l.Info("line")
				start = time.Now()
				if err := l.Close(context.WithoutCancel(t.Context()), true); err == nil || time.Since(start) != time.Minute {
					t.Errorf("without a deadline: %v after %s", err, time.Since(start))
				}
			})
		})
	}
}

// Closing says that a log without lines is complete, too, and does not wait for
// the pause between batches.
func TestCloseAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		r := reporter.New(p, nil, nil)
		start := time.Now()
		closeLog(t, r.Open("d1", "s1", 0), true)
		closeLog(t, r.Open("d1", "s2", 0), false)
		l := r.Open("d1", "s3", 0)
		l.Info("line")
		closeLog(t, l, true)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
		if len(p.batches) != 2 || !p.batches[0].Completed || p.batches[0].StageID != "s1" || !p.batches[1].Completed {
			t.Errorf("got %+v", p.batches)
		}
	})
}

func TestManyWriters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		var group sync.WaitGroup
		for w := range 8 {
			group.Go(func() {
				for i := range 100 {
					l.Infof("%d/%d", w, i)
					time.Sleep(7 * time.Millisecond)
				}
			})
		}
		group.Wait()
		closeLog(t, l, true)
		seen := make(map[string]bool)
		for _, b := range p.blocks(t) {
			seen[b.Log] = true
		}
		for w := range 8 {
			for i := range 100 {
				if !seen[fmt.Sprintf("%d/%d", w, i)] {
					t.Fatalf("line %d/%d is lost", w, i)
				}
			}
		}
	})
}
