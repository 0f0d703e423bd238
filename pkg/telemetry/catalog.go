package telemetry

import (
	"slices"
	"strings"

	"pipecd/pkg/observe"
)

// Metric describes one metric.
type Metric struct {
	Name   string // without the program's prefix
	Help   string
	Labels []string
}

// operation says what is measured of a kind of operation. A metric without a
// name is not kept.
type operation struct {
	kind observe.Kind
	span string // what the span is called, followed by the operation's name; empty for no span
	side side
	part bool // has a span only as a part of another

	// grouped and named say whether Group and Name are the first labels; the
	// outcome is the last one.
	grouped, named bool

	seconds Metric    // a histogram of durations
	buckets []float64 // in seconds
	ended   Metric    // a counter, for what lasts too long for a histogram
	running Metric    // a gauge, without the outcome
	success Metric    // a gauge of the unix time of the last success, by name
}

// side is the place of an operation in a trace.
type side int

const (
	sideInternal side = iota
	sideClient        // asks another program
	sideServer        // answers another program
)

// counter and level say what is kept of the observe names.
type (
	counter struct {
		of observe.Counter
		Metric
	}
	level struct {
		of observe.Level
		Metric
	}
)

// Catalog is everything one program measures.
type Catalog struct {
	program    string
	operations []operation
	counters   []counter
	levels     []level
}

// quick are the buckets, in seconds, of calls within a machine or a data centre.
func quick() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}

// calls are the buckets, in seconds, of calls over the Internet.
func calls() []float64 { return []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60} }

// long are the buckets, in seconds, of what takes minutes or hours.
func long() []float64 {
	return []float64{1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600}
}

// Labels that several metrics have.
const (
	labelOutcome = "outcome"
	labelService = "service"
	labelMethod  = "method"
)

// Agent returns the metrics of piped.
func Agent() Catalog {
	return Catalog{
		program: "piped",
		operations: []operation{
			{
				kind: observe.Deployment, span: "deployment", buckets: long(),
				seconds: Metric{"deployment_duration_seconds", "How long this process ran deployments, by the status they ended in; LEFT are those that go on in another process.", []string{"status"}},
				running: Metric{"deployments_running", "Deployments that this process runs.", nil},
			},
			{
				kind: observe.Stage, span: "stage", named: true, buckets: long(),
				seconds: Metric{"stage_duration_seconds", "How long this process ran stages, by the status they ended in; LEFT are those that go on in another process.", []string{"stage", "status"}},
				running: Metric{"stages_running", "Stages that this process runs.", []string{"stage"}},
			},
			{
				kind: observe.Look, span: "look", named: true, buckets: calls(),
				seconds: Metric{"repository_look_duration_seconds", "How long looks at repositories for new commits took.", []string{"repository", labelOutcome}},
				success: Metric{"repository_last_success_timestamp_seconds", "Unix time of the last look at the repository that succeeded.", []string{"repository"}},
			},
			{
				kind: observe.AWSCall, span: "aws", side: sideClient, grouped: true, named: true, buckets: calls(),
				seconds: Metric{"aws_call_duration_seconds", "How long calls to AWS took, their retries and the wait for the rate limit included.", []string{labelService, "operation", labelOutcome}},
			},
			{
				kind: observe.DatadogQuery, span: "datadog", side: sideClient, buckets: calls(),
				seconds: Metric{"datadog_query_duration_seconds", "How long queries to Datadog took.", []string{labelOutcome}},
			},
			{
				kind: observe.GitCommand, span: "git", named: true, buckets: calls(),
				seconds: Metric{"git_command_duration_seconds", "How long runs of git took, the wait for a free transfer included.", []string{"command", labelOutcome}},
			},
			{
				kind: observe.ControlPlaneCall, span: "call", side: sideClient, grouped: true, named: true, buckets: quick(),
				seconds: Metric{"control_plane_call_duration_seconds", "How long attempts of calls to the control plane took, by gRPC code.", []string{labelService, labelMethod, "code"}},
			},
		},
		counters: []counter{
			{observe.CommitsSeen, Metric{"repository_commits_seen_total", "New heads that were seen; commits pushed together count once.", []string{"repository"}}},
			{observe.DeploymentsCreated, Metric{"deployments_created_total", "Deployments that this agent created, by what asked for them.", []string{"trigger"}}},
			{observe.Checks, Metric{"analysis_checks_total", "Checks of metrics that analyses made, by verdict.", []string{"verdict"}}},
			{observe.StreamsLost, Metric{"control_plane_streams_lost_total", "How often the stream to the control plane broke or could not be opened.", nil}},
			{observe.LogLinesLost, Metric{"log_lines_lost_total", "Lines of stage logs that did not fit the buffer or were refused.", nil}},
		},
		levels: []level{
			{observe.StreamOpen, Metric{"control_plane_stream_open", "1 while the stream to the control plane is open.", nil}},
			{observe.LeaseHeld, Metric{"lease_held", "1 while this process may act for its agent id.", nil}},
			{observe.LogLinesWaiting, Metric{"log_lines_waiting", "Lines of stage logs that wait to be sent.", nil}},
		},
	}
}

