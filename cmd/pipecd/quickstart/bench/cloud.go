package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/task"
)

const (
	region      = "ap-northeast-1"
	account     = "123456789012"
	clusterName = "bench"
	rulesPerLB  = 50
)

// cloud is a simulated cloud whose tasks start at once and are always healthy.
type cloud struct {
	*simcloud.Cloud

	url            string
	apiKey, appKey string
	server         *http.Server
}

// newCloud has two target groups for each of n applications, behind a listener
// of its own for the first and behind rules for the others.
func newCloud(ctx context.Context, n int) (*cloud, error) {
	c := &cloud{apiKey: rand.Text(), appKey: rand.Text()}
	groups, balancers := layout(n)
	sim, err := simcloud.New(simcloud.Config{
		Account: account, Region: region,
		Clusters:     []simecs.Cluster{{Name: clusterName}},
		Timing:       simecs.Timing{SteadyCheck: 10 * time.Millisecond},
		TargetGroups: groups, LoadBalancers: balancers,
		DatadogAPIKey: c.apiKey, DatadogApplicationKey: c.appKey,
		Runner: idleTasks{}, Transport: healthy{}, Listen: nowhere,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	c.Cloud = sim
	if err := sim.Start(ctx); err != nil {
		return nil, errors.Join(err, sim.Close(ctx))
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening a port for the simulated cloud: %w", err), sim.Close(ctx))
	}
	c.url = "http://" + l.Addr().String()
	c.server = &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = c.server.Serve(l) }() // ends with close
	return c, nil
}

func (c *cloud) close(ctx context.Context) error { return errors.Join(c.server.Close(), c.Close(ctx)) }

func blue(i int) string  { return fmt.Sprintf("blue-%d", i) }
func green(i int) string { return fmt.Sprintf("green-%d", i) }

// layout spreads the applications over load balancers. The first application
// has a listener that is its alone; the others share one per fifty, by path.
func layout(n int) ([]elb.TargetGroup, []elb.LoadBalancer) {
	check := elb.HealthCheck{Interval: time.Minute, HealthyThreshold: 1}
	var groups []elb.TargetGroup
	for i := range n {
		for _, name := range []string{blue(i), green(i)} {
			groups = append(groups, elb.TargetGroup{Name: name, HealthCheck: check, DeregistrationDelay: -1})
		}
	}
	both := func(i int) []elb.Action {
		return []elb.Action{{Forward: []elb.Weighted{{TargetGroup: blue(i), Weight: 100}, {TargetGroup: green(i), Weight: 0}}}}
	}
	balancers := []elb.LoadBalancer{{Name: "first", Listeners: []elb.Listener{{Port: 80, DefaultActions: both(0)}}}}
	for from := 1; from < n; from += rulesPerLB {
		listener := elb.Listener{Port: 80, DefaultActions: both(from)}
		for i := from + 1; i < min(from+rulesPerLB, n); i++ {
			listener.Rules = append(listener.Rules, elb.Rule{Priority: i, Paths: []string{fmt.Sprintf("/%d/*", i)}, Actions: both(i)})
		}
		balancers = append(balancers, elb.LoadBalancer{Name: fmt.Sprintf("shared-%d", from), Listeners: []elb.Listener{listener}})
	}
	return groups, balancers
}

// since returns the calls to AWS after the moment, in the order they came in.
func (c *cloud) since(t time.Time) []simcloud.Call {
	calls := slices.DeleteFunc(c.Calls(), func(c simcloud.Call) bool { return c.At.Before(t) || c.Service == "datadog" })
	slices.SortFunc(calls, func(a, b simcloud.Call) int { return a.At.Compare(b.At) })
	return calls
}

// idleTasks are tasks that run and do nothing: no sockets, no goroutines.
type idleTasks struct{}

// Start implements task.Runner.
func (idleTasks) Start(context.Context, task.Spec) (task.Instance, error) { return idleTask{}, nil }

type idleTask struct{}

func (idleTask) Addr() string             { return "127.0.0.1:1" }
func (idleTask) Exited() <-chan task.Exit { return nil }
func (idleTask) Stop()                    {}

// healthy answers every health check in place of the tasks.
type healthy struct{}

// RoundTrip implements http.RoundTripper.
func (healthy) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

// nowhere stands in for the load balancers' sockets: nobody sends requests.
func nowhere(context.Context, string, string) (net.Listener, error) {
	return &silent{closed: make(chan struct{})}, nil
}

type silent struct{ closed chan struct{} }

func (s *silent) Accept() (net.Conn, error) {
	<-s.closed
	return nil, net.ErrClosed
}

func (s *silent) Close() error {
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	return nil
}

func (*silent) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} } // the port of HTTP
