package datastore

import (
	"context"
	"io"
	"time"

	"pipecd/pkg/model"
)

// Store is the whole state of a control plane.
type Store interface {
	Projects
	Pipeds
	Leases
	Applications
	Rollouts
	Commands
	Suggestions
	Events
	Revisions
	Sessions
	Replicas
	Transfer
	io.Closer

	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
}

// Replicas is what processes that share a store need of it.
type Replicas interface {
	Signals
	Clock
}

// Clock is the time of the store, which all processes that share it have in
// common.
type Clock interface {
	Now(ctx context.Context) (time.Time, error)
}

// Rollouts is what is deployed and what is written about it.
type Rollouts interface {
	Deployments
	Chains
	LogJournal
}

// Page asks for one page of a list.
type Page struct {
	Size   int    // 1..MaxPageSize; 0 means DefaultPageSize
	Cursor string // "" for the first page
}

// Page sizes, in rows.
const (
	DefaultPageSize = 50
	MaxPageSize     = 500
)

// Projects holds the projects that were added by command; those of the
// configuration file live only there.
type Projects interface {
	// AddProject stores a new project. CodeAlreadyExists when the id is taken.
	AddProject(ctx context.Context, p *model.Project) error
	// GetProject returns the project. CodeNotFound.
	GetProject(ctx context.Context, id string) (*model.Project, error)
	// ListProjects returns all projects by id, one page at a time.
	ListProjects(ctx context.Context, page Page) ([]*model.Project, string, error)
	// UpdateProject changes a project by compare-and-set.
	UpdateProject(ctx context.Context, id string, mutate func(*model.Project) error) (*model.Project, error)
}

// Pipeds holds the agents.
type Pipeds interface {
	// AddPiped stores a new agent. CodeAlreadyExists when the id, or the name within the project, is taken.
	AddPiped(ctx context.Context, p *model.Piped) error
	// GetPiped returns the agent. CodeNotFound.
	GetPiped(ctx context.Context, id string) (*model.Piped, error)
	// ListPipeds returns the agents of a project by name, one page at a time.
	ListPipeds(ctx context.Context, projectID string, page Page) ([]*model.Piped, string, error)
	// GetPipeds returns those of the agents that exist, in one query and in no order. CodeInvalid for more than MaxPageSize ids.
	GetPipeds(ctx context.Context, ids []string) ([]*model.Piped, error)
	// UpdatePiped changes an agent by compare-and-set. Like TouchPiped it never moves LastSeenAt back.
	UpdatePiped(ctx context.Context, id string, mutate func(*model.Piped) error) (*model.Piped, error)
	// TouchPiped records a sign of life at now. It never moves the time back, is cheap (one statement) and
	// does not disturb an UpdatePiped that is under way. CodeNotFound.
	TouchPiped(ctx context.Context, id string, now time.Time) error
	// TouchPipeds is TouchPiped for those of the agents that exist, in one statement. CodeInvalid for more than MaxPageSize ids.
	TouchPipeds(ctx context.Context, ids []string, now time.Time) error
}

// Leases holds, per agent id, which process may act. Expiry is judged by the
// store's clock, not the caller's.
type Leases interface {
	// AcquireLease gives the lease to instanceID when it is free, expired or already that instance's.
	// A grant to another instance than the last holder raises the epoch. granted is false, with the
	// current holder's lease, when another instance holds it.
	AcquireLease(ctx context.Context, pipedID string, by LeaseRequest) (lease model.Lease, granted bool, err error)
	// RenewLease lets the lease end ttl from now, also one that expired and that nobody took since.
	// CodeFenced when the epoch is not the current one, there is no lease, or it was released.
	RenewLease(ctx context.Context, fence model.Fence, ttl time.Duration) error
	// ReleaseLease lets another instance acquire at once, and ends the lease now. Releasing a lease that is not held any more does nothing.
	ReleaseLease(ctx context.Context, fence model.Fence) error
	// RenewLeases is RenewLease for many in one statement. It returns how many it renewed: which of them not, and why, only
	// RenewLease tells. CodeInvalid for more than MaxPageSize.
	RenewLeases(ctx context.Context, fences []model.Fence, ttl time.Duration) (renewed int, err error)
	// GetLease returns the current or last lease. CodeNotFound when there never was one.
	GetLease(ctx context.Context, pipedID string) (model.Lease, error)
	// GetLeases returns the current or last leases of the agents that had one, by the agent's id, in one query.
	// CodeInvalid for more than MaxPageSize ids.
	GetLeases(ctx context.Context, pipedIDs []string) (map[string]model.Lease, error)
}

