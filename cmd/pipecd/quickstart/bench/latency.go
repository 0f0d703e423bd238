package main

import (
	"context"
	"fmt"
	"time"

	"pipecd/cmd/measure"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// latencies are what one run of pushes and SYNCs took.
type latencies struct {
	created, pushed, synced measure.Sample
	agent                   float64 // share of a core while nothing happens
}

func measureLatency(ctx context.Context, s settings, r *measure.Report) error {
	for _, n := range s.apps {
		var rows [][]string
		l, err := latencyWith(ctx, s, n)
		if err != nil {
			return fmt.Errorf("with %d applications: %w", n, err)
		}
		for _, m := range []struct {
			what string
			s    measure.Sample
			most time.Duration
		}{
			{"push → deployment created", l.created, 1500 * time.Millisecond},
			{"push → first AWS call", l.pushed, 1200 * time.Millisecond},
			{"SYNC → first AWS call", l.synced, 200 * time.Millisecond},
		} {
			rows = append(rows, []string{
				m.what, measure.MS(m.s.At(measure.Median)), measure.MS(m.s.At(measure.Tail)), r.Under(measure.InMS(m.s.At(measure.Median)), measure.InMS(m.most), "ms (p50)"),
			})
		}
		rows = append(rows, []string{
			"agent, idle", fmt.Sprintf("%.1f %% of a core", l.agent), "", r.Under(l.agent, 5, "% of a core"), // the target
		})
		r.Table(fmt.Sprintf("Latency with %d applications in one repository (%d runs, syncInterval 1s)", n, s.runs),
			[]string{"from → to", "p50", "p95", "target"}, rows)
	}
	return nil
}

func latencyWith(ctx context.Context, s settings, n int) (latencies, error) {
	var l latencies
	w, err := newDeployedWorld(ctx, s, worldPlan{apps: n, syncInterval: time.Second})
	if err != nil {
		return l, err
	}
	defer w.close(ctx)
	_, _ = fmt.Fprintf(s.progress, "bench: %d applications deployed\n", n)
	if l.agent, err = idleShare(ctx, w.agent, s.idle/2); err != nil { // half is enough here
		return l, err
	}
	for i := range s.runs {
		if err := w.onePush(ctx, i, &l); err != nil {
			return l, err
		}
		if err := w.oneSync(ctx, &l); err != nil {
			return l, err
		}
	}
	return l, nil
}

// onePush releases a version of the first application.
func (w *world) onePush(ctx context.Context, i int, l *latencies) error {
	before, err := w.release(ctx, i)
	if err != nil {
		return err
	}
	began := time.Now()
	d, err := w.awaitNew(ctx, 0, before)
	if err != nil {
		return err
	}
	l.created = append(l.created, time.Since(began))
	first, err := w.firstCall(ctx, began)
	if err != nil {
		return err
	}
	l.pushed = append(l.pushed, first)
	return w.finish(ctx, d.GetId())
}

// oneSync presses SYNC for the first application.
func (w *world) oneSync(ctx context.Context, l *latencies) error {
	before, err := w.newest(ctx, 0)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := w.client.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: w.apps[0]}); err != nil {
		return fmt.Errorf("pressing SYNC: %w", err)
	}
	first, err := w.firstCall(ctx, began)
	if err != nil {
		return err
	}
	l.synced = append(l.synced, first)
	d, err := w.awaitNew(ctx, 0, before.GetId())
	if err != nil {
		return err
	}
	return w.finish(ctx, d.GetId())
}
