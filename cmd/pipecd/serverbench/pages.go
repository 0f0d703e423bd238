package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pipecd/cmd/measure"
	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// page is one question a page of the UI asks.
type page struct {
	name string
	ask  func(ctx context.Context, c webv1connect.WebServiceClient, rows int32) error
}

const uiPage = 50 // rows of a page of the UI's lists

// measurePages fills the database and asks what the UI's pages ask.
func measurePages(ctx context.Context, s settings, r *measure.Report) error {
	w, err := newWorld(ctx, s)
	if err != nil {
		return err
	}
	defer w.close()
	agents, err := w.addAgents(ctx, 1)
	if err != nil {
		return err
	}
	apps, err := w.fillApplications(ctx, s, agents[0].id, 0, s.applications)
	if err != nil {
		return err
	}
	if err := w.fillDeployments(ctx, s, apps); err != nil {
		return err
	}
	half, err := w.halfWay(ctx, s.deployments)
	if err != nil {
		return err
	}
	heading := fmt.Sprintf("Pages with %d applications and %d deployments", s.applications, s.deployments)
	if err := w.pagesTable(ctx, r, heading, append(applicationPages(apps[0].ID), deploymentPages(apps[0].ID, agents[0].deployment, half)...)); err != nil {
		return err
	}
	if _, err := w.fillApplications(ctx, s, agents[0].id, s.applications, s.many); err != nil {
		return err
	}
	return w.pagesTable(ctx, r, fmt.Sprintf("Pages with %d applications", s.many), applicationPages(apps[0].ID))
}

// fillApplications adds applications until there are n.
func (w *world) fillApplications(ctx context.Context, s settings, pipedID string, have, n int) ([]*model.Application, error) {
	began := time.Now()
	apps := make([]*model.Application, n-have)
	err := w.quickly(ctx, func() error {
		return inParallel(len(apps), func(i int) error {
			apps[i] = sampleApplication(pipedID, have+i, began.Add(-time.Duration(i)*time.Second))
			if i%20 == 0 {
				apps[i].SyncState.Status = model.SyncOutOfSync
			}
			return w.store.AddApplication(ctx, apps[i])
		})
	})
	_, _ = fmt.Fprintf(s.progress, "serverbench: %d applications written in %s\n", len(apps), time.Since(began).Round(time.Second))
	return apps, err
}

// fillDeployments writes the history of the applications.
func (w *world) fillDeployments(ctx context.Context, s settings, apps []*model.Application) error {
	began := time.Now()
	err := w.quickly(ctx, func() error {
		return inParallel(s.deployments, func(i int) error {
			app := apps[i%len(apps)]
			d := sampleDeployment(app, model.DeploymentSuccess, began.Add(-time.Duration(i)*time.Minute))
			if i%10 == 0 {
				d.Status = model.DeploymentFailure
			}
			return w.store.CreateDeployment(ctx, model.Fence{PipedID: app.PipedID}, d)
		})
	})
	_, _ = fmt.Fprintf(s.progress, "serverbench: %d deployments written in %s\n", s.deployments, time.Since(began).Round(time.Second))
	return err
}

func applicationPages(app string) []page {
	list := func(filter *webv1.ApplicationFilter) func(context.Context, webv1connect.WebServiceClient, int32) error {
		return func(ctx context.Context, c webv1connect.WebServiceClient, rows int32) error {
			got, err := c.ListApplications(ctx, &webv1.ListApplicationsRequest{Filter: filter, PageSize: rows})
			return notEmpty(len(got.GetApplications()), err)
		}
	}
	return []page{
		{"applications, first page", list(&webv1.ApplicationFilter{})},
		{"applications, by part of a name", list(&webv1.ApplicationFilter{Name: "ice-0199"})},
		{"applications, by status", list(&webv1.ApplicationFilter{SyncStatuses: []modelpb.ApplicationSyncStatus{modelpb.ApplicationSyncStatus_OUT_OF_SYNC}})},
		{"applications, by label", list(&webv1.ApplicationFilter{Labels: map[string]string{"team": "team-3"}})},
		{"applications, counts", func(ctx context.Context, c webv1connect.WebServiceClient, _ int32) error {
			_, err := c.CountApplications(ctx, &webv1.CountApplicationsRequest{})
			return err
		}},
		{"one application", func(ctx context.Context, c webv1connect.WebServiceClient, _ int32) error {
			_, err := c.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: app})
			return err
		}},
	}
}

func deploymentPages(app, deployment, half string) []page {
	list := func(request *webv1.ListDeploymentsRequest) func(context.Context, webv1connect.WebServiceClient, int32) error {
		return func(ctx context.Context, c webv1connect.WebServiceClient, rows int32) error {
			request.PageSize = rows
			got, err := c.ListDeployments(ctx, request)
			return notEmpty(len(got.GetDeployments()), err)
		}
	}
	failed := []modelpb.DeploymentStatus{modelpb.DeploymentStatus_DEPLOYMENT_FAILURE}
	return []page{
		{"deployments, first page", list(&webv1.ListDeploymentsRequest{})},
		{"deployments, half-way down", list(&webv1.ListDeploymentsRequest{Cursor: half})},
		{"deployments of an application", list(&webv1.ListDeploymentsRequest{ApplicationId: app})},
		{"deployments, failed", list(&webv1.ListDeploymentsRequest{Statuses: failed})},
		{"deployments, by part of a name", list(&webv1.ListDeploymentsRequest{ApplicationName: "ice-0199"})},
		{"deployments, by label", list(&webv1.ListDeploymentsRequest{Labels: map[string]string{"team": "team-3"}})},
		{"one deployment", func(ctx context.Context, c webv1connect.WebServiceClient, _ int32) error {
			_, err := c.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: deployment})
			return err
		}},
	}
}

func notEmpty(rows int, err error) error {
	if err == nil && rows == 0 {
		return errors.New("the page is empty")
	}
	return err
}

// halfWay turns pages until half of the deployments lie behind, and returns the
// cursor of the next.
func (w *world) halfWay(ctx context.Context, all int) (cursor string, err error) {
	const size = 500
	client := w.web()
	for range max(all/2/size, 1) {
		got, err := client.ListDeployments(ctx, &webv1.ListDeploymentsRequest{PageSize: size, Cursor: cursor})
		if err != nil {
			return "", err
		}
		cursor = got.GetCursor()
	}
	return cursor, nil
}

func (w *world) pagesTable(ctx context.Context, r *measure.Report, heading string, pages []page) error {
	const (
		times = 30
		most  = 100 // ms
	)
	client := w.web()
	var rows [][]string
	for _, p := range pages {
		var took measure.Sample
		for i := range int32(times) {
			began := time.Now()
			// Each asks for another number of rows, so that none is answered from memory.
			if err := p.ask(ctx, client, uiPage+i-times/2); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			took = append(took, time.Since(began))
		}
		rows = append(rows, []string{
			p.name, measure.MS(took.At(measure.Median)), measure.MS(took.At(measure.Tail)), r.Under(measure.InMS(took.At(measure.Tail)), most, "ms (p95)"),
		})
	}
	r.Table(heading, []string{"page", "p50", "p95", "target"}, rows)
	return nil
}
