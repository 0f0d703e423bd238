package elb

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/simcloud/metric"
	"pipecd/pkg/simcloud/wire"
)

// Config is the world the load balancers start with. The zero value of a field
// means its default.
type Config struct {
	// Region is part of every ARN and DNS name. Defaults to "ap-northeast-1".
	Region string
	// AccountID is part of every ARN. Defaults to "123456789012".
	AccountID string
	// LoadBalancers exist from the start; there is no call to create one.
	LoadBalancers []LoadBalancer
	// TargetGroups exist from the start; more can be created on the wire.
	TargetGroups []TargetGroup
	// PageSize is the page size of a list when the request names none. Defaults
	// to 400, as AWS; tests make it small.
	PageSize int
	// Metrics receives what a load balancer publishes to CloudWatch, under the
	// names Datadog gives it. Nil publishes nothing.
	Metrics *metric.Store
	// MetricTags are added to every metric, such as "env:prd".
	MetricTags []string
	// Transport carries requests and health checks to the targets. Defaults to
	// an HTTP/1.1 transport of its own with keep-alive.
	Transport http.RoundTripper
	// Listen opens a listener's socket. Defaults to a TCP socket; only loopback
	// addresses are asked for.
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
	// Fault decides whether a call of the API is disturbed. Nil disturbs none.
	Fault func(operation string) wire.Fault
	// Watch, if set, is told what happened after every change of a rule, a target
	// or a target's health, in the order of the changes. It is called with the
	// load balancers locked and must not call back.
	Watch func(Moment)
	// Logger receives the load balancers' own errors. Defaults to discarding.
	Logger *slog.Logger
	// IdleTimeout is how long a target may take to begin its answer before the
	// client gets a 504. Defaults to 60 s, as AWS.
	IdleTimeout time.Duration
	// ConnectTimeout is how long the default transport may take to connect
	// before the client gets a 504. Defaults to 10 s, as AWS.
	ConnectTimeout time.Duration
}

// LoadBalancer is one application load balancer.
type LoadBalancer struct {
	// Name is at most 32 letters, digits and hyphens.
	Name      string
	Listeners []Listener
	Tags      map[string]string
}

// Listener is one port of a load balancer.
type Listener struct {
	// Port is the port on the wire and on loopback. 0 takes a free port when the
	// load balancers start, which is then the port on the wire too.
	Port int
	// Protocol is HTTP (default) or HTTPS. TLS itself is not simulated: an HTTPS
	// listener speaks plain HTTP, but may carry authenticate actions.
	Protocol       string
	DefaultActions []Action
	Rules          []Rule
}

// Rule is one listener rule that is not the default rule. All given conditions
// must hold; one of the values of a condition is enough.
type Rule struct {
	// Priority is 1 to 50000; the lowest that matches wins.
	Priority int
	Paths    []string
	Hosts    []string
	Actions  []Action
}

// Action is one action of a rule: either Forward, by the names of target
// groups, or SDK, any action in the API's own shape.
type Action struct {
	Forward []Weighted
	SDK     *types.Action
}

// Weighted is a target group's share of a forward action.
type Weighted struct {
	TargetGroup string
	Weight      int // 0 to 999
}

// TargetGroup is one target group of type "ip" and protocol HTTP.
type TargetGroup struct {
	Name        string
	HealthCheck HealthCheck
	// DeregistrationDelay is how long a target drains; requests it has not
	// answered by then are cut. Defaults to 300 s, as AWS; negative means 0.
	DeregistrationDelay time.Duration
	Tags                map[string]string
}

// HealthCheck says how targets are checked. The ranges AWS imposes on requests
// are not imposed here, so that a demonstration can be quick.
type HealthCheck struct {
	Path               string        // defaults to "/"
	Interval           time.Duration // defaults to 30 s
	Timeout            time.Duration // defaults to 5 s
	HealthyThreshold   int           // successes that end unhealthy; defaults to 5
	UnhealthyThreshold int           // failures that begin unhealthy; defaults to 2
	Matcher            string        // HTTP codes that are success, "200" or "200-299,301"; defaults to "200"
}

func (c Config) withDefaults() Config {
	if c.Region == "" {
		c.Region = "ap-northeast-1"
	}
	if c.AccountID == "" {
		c.AccountID = "123456789012"
	}
	if c.PageSize <= 0 {
		c.PageSize = maxPageSize
	}
	if c.Listen == nil {
		var lc net.ListenConfig
		c.Listen = lc.Listen
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 60 * time.Second
	}
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	return c
}

func (h HealthCheck) withDefaults() HealthCheck {
	if h.Path == "" {
		h.Path = "/"
	}
	if h.Interval <= 0 {
		h.Interval = 30 * time.Second
	}
	if h.Timeout <= 0 {
		h.Timeout = 5 * time.Second
	}
	if h.HealthyThreshold <= 0 {
		h.HealthyThreshold = 5
	}
	if h.UnhealthyThreshold <= 0 {
		h.UnhealthyThreshold = 2
	}
	if h.Matcher == "" {
		h.Matcher = "200"
	}
	return h
}