// ControlPlane returns the metrics of pipecd.
func ControlPlane() Catalog {
	return Catalog{
		program: "pipecd",
		operations: []operation{
			{
				kind: observe.RPC, span: "answer", side: sideServer, grouped: true, named: true, buckets: quick(),
				seconds: Metric{"rpc_duration_seconds", "How long calls took, by code.", []string{labelService, labelMethod, "code"}},
				running: Metric{"rpc_running", "Calls that are being answered.", []string{labelService, labelMethod}},
			},
			{
				kind: observe.Stream, grouped: true, named: true,
				ended:   Metric{"streams_ended_total", "Streams that have ended, by code.", []string{labelService, labelMethod, "code"}},
				running: Metric{"streams_open", "Streams that are open.", []string{labelService, labelMethod}},
			},
			{
				kind: observe.DatastoreCall, span: "datastore", side: sideClient, part: true, grouped: true, named: true, buckets: quick(),
				seconds: Metric{"datastore_call_duration_seconds", "How long calls to the datastore took, transactions that were started over included.", []string{"aggregate", labelMethod, labelOutcome}},
			},
			{
				kind: observe.FilestoreCall, span: "filestore", side: sideClient, part: true, named: true, buckets: quick(),
				seconds: Metric{"filestore_call_duration_seconds", "How long calls to the filestore took.", []string{labelMethod, labelOutcome}},
			},
		},
		counters: []counter{
			{observe.Commands, Metric{"commands_total", "Commands of people: once as NOT_HANDLED_YET when given, and once with the agent's answer.", []string{"type", "status"}}},
			{observe.Logins, Metric{"logins_total", "Attempts to log in.", []string{labelOutcome}}},
			{observe.HTTPRequests, Metric{"http_requests_total", "Requests other than calls.", []string{"handler", "code"}}},
		},
		levels: []level{
			{observe.AgentsConnected, Metric{"agents_connected", "Agents that hold their lease on a stream to this process.", nil}},
		},
	}
}

// Sources returns of how many names of package observe the catalog keeps
// something.
func (c Catalog) Sources() int { return len(c.operations) + len(c.counters) + len(c.levels) }

// prefix begins the name of every metric of the program.
func (c Catalog) prefix() string { return c.program + "_" }

// Described is one metric with its full name and kind, for the reference.
type Described struct {
	Metric

	Type string // counter, gauge or histogram
}

// Describe lists the metrics by name, those of the runtime excepted.
func (c Catalog) Describe() []Described {
	out := []Described{{Metric: buildInfo(), Type: "gauge"}}
	add := func(kind string, m Metric) {
		if m.Name != "" {
			out = append(out, Described{Metric: m, Type: kind})
		}
	}
	for _, o := range c.operations {
		add("histogram", o.seconds)
		add("counter", o.ended)
		add("gauge", o.running)
		add("gauge", o.success)
	}
	for _, k := range c.counters {
		add("counter", k.Metric)
	}
	for _, l := range c.levels {
		add("gauge", l.Metric)
	}
	for i := range out {
		out[i].Name = c.prefix() + out[i].Name
	}
	slices.SortFunc(out, func(a, b Described) int { return strings.Compare(a.Name, b.Name) })
	return out
}
