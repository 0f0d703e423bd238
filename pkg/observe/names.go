package observe

// Kind is a kind of operation.
type Kind string

// What the agent does.
const (
	// Deployment is one process's run of a deployment. The outcome is the
	// deployment's status, or OutcomeLeft.
	Deployment Kind = "deployment"
	// Stage is one process's run of a stage; Name is the stage's. The outcome is
	// the stage's status, or OutcomeLeft.
	Stage Kind = "stage"
	// Look is one look at a Git repository for new commits; Name is the
	// repository's id in the piped file.
	Look Kind = "look"
	// AWSCall is a call to AWS with its retries; Group is the service, Name the
	// operation.
	AWSCall Kind = "aws"
	// DatadogQuery is one query to Datadog.
	DatadogQuery Kind = "datadog"
	// GitCommand is one run of git; Name is the subcommand.
	GitCommand Kind = "git"
	// ControlPlaneCall is one attempt of a call to the control plane; Group is
	// the service, Name the method, the outcome a gRPC code.
	ControlPlaneCall Kind = "controlplane"
)

// What the control plane does.
const (
	// RPC is a call that is answered; Group is the service, Name the method, the
	// outcome a Connect code.
	RPC Kind = "rpc"
	// Stream is like RPC for calls that stay open.
	Stream Kind = "stream"
	// DatastoreCall is a call to the datastore; Group is the aggregate, Name the
	// method.
	DatastoreCall Kind = "datastore"
	// FilestoreCall is a call to the filestore; Name is the method.
	FilestoreCall Kind = "filestore"
)

// OutcomeLeft is the outcome of what this process let go of before its end, to
// go on in the next one.
const OutcomeLeft = "LEFT"

// Counter is something that happens.
type Counter string

// What happens in the agent.
const (
	// CommitsSeen counts new heads of a repository. Label: repository id.
	CommitsSeen Counter = "commits"
	// DeploymentsCreated counts deployments this agent created. Label: what asked
	// for it, "commit" or "command".
	DeploymentsCreated Counter = "created"
	// Checks counts the checks of analyses. Label: verdict.
	Checks Counter = "checks"
	// StreamsLost counts how often the stream to the control plane broke.
	StreamsLost Counter = "streams_lost"
	// LogLinesLost counts lines of stage logs that were dropped or refused.
	LogLinesLost Counter = "log_lines_lost"
)

// What happens in the control plane.
const (
	// Commands counts people's commands. Labels: type and status.
	Commands Counter = "commands"
	// Logins counts attempts to log in. Label: outcome.
	Logins Counter = "logins"
	// HTTPRequests counts requests for pages and files. Labels: what was asked
	// for and the status code.
	HTTPRequests Counter = "http"
)

// Level is a quantity that goes up and down.
type Level string

// What there is in the agent; truths are 0 or 1.
const (
	// StreamOpen is whether the stream to the control plane is open.
	StreamOpen Level = "stream_open"
	// LeaseHeld is whether this process may act.
	LeaseHeld Level = "lease_held"
	// LogLinesWaiting is how many lines of stage logs wait to be sent.
	LogLinesWaiting Level = "log_lines_waiting"
)

// What there is in the control plane.
const (
	// AgentsConnected is how many agents hold their lease on a stream here.
	AgentsConnected Level = "agents"
)
