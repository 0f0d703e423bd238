package simcloud

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"pipecd/pkg/model"
	"pipecd/pkg/simcloud/autoscaling"
	"pipecd/pkg/simcloud/datadog"
	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/metric"
	"pipecd/pkg/simcloud/traffic"
)

// Cloud is the simulated cloud. It is safe for concurrent use.
type Cloud struct {
	// ECS is the container service.
	ECS *ecs.Simulator
	// ELB is the load balancers.
	ELB *elb.Balancers
	// AutoScaling is Application Auto Scaling, for the services of ECS.
	AutoScaling *autoscaling.Simulator
	// Metrics is what the load balancers publish.
	Metrics *metric.Store
	// Datadog answers queries about Metrics.
	Datadog *datadog.Server

	cfg      Config
	recorder recorder
	sessions sync.Map // access key id of a role session -> its ARN
	history  history

	mu       sync.Mutex
	traffic  *traffic.Generator // nil before Start and without Config.Traffic
	forget   context.CancelFunc // ends the sampling; nil before Start
	sampling sync.WaitGroup
}

// New builds the cloud. The API answers at once; load balancers carry traffic
// after Start. Close ends it in either case. The error has code CodeInvalid and
// says what is wrong with the configuration.
func New(cfg Config) (*Cloud, error) {
	cfg = cfg.withDefaults()
	c := &Cloud{cfg: cfg, Metrics: metric.New(cfg.Metrics)}
	var err error
	c.ELB, err = elb.New(elb.Config{
		Region: cfg.Region, AccountID: cfg.Account,
		LoadBalancers: cfg.LoadBalancers, TargetGroups: cfg.TargetGroups, PageSize: cfg.PageSize,
		Metrics: c.Metrics, MetricTags: cfg.MetricTags, Logger: cfg.Log,
		Listen: cfg.Listen, Transport: cfg.Transport, Watch: cfg.Watch,
	})
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "building the simulated load balancers")
	}
	c.ECS, err = ecs.New(ecs.Config{
		Account: cfg.Account, Region: cfg.Region, Clusters: cfg.Clusters,
		Timing: cfg.Timing, DeleteScaledSets: cfg.DeleteScaledSets,
		Runner: cfg.Runner, Groups: c.ELB, Log: cfg.Log,
	})
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "building the simulated container service")
	}
	c.AutoScaling = autoscaling.New(autoscaling.Config{Account: cfg.Account, Region: cfg.Region, Services: c.ECS})
	c.Datadog = datadog.New(datadog.Config{
		Source: c.Metrics, APIKey: cfg.DatadogAPIKey, ApplicationKey: cfg.DatadogApplicationKey, Logger: cfg.Log,
	})
	return c, nil
}

// Start opens the load balancers' listeners, begins their health checks and the
// traffic. ctx bounds the opening only.
func (c *Cloud) Start(ctx context.Context) error {
	if err := c.ELB.Start(ctx); err != nil {
		return err
	}
	c.startSampling(ctx)
	if c.cfg.Traffic == nil {
		return nil
	}
	addr := c.ELB.ListenerAddr(c.cfg.Traffic.LoadBalancer, c.cfg.Traffic.Listener)
	if addr == "" {
		return model.Errorf(model.CodeInvalid, "the traffic is meant for listener %d of load balancer %q, which does not exist",
			c.cfg.Traffic.Listener, c.cfg.Traffic.LoadBalancer)
	}
	generator, err := traffic.New(traffic.Config{URL: "http://" + addr + "/", RPS: c.cfg.Traffic.RPS, Logger: c.cfg.Log})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traffic = generator
	return generator.Start(context.WithoutCancel(ctx))
}

func (c *Cloud) startSampling(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx, c.forget = context.WithCancel(context.WithoutCancel(ctx))
	c.sampling.Go(func() { c.remember(ctx) })
}

func (c *Cloud) stopSampling() {
	c.mu.Lock()
	stop := c.forget
	c.mu.Unlock()
	if stop != nil {
		stop()
		c.sampling.Wait()
	}
}

// Traffic returns the load generator, nil before Start and without
// Config.Traffic.
func (c *Cloud) Traffic() *traffic.Generator {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic
}

// Close ends the traffic, every listener and every task. Requests in flight get
// until ctx ends. It may be called more than once.
func (c *Cloud) Close(ctx context.Context) error {
	if generator := c.Traffic(); generator != nil {
		generator.Stop()
	}
	c.stopSampling()
	err := c.ELB.Close(ctx)
	c.ECS.Close()
	return err
}

// Handler answers the API of every service, and the page.
func (c *Cloud) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", c.serveAWS)
	for _, prefix := range []string{"/api/v1/", "/api/v2/"} {
		mux.HandleFunc(prefix, c.serveDatadog)
	}
	mux.HandleFunc("GET /api/state", c.serveState)
	mux.Handle("/", pageHandler())
	return mux
}

func (c *Cloud) serveDatadog(w http.ResponseWriter, r *http.Request) {
	c.pass(w, r, request{service: serviceDatadog, operation: r.URL.Path}, func(w http.ResponseWriter) {
		c.Datadog.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	payload, err := json.Marshal(v)
	if err != nil {
		status, payload = http.StatusInternalServerError, []byte(`{"errors":["the answer could not be encoded"]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(payload)
}

// randomText returns 26 random letters and digits.
func randomText() string { return strings.TrimSpace(rand.Text()) }
