package simcloud

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/metric"
	"pipecd/pkg/simcloud/task"
	"pipecd/pkg/simcloud/wire"
)

// Config is the world to start with. The zero value of a field means its
// default.
type Config struct {
	// Account is the account id. Defaults to "123456789012".
	Account string
	// Region is the region of everything. Requests signed for another one are
	// refused, as the endpoint of a region refuses them. Defaults to
	// "ap-northeast-1".
	Region string
	// Clusters exist from the start; there is no call to create one.
	Clusters []ecs.Cluster
	// Timing is how long tasks take.
	Timing ecs.Timing
	// DeleteScaledSets switches off one refusal; see package ecs.
	DeleteScaledSets bool
	// LoadBalancers and TargetGroups exist from the start.
	LoadBalancers []elb.LoadBalancer
	TargetGroups  []elb.TargetGroup
	// PageSize is how long the load balancers' lists are at most. Defaults to 400,
	// as AWS; tests make it small.
	PageSize int
	// Metrics is the resolution and the ingestion delay of what the load
	// balancers publish.
	Metrics metric.Config
	// MetricTags are on every metric, such as "env:prd".
	MetricTags []string
	// DatadogAPIKey and DatadogApplicationKey are the keys that Datadog's API
	// accepts. An empty one accepts nothing.
	DatadogAPIKey, DatadogApplicationKey string
	// Traffic, if set, is sent to a load balancer from Start to Close.
	Traffic *Traffic
	// Roles are the account's. Nil means that every name is a role that tasks can use.
	Roles []Role
	// Registry is the account's registry of images. Nil means that every image exists.
	Registry *Registry
	// Runner runs the tasks. Defaults to servers on loopback.
	Runner task.Runner
	// Listen opens the load balancers' sockets and Transport carries requests and
	// health checks to the tasks: what a simulation under virtual time replaces.
	// See package elb.
	Listen    func(ctx context.Context, network, address string) (net.Listener, error)
	Transport http.RoundTripper
	// Watch is told of every change that decides where requests go. See package elb.
	Watch func(elb.Moment)
	// Denials are calls that are refused for want of a permission.
	Denials []Denial
	// Faults decides whether a call is disturbed; nth counts the calls of that
	// operation from 1. It may be called concurrently. Nil, and a nil result,
	// disturb nothing.
	Faults func(service, operation string, nth int) *wire.Fault
	// Log receives the cloud's own troubles. Defaults to discarding.
	Log *slog.Logger
}

// Traffic is the load that users of the sample application make.
type Traffic struct {
	LoadBalancer string // name
	Listener     int    // which of its listeners, from 0
	RPS          int    // requests per second
}

// Denial refuses calls signed with an access key id.
type Denial struct {
	AccessKeyID string
	// Action is what is refused, such as "ecs:CreateTaskSet". Empty refuses
	// every action.
	Action string
}

func (d Denial) covers(accessKeyID, action string) bool {
	return d.AccessKeyID == accessKeyID && (d.Action == "" || strings.EqualFold(d.Action, action))
}

func (c Config) withDefaults() Config {
	if c.Account == "" {
		c.Account = "123456789012"
	}
	if c.Region == "" {
		c.Region = "ap-northeast-1"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Runner == nil {
		c.Runner = task.NewServers(c.Log)
	}
	return c
}
