package main

import (
	"context"
	"fmt"
	"time"
)

// rest is what a world gets before it is called idle: an agent that has just
// begun still searches its repository for applications that nobody added.
const rest = 5 * time.Second

// idleShare watches a process and returns its share of one core, in percent.
func idleShare(ctx context.Context, p *process, watch time.Duration) (float64, error) {
	if err := wait(ctx, rest); err != nil {
		return 0, err
	}
	before, err := p.usage()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := wait(ctx, watch); err != nil {
		return 0, err
	}
	after, err := p.usage()
	if err != nil {
		return 0, err
	}
	const percent = 100
	return percent * (after.spent - before.spent).Seconds() / time.Since(began).Seconds(), nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

func measureIdle(ctx context.Context, s settings, r *report) error {
	w, err := newDeployedWorld(ctx, s, worldPlan{apps: 1, syncInterval: time.Second})
	if err != nil {
		return err
	}
	defer w.close(ctx)
	var rows [][]string
	for _, m := range []struct {
		name string
		p    *process
		most float64 // MB
	}{
		{"control plane (pipecd)", w.plane, 60},
		{"agent (piped)", w.agent, 50},
	} {
		share, err := idleShare(ctx, m.p, s.idle)
		if err != nil {
			return err
		}
		u, err := m.p.usage()
		if err != nil {
			return err
		}
		const mega = 1_000_000
		resident := float64(u.resident) / mega
		rows = append(rows, []string{m.name, fmt.Sprintf("%.0f MB", resident), fmt.Sprintf("%.1f %%", share), r.under(resident, m.most, "MB")})
	}
	r.table(fmt.Sprintf("Idle, one application, watched for %s", s.idle.Round(time.Second)), []string{"process", "resident", "of a core", "target"}, rows)
	return nil
}
