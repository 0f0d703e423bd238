package quickstart

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/metric"
)

// Pace of the simulated cloud: fast enough for a tour, slow enough to watch.
const (
	taskStart           = time.Second
	healthInterval      = 500 * time.Millisecond
	deregistrationDelay = 2 * time.Second
	requestsPerSecond   = 60
	metricResolution    = time.Second
	metricDelay         = time.Second
)

// cloud is the simulated cloud with its address.
type cloud struct {
	*simcloud.Cloud

	url            string
	apiKey, appKey string
	server         *http.Server
}

func newCloud(ctx context.Context, logger *slog.Logger) (*cloud, error) {
	c := &cloud{apiKey: rand.Text(), appKey: rand.Text()}
	check := elb.HealthCheck{Path: "/healthz", Interval: healthInterval, Timeout: healthInterval, HealthyThreshold: 1, UnhealthyThreshold: 3}
	sim, err := simcloud.New(simcloud.Config{
		Account: account, Region: region,
		Clusters: []simecs.Cluster{{Name: clusterName}},
		Timing:   simecs.Timing{TaskStart: taskStart, TaskStop: taskStart / 2},
		TargetGroups: []elb.TargetGroup{
			{Name: "blue", HealthCheck: check, DeregistrationDelay: deregistrationDelay},
			{Name: "green", HealthCheck: check, DeregistrationDelay: deregistrationDelay},
		},
		LoadBalancers: []elb.LoadBalancer{{Name: balancerName, Listeners: []elb.Listener{{
			DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: 100}, {TargetGroup: "green", Weight: 0}}}},
		}}}},
		Metrics:       metric.Config{Resolution: metricResolution, Delay: metricDelay},
		MetricTags:    []string{"env:prd"},
		DatadogAPIKey: c.apiKey, DatadogApplicationKey: c.appKey,
		Traffic: &simcloud.Traffic{LoadBalancer: balancerName, RPS: requestsPerSecond},
		Log:     logger,
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
	c.server = &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 5 * time.Second} // one server, one timeout
	go func() {
		if err := c.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the simulated cloud stopped serving", slog.Any("error", err))
		}
	}()
	return c, nil
}

func (c *cloud) close(ctx context.Context) error {
	return errors.Join(c.server.Close(), c.Close(ctx))
}

func (c *cloud) primaryARN() string { return c.ELB.TargetGroupARN("blue") }
func (c *cloud) canaryARN() string  { return c.ELB.TargetGroupARN("green") }

// resetCounts begins counting anew: what happened before the scenario's
// deployment is not its doing.
func (c *cloud) resetCounts() {
	c.ELB.ResetCounts()
	c.Traffic().Reset()
}
