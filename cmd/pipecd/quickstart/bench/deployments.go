package main

import (
	"context"
	"fmt"
	"time"

	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const patience = 5 * time.Minute

// newest returns the application's newest deployment, nil before the first.
func (w *world) newest(ctx context.Context, app int) (*modelpb.Deployment, error) {
	list, err := w.client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{ApplicationId: w.apps[app], PageSize: 1})
	if err != nil || len(list.GetDeployments()) == 0 {
		return nil, err
	}
	return list.GetDeployments()[0], nil
}

// release pushes the i-th next version of the first application and returns
// which deployment was its newest before.
func (w *world) release(ctx context.Context, i int) (before string, err error) {
	d, err := w.newest(ctx, 0)
	if err != nil {
		return "", err
	}
	version := fmt.Sprintf("v%d", i+1)
	if err := w.writeApp(0, version); err != nil {
		return "", err
	}
	return d.GetId(), w.push(ctx, "Release "+version)
}

// awaitNew returns when the application has another newest deployment than
// before.
func (w *world) awaitNew(ctx context.Context, app int, before string) (*modelpb.Deployment, error) {
	var found *modelpb.Deployment
	err := w.until(ctx, patience, "a deployment is created", func() (bool, error) {
		d, err := w.newest(ctx, app)
		found = d
		return d != nil && d.GetId() != before, err
	})
	return found, err
}

func completed(s modelpb.DeploymentStatus) bool {
	return s == modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS || s == modelpb.DeploymentStatus_DEPLOYMENT_FAILURE ||
		s == modelpb.DeploymentStatus_DEPLOYMENT_CANCELLED
}

// finish returns when the deployment has succeeded.
func (w *world) finish(ctx context.Context, id string) error {
	return w.until(ctx, patience, "the deployment is completed", func() (bool, error) {
		got, err := w.client.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: id})
		if err != nil || !completed(got.GetDeployment().GetStatus()) {
			return false, err
		}
		if d := got.GetDeployment(); d.GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
			return false, fmt.Errorf("deployment %s ended with %s: %s", id, d.GetStatus(), d.GetStatusReason())
		}
		return true, nil
	})
}

// settle returns when every application has a successful deployment and none
// runs.
func (w *world) settle(ctx context.Context) error {
	for i := range min(len(w.apps), mostDeployed) {
		d, err := w.awaitNew(ctx, i, "")
		if err != nil {
			return err
		}
		if err := w.finish(ctx, d.GetId()); err != nil {
			return err
		}
	}
	return nil
}

// firstCall waits for the first call to AWS after the moment.
func (w *world) firstCall(ctx context.Context, since time.Time) (time.Duration, error) {
	var first time.Duration
	err := w.until(ctx, patience, "AWS is called", func() (bool, error) {
		calls := w.cloud.since(since)
		if len(calls) == 0 {
			return false, nil
		}
		first = calls[0].At.Sub(since)
		return true, nil
	})
	return first, err
}
