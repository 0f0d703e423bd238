package main

import (
	"context"
	"fmt"
	"time"

	"pipecd/cmd/measure"
)

// rest is what a world gets before it is called idle: an agent that has just
// begun still searches its repository for applications that nobody added.
const rest = 5 * time.Second

// idleShare lets a process rest and returns its share of one core, in percent.
func idleShare(ctx context.Context, p *measure.Process, watch time.Duration) (float64, error) {
	if err := measure.Wait(ctx, rest); err != nil {
		return 0, err
	}
	return p.Share(ctx, watch)
}

func measureIdle(ctx context.Context, s settings, r *measure.Report) error {
	w, err := newDeployedWorld(ctx, s, worldPlan{apps: 1, syncInterval: time.Second})
	if err != nil {
		return err
	}
	defer w.close(ctx)
	var rows [][]string
	for _, m := range []struct {
		name string
		p    *measure.Process
		most float64 // MB
	}{
		{"control plane (pipecd)", w.plane, 60},
		{"agent (piped)", w.agent, 50},
	} {
		share, err := idleShare(ctx, m.p, s.idle)
		if err != nil {
			return err
		}
		u, err := m.p.Usage()
		if err != nil {
			return err
		}
		resident := u.Megabytes()
		rows = append(rows, []string{m.name, fmt.Sprintf("%.0f MB", resident), fmt.Sprintf("%.1f %%", share), r.Under(resident, m.most, "MB")})
	}
	r.Table(fmt.Sprintf("Idle, one application, watched for %s", s.idle.Round(time.Second)), []string{"process", "resident", "of a core", "target"}, rows)
	return nil
}
