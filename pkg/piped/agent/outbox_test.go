package agent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

// pieces counts the reports of each call.
type pieces struct {
	sizes []int
	slow  time.Duration
	fails error
}

func (p *pieces) Record(ctx context.Context, _ string, reports []apiclient.Report) error {
	select {
	case <-time.After(p.slow):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.fails != nil {
		return p.fails
	}
	p.sizes = append(p.sizes, len(reports))
	return nil
}

func report() apiclient.Report { return apiclient.MetadataReport("d", map[string]string{"k": "v"}) }

func TestOutboxSendsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &pieces{slow: time.Millisecond}
		o := newOutbox(t.Context(), to, "d")
		add := func(n int) {
			for range n {
				if err := o.add(report()); err != nil {
					t.Error(err)
				}
			}
		}
		add(3)
		if err := o.flush(t.Context()); err != nil || len(to.sizes) != 1 || to.sizes[0] != 3 {
			t.Errorf("flush = %v after calls with %v reports, want one with 3", err, to.sizes)
		}
		add(2)
		time.Sleep(outboxDelay + to.slow) // nobody flushes
		synctest.Wait()
		if len(to.sizes) != 2 || to.sizes[1] != 2 {
			t.Errorf("calls with %v reports, want the second with 2 by itself", to.sizes)
		}
		add(1)
		o.close(t.Context())
		if len(to.sizes) != 3 {
			t.Errorf("calls with %v reports, want what was left", to.sizes)
		}
	})
}

// TestOutboxFlushWaitsForWhatIsUnderWay: what the timer sends is older than what
// a flush is asked for, and an effect must not be made before either is stored.
func TestOutboxFlushWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		to := &pieces{slow: time.Second}
		o := newOutbox(t.Context(), to, "d")
		_ = o.add(report())
		time.Sleep(outboxDelay + time.Millisecond) // the timer's call is under way
		if err := o.flush(t.Context()); err != nil || len(to.sizes) != 1 {
			t.Errorf("flush = %v after %d calls, want it to wait for the one", err, len(to.sizes))
		}
		o.close(t.Context())
	})
}

// TestOutboxSendsNothingAfterARefusal: and says so to whoever comes next.
func TestOutboxSendsNothingAfterARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refusal := model.Errorf(model.CodeFenced, "another process acts")
		to := &pieces{fails: refusal}
		o := newOutbox(t.Context(), to, "d")
		_ = o.add(report())
		time.Sleep(outboxDelay)
		synctest.Wait()
		to.fails = nil
		if err := o.add(report()); !errors.Is(err, refusal) {
			t.Errorf("add = %v, want the refusal", err)
		}
		if err := o.flush(t.Context()); !errors.Is(err, refusal) {
			t.Errorf("flush = %v, want the refusal", err)
		}
		o.close(t.Context())
		if len(to.sizes) != 0 {
			t.Errorf("calls with %v reports after a refusal", to.sizes)
		}
	})
}

// TestOutboxSendsTheLastWhileStopping: what was done is recorded although the
// process stops.
func TestOutboxSendsTheLastWhileStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		to := &pieces{slow: time.Second}
		o := newOutbox(ctx, to, "d")
		_ = o.add(report())
		stop()
		o.close(ctx)
		if len(to.sizes) != 1 {
			t.Errorf("calls with %v reports, want the last", to.sizes)
		}
		to.slow = time.Hour // the control plane is away
		away := newOutbox(ctx, to, "d")
		_ = away.add(report())
		begun := time.Now()
		away.close(ctx)
		if took := time.Since(begun); took > outboxLast {
			t.Errorf("it took %s to let go", took)
		}
	})
}
