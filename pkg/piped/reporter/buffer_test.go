package reporter_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/reporter"
)

// When more was written than is kept, the middle goes, and a mark says so.
func TestFullBuffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{hang: true}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		l.Info("first")
		time.Sleep(time.Second) // one batch is under way
		for i := range 25_000 {
			l.Infof("%d", i)
		}
		p.mu.Lock()
		p.hang = false
		p.mu.Unlock()
		// The call under way ends only with its context: lose that line.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Close(ctx, true); err == nil {
			t.Error("lost lines must be an error")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		away := true
		p := &plane{refuse: func(int) error {
			if away {
				return model.Errorf(model.CodeUnavailable, "away")
			}
			return nil
		}}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		l.Info("first")
		time.Sleep(500 * time.Millisecond)
		for i := range 25_000 {
			l.Infof("%d", i)
		}
		p.mu.Lock()
		away = false
		p.mu.Unlock()
		closeLog(t, l, true)
		all := p.blocks(t)
		if len(all) != 10_002 { // the one under way, the buffer, the mark
			t.Fatalf("%d lines arrived", len(all))
		}
		want := "… 15000 lines are missing here: the control plane could not be reached and the buffer was full …"
		if all[0].Log != "first" || all[1].Log != "0" || all[5000].Log != "4999" || all[5001].Log != want || all[5002].Log != "20000" || all[10_001].Log != "24999" {
			t.Errorf("got %q, %q, %q, %q, %q, %q", all[0].Log, all[1].Log, all[5000].Log, all[5001].Log, all[5002].Log, all[10_001].Log)
		}
		for _, size := range p.sizes() {
			if size > 1000 {
				t.Errorf("a batch of %d lines", size)
			}
		}
	})
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		l := reporter.New(p, nil, nil).Open("d1", "s1", 0)
		l.Info(strings.Repeat("あ", 100_000))
		l.Info(strings.Repeat("x", 16<<10))
		for range 200 {
			l.Info(strings.Repeat("y", 16<<10))
		}
		closeLog(t, l, true)
		all := p.blocks(t)
		if got := all[0].Log; len(got) > 16<<10 || !strings.HasSuffix(got, "あ … (cut: 300000 bytes in all)") {
			t.Errorf("%d bytes, ends with %q", len(got), got[len(got)-40:])
		}
		if got := len(all[1].Log); got != 16<<10 {
			t.Errorf("a line of exactly the limit has %d bytes", got)
		}
		for i, b := range p.batches {
			size := 0
			for _, block := range b.Blocks {
				size += len(block.Log)
			}
			if size > 2<<20 {
				t.Errorf("batch %d has %d bytes", i, size)
			}
		}
	})
}
