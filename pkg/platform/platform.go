package platform

import (
	"context"
	"encoding/json"
	"time"

	"pipecd/pkg/model"
)

// Log is what a person reads while a stage runs. Implementations are safe for
// concurrent use and never block on the network.
type Log interface {
	Infof(format string, args ...any)
	Successf(format string, args ...any)
	Errorf(format string, args ...any)
}

// NothingChanged is in the sentence of a deployment that ended before its first
// side effect.
const NothingChanged = "nothing was changed"

// Role is what a set of tasks is for.
type Role string

// The roles. The primary and the canary have a target group of their own; a
// baseline, which runs the primary's version, is in the primary's.
const (
	RolePrimary  Role = "primary"
	RoleCanary   Role = "canary"
	RoleBaseline Role = "baseline"
	RolePrevious Role = "previous" // the version before, kept in the canary's group without requests
)

// Change is a side effect that is decided but not made yet.
type Change struct {
	Call    string          `json:"call"`    // what will be called, e.g. "CreateTaskSet"; "" when there is nothing to do
	Request json.RawMessage `json:"request"` // the whole request as it will be sent
	Summary string          `json:"summary"` // one sentence for the log
}

// Attempt is one try of a recorded Change.
type Attempt struct {
	Token   string // idempotency token, the same in every try
	Resumed bool   // an earlier try may have happened already
}

// Set is a set of identical tasks, a task set.
type Set struct {
	ID         string    `json:"id"`             // the platform's name, an ARN
	Revision   string    `json:"revision"`       // the definition its tasks run
	Group      string    `json:"group"`          // target group, "" without a load balancer
	Also       []string  `json:"also,omitempty"` // further target groups
	Scale      float64   `json:"scale"`          // percent of the service's desired count
	Primary    bool      `json:"primary"`        // the platform calls it the service's primary set
	Draining   bool      `json:"draining"`       // is being removed
	Steady     bool      `json:"steady"`         // all its tasks run and are healthy
	Desired    int       `json:"desired"`
	Running    int       `json:"running"`
	Pending    int       `json:"pending"`
	Ours       bool      `json:"ours"`       // carries our tags
	Deployment string    `json:"deployment"` // the deployment that made it, "" if unknown
	Role       Role      `json:"role"`
	Step       string    `json:"step"`
	Commit     string    `json:"commit"`         // whose definition it runs, "" if unknown
	Until      time.Time `json:"until,omitzero"` // of a previous version: how long it is kept
}

// Groups returns all target groups the set is in.
func (s Set) Groups() []string {
	if s.Group == "" {
		return nil
	}
	return append([]string{s.Group}, s.Also...)
}

// Service is the application's service as it is now.
type Service struct {
	Exists bool
	Sets   []Set
}

// Primary returns the service's primary set.
func (s Service) Primary() (Set, bool) {
	for _, set := range s.Sets {
		if set.Primary {
			return set, true
		}
	}
	return Set{}, false
}

// Set returns the set with the id.
func (s Service) Set(id string) (Set, bool) {
	for _, set := range s.Sets {
		if set.ID == id {
			return set, true
		}
	}
	return Set{}, false
}

// Weights is the share of requests, in percent, that each group gets.
type Weights struct {
	Primary int `json:"primary"`
	Canary  int `json:"canary"`
}

// Move is a change of the shares.
type Move struct {
	// To are the wanted shares.
	To Weights
	// Since are the shares the rules may show without anybody else having moved requests: those this deployment may
	// have given them, the latest first, the last one for sure. None: it is not known.
	Since []Weights
	// Back is the state that is gone back to when a deployment is undone: what somebody else moved is then told and
	// overwritten, not refused, and a group that cannot quite carry its share gets it all the same, if that is better
	// than what is.
	Back *Baseline
}

// Exposed says where the requests of a target group come from.
type Exposed struct {
	Percent int      // the largest share that a rule gives the group
	Rules   []string // those rules, for people
}

