package ecs_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform/ecs"
	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/task"
)

// direct carries requests to a handler without a socket.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r.Clone(r.Context()))
	return w.Result(), nil
}

// instant runs tasks that exist only in the answers of fine.
type instant struct{}

type instantTask struct{}

func (instant) Start(context.Context, task.Spec) (task.Instance, error) { return instantTask{}, nil }
func (instantTask) Addr() string                                        { return "in-memory" }
func (instantTask) Exited() <-chan task.Exit                            { return nil }
func (instantTask) Stop()                                               {}

// fine answers every health check.
type fine struct{}

func (fine) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// deaf is a listener nobody connects to.
type deaf struct {
	closed chan struct{}
	once   sync.Once
}

func listenDeaf(context.Context, string, string) (net.Listener, error) {
	return &deaf{closed: make(chan struct{})}, nil
}

func (d *deaf) Accept() (net.Conn, error) { <-d.closed; return nil, net.ErrClosed }
func (d *deaf) Close() error              { d.once.Do(func() { close(d.closed) }); return nil }
func (d *deaf) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// virtually runs test on a cloud without sockets whose tasks start, become
// healthy and stop at once, with the agent's timing as it is in production.
func virtually(t *testing.T, change func(*simcloud.Config), test func(t *testing.T, w *world)) {
	t.Helper()
	t.Setenv("AWS_CA_BUNDLE", "") // the SDK wants to add it to a transport of its own
	t.Setenv("AWS_ENDPOINT_URL", "http://aws.test")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	synctest.Test(t, func(t *testing.T) {
		cfg := simcloud.Config{
			Clusters: []simecs.Cluster{{Name: "prod"}},
			Timing:   simecs.Timing{SteadyCheck: time.Millisecond},
			Runner:   instant{}, Listen: listenDeaf, Transport: fine{},
			TargetGroups: []elb.TargetGroup{{Name: "blue", DeregistrationDelay: -1}, {Name: "green", DeregistrationDelay: -1}},
			LoadBalancers: []elb.LoadBalancer{{Name: "shop", Listeners: []elb.Listener{{
				Port: 80, DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: 100}, {TargetGroup: "green"}}}},
			}}}},
		}
		if change != nil {
			change(&cfg)
		}
		cloud, err := simcloud.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := cloud.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := cloud.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		tap := &wiretap{next: direct{cloud.Handler()}}
		opener, err := ecs.NewOpener(t.Context(), ecs.Config{
			Region: "ap-northeast-1", HTTPClient: &http.Client{Transport: tap},
		}, ecs.Timing{})
		if err != nil {
			t.Fatal(err)
		}
		test(t, &world{t: t, cloud: cloud, opener: opener, wire: tap})
	})
}

// wiretap is on the agent's line to the cloud.
type wiretap struct {
	next   http.RoundTripper
	before func() error // ends the call with an error, before it reaches the cloud
	after  func() error // the same, when the cloud has answered
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.before != nil {
		if err := w.before(); err != nil {
			return nil, err
		}
	}
	out, err := w.next.RoundTrip(r)
	if w.after != nil && err == nil {
		if err := w.after(); err != nil {
			return nil, err
		}
	}
	return out, err
}

// counted runs the deployment and returns its calls: those of its preflight and
// those after it.
func (d *deployment) counted(want model.DeploymentStatus) (preflight, rest []simcloud.Call) {
	d.world.t.Helper()
	return d.countedWith(verdictStage{}, want)
}

func (d *deployment) countedWith(gate stage.Stage, want model.DeploymentStatus) (preflight, rest []simcloud.Call) {
	d.world.t.Helper()
	begin, split := len(d.world.cloud.Calls()), 0
	d.checked = func() { split = len(d.world.cloud.Calls()) }
	d.mustRun(gate, want)
	calls := d.world.cloud.Calls()
	return calls[begin:split], calls[split:]
}

// table lists calls by operation, for people.
func table(calls ...[]simcloud.Call) string {
	counts := map[string][]int{}
	for i, column := range calls {
		for _, c := range column {
			if counts[c.Operation] == nil {
				counts[c.Operation] = make([]int, len(calls))
			}
			counts[c.Operation][i]++
		}
	}
	var lines []string
	for operation, n := range counts {
		lines = append(lines, fmt.Sprintf("%-28s %9d %6d", operation, n[0], n[1]))
	}
	slices.Sort(lines)
	head := fmt.Sprintf("%-28s %9s %6s\n", "operation", "preflight", "after")
	return head + strings.Join(lines, "\n") + fmt.Sprintf("\n%-28s %9d %6d", "together", len(calls[0]), len(calls[1]))
}

func TestDeploymentsAreFrugal(t *testing.T) {
	for name, tt := range map[string]struct {
		stages           []stageSpec
		fail             bool
		start            time.Duration // what a task needs until it runs
		preflight, after int           // most calls
	}{
		"quick sync":           {quickSync(), false, 0, 6, 7},
		"bad canary":           {canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}}), true, 0, 6, 22},
		"canary of slow tasks": {canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}}), false, 40 * time.Second, 6, 75},
		"canary":               {canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}}), false, 0, 6, 20},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(cfg *simcloud.Config) { cfg.Timing.TaskStart = tt.start }, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				before := w.state()
				d := w.deployment("d2", shop("v2", ""), tt.stages...)
				want := model.DeploymentSuccess
				if tt.fail {
					want = model.DeploymentFailure
				}
				preflight, after := d.countedWith(verdictStage{fail: tt.fail}, want)
				t.Logf("%s:\n%s", name, table(preflight, after))
				if len(preflight) > tt.preflight || len(after) > tt.after {
					t.Errorf("%d + %d calls, at most %d + %d are wanted\n%s", len(preflight), len(after), tt.preflight, tt.after, d.log())
				}
				now := w.state()
				if now.sets != 1 || (now.primaryID == before.primaryID) != tt.fail || (now.revision == before.revision) != tt.fail || now.primary != 100 || now.canary != 0 {
					t.Errorf("after the deployment: %+v", now)
				}
			})
		})
	}
}
