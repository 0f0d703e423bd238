package main

import (
	"context"
	"fmt"
	"time"

	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// measureBurst adds many applications and waits until all are deployed.
func measureBurst(ctx context.Context, s settings, r *report) error {
	const n = 100
	w, err := newWorld(ctx, s, n, "")
	if err != nil {
		return err
	}
	defer w.close(ctx)
	began := time.Now()
	if err := w.addApps(ctx, 0, n); err != nil {
		return err
	}
	added := time.Since(began)
	err = w.every(ctx, 100*time.Millisecond, patience, "all are deployed", func() (bool, error) {
		list, err := w.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{
			Statuses: []modelpb.DeploymentStatus{modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, modelpb.DeploymentStatus_DEPLOYMENT_FAILURE},
			PageSize: 2 * n, //nolint:mnd // more than there can be
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
	r.table(fmt.Sprintf("%d first deployments at once", n), []string{"measure", "value", "target"}, [][]string{
		{"first added → last deployed", ms(took), r.under(took.Seconds(), 5, "s")}, //nolint:mnd // the target
		{"of that, adding them", ms(added), ""},
	})
	return nil
}