// Baseline is the state before a deployment's first side effect: what a
// rollback restores. It is plain JSON; the raw parts are the adapter's own.
type Baseline struct {
	ServiceExisted bool            `json:"serviceExisted"`
	Service        json.RawMessage `json:"service,omitempty"` // settings of the service that a deployment may change
	PrimaryID      string          `json:"primaryId"`         // the set that was primary, "" if none
	PrimarySet     json.RawMessage `json:"primarySet,omitempty"`
	Routed         bool            `json:"routed"`            // a load balancer is involved
	Weights        Weights         `json:"weights"`           // meaningful when Routed
	Uneven         bool            `json:"uneven,omitempty"`  // the rules did not agree on Weights
	Routing        json.RawMessage `json:"routing,omitempty"` // the rules as they were
	// Standing are the rules, by group, that no deployment changes and that sent the group requests while no set was
	// behind it: such as a listener for tests of the canary.
	Standing   map[string][]string `json:"standing,omitempty"`
	ForeignIDs []string            `json:"foreignIds"` // sets without our tags, other than the primary: never touched
	Sets       []Set               `json:"sets"`       // every set there was; nil where it was not recorded
}

// Identity says on whose behalf a Target acts. It becomes tags.
type Identity struct {
	PipedID       string
	ApplicationID string
	DeploymentID  string
	CommitHash    string
}

// SetSpec is a wanted set.
type SetSpec struct {
	Role     Role
	Revision string    // as ApplyRevision returned it; "" for a copy
	Scale    float64   // percent of the desired count, more than 0
	Until    time.Time // of a previous version: how long it is kept
	Step     string    // names the step; a tag by which the set is found again
}

// Target is one application at one commit on its platform. It is used by one
// deployment at a time and is safe for concurrent use.
type Target interface {
	// Preflight checks everything that can be checked before the first side effect and returns the state to
	// restore. The error is CodeFailedPrecondition or CodeInvalid and lists all problems, one per line.
	Preflight(ctx context.Context, log Log) (Baseline, error)
	// Observe reads the service's sets.
	Observe(ctx context.Context) (Service, error)

	// PlanRevision decides whether the definition must be registered; an identical live revision is reused.
	PlanRevision(ctx context.Context, step string) (Change, error)
	// ApplyRevision returns the revision to run.
	ApplyRevision(ctx context.Context, c Change, a Attempt) (revision string, err error)
	// PlanService decides how the service must change; Call is "" when it need not. The desired count is left
	// alone, with a word in the log, when an autoscaler owns it.
	PlanService(ctx context.Context, log Log) (Change, error)
	// ApplyService creates or updates the service.
	ApplyService(ctx context.Context, c Change, a Attempt) error
	// RevertService brings the service's settings back to the baseline, or deletes the service if the
	// deployment created it and no set is left.
	RevertService(ctx context.Context, b Baseline, log Log) error

	Sets

	// Traffic returns the load balancer's side, nil when the application has none.
	Traffic() Traffic
	// Standalone returns the side of an application that is no service but a task that is run once, nil for a
	// service. Such an application has no sets: of the methods above only Preflight and those for the revision apply.
	Standalone() Standalone
}

// Sets are the sets of tasks of a service.
type Sets interface {
	// PlanSet prepares a set of the target's own definition.
	PlanSet(ctx context.Context, spec SetSpec) (Change, error)
	// PlanCopy prepares a copy of the set that was primary in b, in its target group, with the role, scale and step
	// of spec. What it runs is what that set ran.
	PlanCopy(ctx context.Context, b Baseline, spec SetSpec) (Change, error)
	// ApplySet creates the set, or adopts the one an earlier attempt created, and returns its id.
	ApplySet(ctx context.Context, c Change, a Attempt) (id string, err error)
	// AwaitSteady waits until all tasks of the set run and are healthy in their target group, explaining in
	// the log what it waits for, and returns what the look that found it so saw. It fails at once, with the
	// reason, on what cannot get better.
	AwaitSteady(ctx context.Context, id string, log Log) (Service, error)
	// Promote makes the set the service's primary one and returns it as it is then, without what tags say.
	// Doing so to the primary set has no effect.
	Promote(ctx context.Context, id string, log Log) (Set, error)
	// Scale gives the set the size, in percent of the desired count, and returns when no task of it is left above
	// that; it does not wait for new ones.
	Scale(ctx context.Context, id string, percent float64, log Log) error
	// Remove deletes the sets, as the caller saw them, and returns after they have drained. A set that does
	// not exist is done. It does not ask whether removal is safe: the caller did.
	Remove(ctx context.Context, sets []Set, log Log) error
}