// LeaseRequest is who asks for a lease and for how long.
type LeaseRequest struct {
	InstanceID string
	Host       string
	TTL        time.Duration
}

// ApplicationFilter narrows a list of applications; zero fields do not narrow.
type ApplicationFilter struct {
	ProjectID    string
	PipedID      string
	NamePart     string             // what the name contains, ASCII letters in any case
	SyncStatuses []model.SyncStatus // any of them, as people are shown it: Application.DisplayStatus
	Kinds        []model.ApplicationKind
	Labels       map[string]string // all must match
	Disabled     *bool
}

// Applications holds the applications. Deleted ones are kept but not listed.
type Applications interface {
	// AddApplication stores a new application. CodeAlreadyExists when the id is taken, or when
	// an application that is not deleted has the same project, repository, directory and configuration file.
	AddApplication(ctx context.Context, a *model.Application) error
	// GetApplication returns the application, deleted or not. CodeNotFound.
	GetApplication(ctx context.Context, id string) (*model.Application, error)
	// ListApplications returns one page by (UpdatedAt, ID), newest first.
	ListApplications(ctx context.Context, f ApplicationFilter, page Page) ([]*model.Application, string, error)
	// CountApplications counts what ListApplications would list, by the status people are shown, in one query.
	CountApplications(ctx context.Context, f ApplicationFilter) (map[model.SyncStatus]int, error)
	// CountApplicationsOf counts the applications of the agents that have any, in one query. CodeInvalid for more than MaxPageSize ids.
	CountApplicationsOf(ctx context.Context, pipedIDs []string) (map[string]int, error)
	// UpdateApplication changes an application by compare-and-set under the fence.
	UpdateApplication(ctx context.Context, fence model.Fence, id string, mutate func(*model.Application) error) (*model.Application, error)
}

// DeploymentFilter narrows a list of deployments; zero fields do not narrow.
type DeploymentFilter struct {
	ProjectID           string
	PipedID             string
	ApplicationID       string
	ApplicationNamePart string // what the name contains, ASCII letters in any case
	Statuses            []model.DeploymentStatus
	Kinds               []model.ApplicationKind
	Labels              map[string]string // all must match
}

// Deployments holds the deployments with their stages.
type Deployments interface {
	// CreateDeployment stores a new deployment under the fence. CodeAlreadyExists when the id is taken.
	CreateDeployment(ctx context.Context, fence model.Fence, d *model.Deployment) error
	// GetDeployment returns the deployment. CodeNotFound.
	GetDeployment(ctx context.Context, id string) (*model.Deployment, error)
	// GetDeployments returns those of the deployments that exist, in one query and in no order. CodeInvalid for more than
	// MaxPageSize ids.
	GetDeployments(ctx context.Context, ids []string) ([]*model.Deployment, error)
	// ListDeployments returns one page by (CreatedAt, ID), newest first.
	ListDeployments(ctx context.Context, f DeploymentFilter, page Page) ([]*model.Deployment, string, error)
	// ListOpenDeployments returns an agent's deployments that are not completed, oldest first.
	ListOpenDeployments(ctx context.Context, pipedID string, page Page) ([]*model.Deployment, string, error)
	// UpdateDeployment changes a deployment by compare-and-set under the fence.
	UpdateDeployment(ctx context.Context, fence model.Fence, id string, mutate func(*model.Deployment) error) (*model.Deployment, error)
}

// Commands holds what people asked agents to do.
type Commands interface {
	// AddCommand stores a new command. CodeAlreadyExists when the id is taken.
	AddCommand(ctx context.Context, c *model.Command) error
	// GetCommand returns the command. CodeNotFound.
	GetCommand(ctx context.Context, id string) (*model.Command, error)
	// ListUnhandledCommands returns an agent's unanswered commands, oldest first, at most MaxPageSize.
	// It reads what is unhandled; it never continues from an id, because commits are not ordered.
	ListUnhandledCommands(ctx context.Context, pipedID string) ([]*model.Command, error)
	// WaitingCommands returns the newest MaxPageSize unanswered commands of all agents: whose each is, by the command's id.
	WaitingCommands(ctx context.Context) (map[string]string, error)
	// ListForgottenCommands returns unanswered commands of all agents that were created before the time, oldest first, at most MaxPageSize.
	ListForgottenCommands(ctx context.Context, before time.Time) ([]*model.Command, error)
	// UpdateCommand changes a command by compare-and-set under the fence.
	UpdateCommand(ctx context.Context, fence model.Fence, id string, mutate func(*model.Command) error) (*model.Command, error)
}
