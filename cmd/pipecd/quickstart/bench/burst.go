package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"pipecd/cmd/measure"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// spent is the processor time of all that takes part.
type spent struct{ plane, agent, git, bench time.Duration }

func (w *world) spent() (spent, error) {
	var all spent
	for _, m := range []struct {
		pid        int
		own, other *time.Duration
	}{
		{w.plane.PID(), &all.plane, new(time.Duration)},
		{w.agent.PID(), &all.agent, &all.git},
		{os.Getpid(), &all.bench, new(time.Duration)},
	} {
		u, err := measure.UsageOf(m.pid)
		if err != nil {
			return all, err
		}
		*m.own, *m.other = u.Spent, u.Children
	}
	return all, nil
}

// open are the statuses of a deployment that goes on.
func open() []modelpb.DeploymentStatus {
	return []modelpb.DeploymentStatus{
		modelpb.DeploymentStatus_DEPLOYMENT_PENDING, modelpb.DeploymentStatus_DEPLOYMENT_PLANNED,
		modelpb.DeploymentStatus_DEPLOYMENT_RUNNING, modelpb.DeploymentStatus_DEPLOYMENT_ROLLING_BACK,
	}
}

// measureBurst adds many applications and waits until all are deployed.
func measureBurst(ctx context.Context, s settings, r *measure.Report) error {
	const n = 100
	w, err := newWorld(ctx, s, worldPlan{apps: n, syncInterval: time.Second})
	if err != nil {
		return err
	}
	defer w.close(ctx)
	before, err := w.spent()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.addApps(ctx); err != nil {
		return err
	}
	added := time.Since(began)
	err = w.every(ctx, 100*time.Millisecond, patience, "all are deployed", func() (bool, error) {
		open, err := w.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{Statuses: open(), PageSize: 1})
		if err != nil || len(open.GetDeployments()) > 0 {
			return false, err
		}
		list, err := w.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{
			Statuses: []modelpb.DeploymentStatus{modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, modelpb.DeploymentStatus_DEPLOYMENT_FAILURE},
			PageSize: 2 * n, // more than there can be
		})
		if err != nil {
			return false, err
		}
		for _, d := range list.GetDeployments() {
			if d.GetStatus() == modelpb.DeploymentStatus_DEPLOYMENT_FAILURE {
				return false, fmt.Errorf("deployment %s of %s failed: %s", d.GetId(), d.GetApplicationName(), d.GetStatusReason())
			}
		}
		return len(list.GetDeployments()) >= n, nil
	})
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := w.spent()
	if err != nil {
		return err
	}
	r.Table(fmt.Sprintf("%d first deployments at once", n), []string{"measure", "value", "target"}, [][]string{
		{"first added → last deployed", measure.MS(took), r.Under(took.Seconds(), 5, "s")}, // the target
		{"of that, adding them", measure.MS(added), ""},
		{"processor time, control plane", measure.MS(after.plane - before.plane), ""},
		{"processor time, agent", measure.MS(after.agent - before.agent), ""},
		{"processor time, git", measure.MS(after.git - before.git), ""},
		{"processor time, simulated cloud and this program", measure.MS(after.bench - before.bench), ""},
	})
	return nil
}