// Standalone runs a task once, to its end.
type Standalone interface {
	// PlanTask prepares one task of the revision. Call is "" when the application only registers its definition.
	PlanTask(ctx context.Context, revision, step string) (Change, error)
	// ApplyTask starts the task, or adopts the one an earlier attempt started, and returns its id.
	// CodeFailedPrecondition says why it could not be started.
	ApplyTask(ctx context.Context, c Change, a Attempt) (id string, err error)
	// AwaitStopped waits until the task has ended by itself, and well: CodeFailedPrecondition says how it ended
	// otherwise, or that it never started.
	AwaitStopped(ctx context.Context, id string, log Log) error
	// Stop stops what the deployment started and still runs, and returns how many tasks that were.
	Stop(ctx context.Context, log Log) (int, error)
}

// Traffic moves requests between the application's two target groups.
type Traffic interface {
	// Group returns the target group of the role.
	Group(r Role) string
	// Weights returns the shares now. CodeFailedPrecondition when the rules disagree or none forwards to both groups.
	Weights(ctx context.Context) (Weights, error)
	// Attach makes the load balancer know the canary's group, at weight 0, where only the primary's is forwarded to.
	Attach(ctx context.Context, log Log) error
	// Shift gives the groups the shares m.To, in every rule that forwards to both, and returns when it reads back so.
	// A group whose share grows must have healthy targets that can carry it, and nobody else may have moved requests
	// since: CodeFailedPrecondition otherwise, nothing changed. found tells, in a sentence, what somebody else had
	// changed and a move back has overwritten; "" is nothing.
	Shift(ctx context.Context, m Move, log Log) (found string, err error)
	// Restore brings the rules back to what the baseline recorded, byte for byte. found is as for Shift.
	Restore(ctx context.Context, b Baseline, log Log) (found string, err error)
	// Exposure says which rules of any listener, ours or not, send requests to the application's groups; a group
	// without any is absent. The standing rules of b do not count. It looks again for some seconds while one of the
	// groups named in none still gets requests.
	Exposure(ctx context.Context, b Baseline, none ...string) (map[string]Exposed, error)
}

// Source is where a deployment's files come from: an immutable snapshot of the
// repository.
type Source interface {
	// ReadFile returns a file by its path in the repository. CodeInvalid and CodeNotFound say that the file is wrong or
	// missing, any other code that it could not be read now.
	ReadFile(name string) ([]byte, error)
}

// Opener makes Targets for one platform provider.
type Opener interface {
	// Open parses the application's files. CodeInvalid lists all problems with file, line and column.
	Open(ctx context.Context, app Application, src Source) (Target, error)
}

// Application is what an Opener needs to know of an application at a commit.
type Application struct {
	Identity     Identity
	ServiceFile  string // a path in the Source, like TaskFile; "" for a standalone task
	TaskFile     string
	TargetGroups TargetGroups
	// Standalone is set when there is no service but a task to run; ServiceFile is "" then.
	Standalone *StandaloneTask
	// ServiceDiscovery says that requests find the tasks by name, so that there are no target groups.
	ServiceDiscovery bool
	Notes            []string // what is worth saying about the application's file, told by Preflight
}

// StandaloneTask says where and how a task is run once.
type StandaloneTask struct {
	Cluster        string // "" means the default one
	LaunchType     string
	Subnets        []string
	SecurityGroups []string
	AssignPublicIP string // ENABLED, DISABLED or "", the platform's default
	Run            bool   // false: the definition is registered and nothing is run
}

// TargetGroups are the application's two groups; nil without a load balancer.
type TargetGroups struct {
	Primary *TargetGroup
	Canary  *TargetGroup
}

// TargetGroup is a target group and the container behind it.
type TargetGroup struct {
	ARN              string
	ContainerName    string
	ContainerPort    int
	LoadBalancerName string
}

// Versions says which artifacts a definition names; used by the planner.
type Versions interface {
	// Versions parses the task definition of src and returns its images, the first container's first.
	Versions(taskFile string, src Source) ([]model.ArtifactVersion, error)
}
