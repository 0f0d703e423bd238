package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

// plane is a control plane that remembers reports.
type plane struct {
	mu      sync.Mutex
	reports []string
	updates []string
	apps    []*model.Application
	err     error
}

func (p *plane) report(_ context.Context, found []*model.Application) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, a := range found {
		names = append(names, a.GitPath.Repo.ID+":"+a.Name+"@"+a.PipedID)
	}
	p.reports = append(p.reports, strings.Join(names, " "))
	return p.err
}

func (p *plane) update(_ context.Context, apps []*model.Application) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range apps {
		p.updates = append(p.updates, fmt.Sprintf("%s: %s %q %v", a.ID, a.Name, a.Description, a.Labels))
	}
	return p.err
}

func (p *plane) takeUpdates() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.updates
	p.updates = nil
	return out
}

func (p *plane) applications() []*model.Application {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.apps
}

func (p *plane) set(err error, apps ...*model.Application) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.apps = err, apps
}

func (p *plane) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.reports
	p.reports = nil
	return out
}

// watch runs f with a reporter that works.
func watch(t *testing.T, f func(t *testing.T, p *plane, r *Reporter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &plane{}
		r := NewReporter(Options{Report: p.report, Update: p.update, Applications: p.applications, PipedID: "p", Logger: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		f(t, p, r)
		stop()
		<-done
	})
}

func wantReports(t *testing.T, p *plane, want ...string) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, p.take()); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestReporter(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, p *plane, r *Reporter) {
		shop, infra := model.GitRepository{ID: "shop"}, model.GitRepository{ID: "infra"}
		web := &model.Application{GitPath: model.GitPath{Repo: shop, Path: "web"}}
		p.set(nil, web)
		time.Sleep(5 * time.Minute)
		wantReports(t, p) // nothing was searched yet
		r.Look(t.Context(), fstest.MapFS{"web/app.pipecd.yaml": file("web"), "db/app.pipecd.yaml": file("db")}, shop)
		wantReports(t, p, "shop:db@p")
		r.Look(t.Context(), fstest.MapFS{"dns/app.pipecd.yaml": file("dns")}, infra)
		wantReports(t, p, "infra:dns@p shop:db@p")
		r.Look(t.Context(), fstest.MapFS{"dns/app.pipecd.yaml": file("dns"), "README": {}}, infra)
		time.Sleep(5 * time.Minute)
		wantReports(t, p) // the same again

		p.set(nil) // web was deleted: it can be added again
		time.Sleep(2 * time.Minute)
		wantReports(t, p, "infra:dns@p shop:db@p shop:web@p")
		r.Look(t.Context(), fstest.MapFS{}, shop)
		wantReports(t, p, "infra:dns@p")
	})
}

func TestReporterUpdates(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, p *plane, r *Reporter) {
		at := model.GitPath{Repo: model.GitRepository{ID: "shop"}, Path: "web"}
		labels := map[string]string{"team": "shop"}
		typed := &model.Application{ID: "1", Name: "typed", GitPath: at}
		p.set(nil, typed, &model.Application{ID: "2", Name: "web", Description: "it sells", Labels: labels, GitPath: at})
		wantUpdates := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if diff := cmp.Diff(want, p.takeUpdates()); diff != "" {
				t.Errorf("updates (-want +got):\n%s", diff)
			}
		}
		r.Look(t.Context(), fstest.MapFS{"web/app.pipecd.yaml": file("web")}, at.Repo)
		wantUpdates(`1: web "it sells" map[team:shop]`)
		time.Sleep(5 * time.Minute)
		wantUpdates() // that the list of applications is not up to date yet is no reason to say it again
		p.set(nil, &model.Application{ID: "1", Name: "web", Description: "it sells", Labels: labels, GitPath: at})
		r.Compare()
		wantUpdates()
		p.set(nil, typed) // somebody changed it by hand
		r.Compare()
		wantUpdates(`1: web "it sells" map[team:shop]`)
	})
}

func TestDescriptionOfAPersonStays(t *testing.T) {
	t.Parallel()
	known := &model.Application{Name: "web", Description: "by hand"}
	if told := saidBy(&model.Application{Name: "web"}, known); told != nil {
		t.Errorf("told %v", told)
	}
	if told := saidBy(&model.Application{Name: "web", Description: "by file"}, known); told == nil || told.Description != "by file" {
		t.Errorf("told %v", told)
	}
}

func TestReporterClearsWhatWasSaidBefore(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, p *plane, r *Reporter) {
		r.Look(t.Context(), fstest.MapFS{}, model.GitRepository{ID: "shop"})
		wantReports(t, p, "")
	})
}

func TestReportFails(t *testing.T) {
	t.Parallel()
	watch(t, func(t *testing.T, p *plane, r *Reporter) {
		p.set(errors.New("no"))
		r.Look(t.Context(), fstest.MapFS{"a/app.pipecd.yaml": file("a")}, model.GitRepository{ID: "shop"})
		wantReports(t, p, "shop:a@p")
		p.set(model.Errorf(model.CodeUnimplemented, "never heard of it"))
		time.Sleep(3 * time.Minute)
		wantReports(t, p, "shop:a@p") // and then no more
	})
}
