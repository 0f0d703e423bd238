package datastore

import (
	"context"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// Observed returns s, whose calls o is told about. Ping is left out: it is what
// health checks do all day.
func Observed(s Store, o observe.Observer) Store { return observed{Store: s, to: observe.Or(o)} }

type observed struct {
	Store

	to observe.Observer
}

// Aggregates, as the metrics call them.
const (
	aggregateProjects     = "projects"
	aggregatePipeds       = "pipeds"
	aggregateLeases       = "leases"
	aggregateApplications = "applications"
	aggregateDeployments  = "deployments"
	aggregateCommands     = "commands"
	aggregateSuggestions  = "suggestions"
	aggregateRevisions    = "revisions"
	aggregateSessions     = "sessions"
	aggregateSignals      = "signals"
	aggregateClock        = "clock"
)

func (s observed) begin(ctx context.Context, aggregate, method string) (context.Context, observe.End) {
	return s.to.Begin(ctx, observe.Operation{Kind: observe.DatastoreCall, Group: aggregate, Name: method})
}

// AddProject implements Projects.
func (s observed) AddProject(ctx context.Context, p *model.Project) (err error) {
	ctx, end := s.begin(ctx, aggregateProjects, "AddProject")
	defer func() { end("", err) }()
	return s.Store.AddProject(ctx, p)
}

// GetProject implements Projects.
func (s observed) GetProject(ctx context.Context, id string) (found *model.Project, err error) {
	ctx, end := s.begin(ctx, aggregateProjects, "GetProject")
	defer func() { end("", err) }()
	return s.Store.GetProject(ctx, id)
}

// ListProjects implements Projects.
func (s observed) ListProjects(ctx context.Context, page Page) (list []*model.Project, next string, err error) {
	ctx, end := s.begin(ctx, aggregateProjects, "ListProjects")
	defer func() { end("", err) }()
	return s.Store.ListProjects(ctx, page)
}

// UpdateProject implements Projects.
func (s observed) UpdateProject(ctx context.Context, id string, mutate func(*model.Project) error) (found *model.Project, err error) {
	ctx, end := s.begin(ctx, aggregateProjects, "UpdateProject")
	defer func() { end("", err) }()
	return s.Store.UpdateProject(ctx, id, mutate)
}

// AddPiped implements Pipeds.
func (s observed) AddPiped(ctx context.Context, p *model.Piped) (err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "AddPiped")
	defer func() { end("", err) }()
	return s.Store.AddPiped(ctx, p)
}

// GetPiped implements Pipeds.
func (s observed) GetPiped(ctx context.Context, id string) (found *model.Piped, err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "GetPiped")
	defer func() { end("", err) }()
	return s.Store.GetPiped(ctx, id)
}

// ListPipeds implements Pipeds.
func (s observed) ListPipeds(ctx context.Context, projectID string, page Page) (list []*model.Piped, next string, err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "ListPipeds")
	defer func() { end("", err) }()
	return s.Store.ListPipeds(ctx, projectID, page)
}

// GetPipeds implements Pipeds.
func (s observed) GetPipeds(ctx context.Context, ids []string) (list []*model.Piped, err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "GetPipeds")
	defer func() { end("", err) }()
	return s.Store.GetPipeds(ctx, ids)
}

// UpdatePiped implements Pipeds.
func (s observed) UpdatePiped(ctx context.Context, id string, mutate func(*model.Piped) error) (found *model.Piped, err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "UpdatePiped")
	defer func() { end("", err) }()
	return s.Store.UpdatePiped(ctx, id, mutate)
}

// TouchPiped implements Pipeds.
func (s observed) TouchPiped(ctx context.Context, id string, now time.Time) (err error) {
	ctx, end := s.begin(ctx, aggregatePipeds, "TouchPiped")
	defer func() { end("", err) }()
	return s.Store.TouchPiped(ctx, id, now)
}

// AcquireLease implements Leases.
func (s observed) AcquireLease(ctx context.Context, pipedID string, by LeaseRequest) (lease model.Lease, granted bool, err error) {
	ctx, end := s.begin(ctx, aggregateLeases, "AcquireLease")
	defer func() { end("", err) }()
	return s.Store.AcquireLease(ctx, pipedID, by)
}

// RenewLease implements Leases.
func (s observed) RenewLease(ctx context.Context, fence model.Fence, ttl time.Duration) (err error) {
	ctx, end := s.begin(ctx, aggregateLeases, "RenewLease")
	defer func() { end("", err) }()
	return s.Store.RenewLease(ctx, fence, ttl)
}

// ReleaseLease implements Leases.
func (s observed) ReleaseLease(ctx context.Context, fence model.Fence) (err error) {
	ctx, end := s.begin(ctx, aggregateLeases, "ReleaseLease")
	defer func() { end("", err) }()
	return s.Store.ReleaseLease(ctx, fence)
}

// GetLease implements Leases.
func (s observed) GetLease(ctx context.Context, pipedID string) (found model.Lease, err error) {
	ctx, end := s.begin(ctx, aggregateLeases, "GetLease")
	defer func() { end("", err) }()
	return s.Store.GetLease(ctx, pipedID)
}

// GetLeases implements Leases.
func (s observed) GetLeases(ctx context.Context, pipedIDs []string) (found map[string]model.Lease, err error) {
	ctx, end := s.begin(ctx, aggregateLeases, "GetLeases")
	defer func() { end("", err) }()
	return s.Store.GetLeases(ctx, pipedIDs)
}

// AddApplication implements Applications.
func (s observed) AddApplication(ctx context.Context, a *model.Application) (err error) {
	ctx, end := s.begin(ctx, aggregateApplications, "AddApplication")
	defer func() { end("", err) }()
	return s.Store.AddApplication(ctx, a)
}

// GetApplication implements Applications.
func (s observed) GetApplication(ctx context.Context, id string) (found *model.Application, err error) {
	ctx, end := s.begin(ctx, aggregateApplications, "GetApplication")
	defer func() { end("", err) }()
	return s.Store.GetApplication(ctx, id)
}

// ListApplications implements Applications.
func (s observed) ListApplications(ctx context.Context, f ApplicationFilter, page Page) (list []*model.Application, next string, err error) {
	ctx, end := s.begin(ctx, aggregateApplications, "ListApplications")
	defer func() { end("", err) }()
	return s.Store.ListApplications(ctx, f, page)
}

// CountApplications implements Applications.
func (s observed) CountApplications(ctx context.Context, f ApplicationFilter) (found map[model.SyncStatus]int, err error) {
	ctx, end := s.begin(ctx, aggregateApplications, "CountApplications")
	defer func() { end("", err) }()
	return s.Store.CountApplications(ctx, f)
}

// CountApplicationsOf implements Applications.
func (s observed) CountApplicationsOf(ctx context.Context, pipedIDs []string) (found map[string]int, err error) {
	ctx, end := s.begin(ctx, aggregateApplications, "CountApplicationsOf")
	defer func() { end("", err) }()
	return s.Store.CountApplicationsOf(ctx, pipedIDs)
}

// UpdateApplication implements Applications.
func (s observed) UpdateApplication(ctx context.Context, fence model.Fence, id string, mutate func(*model.Application) error) (found *model.Application, err error) {
	ctx, end := s.begin(ctx, aggregateApplications, "UpdateApplication")
	defer func() { end("", err) }()
	return s.Store.UpdateApplication(ctx, fence, id, mutate)
}

// CreateDeployment implements Deployments.
func (s observed) CreateDeployment(ctx context.Context, fence model.Fence, d *model.Deployment) (err error) {
	ctx, end := s.begin(ctx, aggregateDeployments, "CreateDeployment")
	defer func() { end("", err) }()
	return s.Store.CreateDeployment(ctx, fence, d)
}

// GetDeployment implements Deployments.
func (s observed) GetDeployment(ctx context.Context, id string) (found *model.Deployment, err error) {
	ctx, end := s.begin(ctx, aggregateDeployments, "GetDeployment")
	defer func() { end("", err) }()
	return s.Store.GetDeployment(ctx, id)
}

// GetDeployments implements Deployments.
func (s observed) GetDeployments(ctx context.Context, ids []string) (list []*model.Deployment, err error) {
	ctx, end := s.begin(ctx, aggregateDeployments, "GetDeployments")
	defer func() { end("", err) }()
	return s.Store.GetDeployments(ctx, ids)
}

// ListDeployments implements Deployments.
func (s observed) ListDeployments(ctx context.Context, f DeploymentFilter, page Page) (list []*model.Deployment, next string, err error) {
	ctx, end := s.begin(ctx, aggregateDeployments, "ListDeployments")
	defer func() { end("", err) }()
	return s.Store.ListDeployments(ctx, f, page)
}

// ListOpenDeployments implements Deployments.
func (s observed) ListOpenDeployments(ctx context.Context, pipedID string, page Page) (list []*model.Deployment, next string, err error) {
	ctx, end := s.begin(ctx, aggregateDeployments, "ListOpenDeployments")
	defer func() { end("", err) }()
	return s.Store.ListOpenDeployments(ctx, pipedID, page)
}

// UpdateDeployment implements Deployments.
func (s observed) UpdateDeployment(ctx context.Context, fence model.Fence, id string, mutate func(*model.Deployment) error) (found *model.Deployment, err error) {
	ctx, end := s.begin(ctx, aggregateDeployments, "UpdateDeployment")
	defer func() { end("", err) }()
	return s.Store.UpdateDeployment(ctx, fence, id, mutate)
}

// AddCommand implements Commands.
func (s observed) AddCommand(ctx context.Context, c *model.Command) (err error) {
	ctx, end := s.begin(ctx, aggregateCommands, "AddCommand")
	defer func() { end("", err) }()
	return s.Store.AddCommand(ctx, c)
}

// GetCommand implements Commands.
func (s observed) GetCommand(ctx context.Context, id string) (found *model.Command, err error) {
	ctx, end := s.begin(ctx, aggregateCommands, "GetCommand")
	defer func() { end("", err) }()
	return s.Store.GetCommand(ctx, id)
}

// ListUnhandledCommands implements Commands.
func (s observed) ListUnhandledCommands(ctx context.Context, pipedID string) (list []*model.Command, err error) {
	ctx, end := s.begin(ctx, aggregateCommands, "ListUnhandledCommands")
	defer func() { end("", err) }()
	return s.Store.ListUnhandledCommands(ctx, pipedID)
}

// ListForgottenCommands implements Commands.
func (s observed) ListForgottenCommands(ctx context.Context, before time.Time) (list []*model.Command, err error) {
	ctx, end := s.begin(ctx, aggregateCommands, "ListForgottenCommands")
	defer func() { end("", err) }()
	return s.Store.ListForgottenCommands(ctx, before)
}

// UpdateCommand implements Commands.
func (s observed) UpdateCommand(ctx context.Context, fence model.Fence, id string, mutate func(*model.Command) error) (found *model.Command, err error) {
	ctx, end := s.begin(ctx, aggregateCommands, "UpdateCommand")
	defer func() { end("", err) }()
	return s.Store.UpdateCommand(ctx, fence, id, mutate)
}

// PutSuggestions implements Suggestions.
func (s observed) PutSuggestions(ctx context.Context, fence model.Fence, pipedID string, found []model.ApplicationInfo) (err error) {
	ctx, end := s.begin(ctx, aggregateSuggestions, "PutSuggestions")
	defer func() { end("", err) }()
	return s.Store.PutSuggestions(ctx, fence, pipedID, found)
}

// ListSuggestions implements Suggestions.
func (s observed) ListSuggestions(ctx context.Context, projectID string) (list []model.ApplicationInfo, err error) {
	ctx, end := s.begin(ctx, aggregateSuggestions, "ListSuggestions")
	defer func() { end("", err) }()
	return s.Store.ListSuggestions(ctx, projectID)
}

// Revisions implements Revisions.
func (s observed) Revisions(ctx context.Context, noun Noun, ids []string) (found map[string]Revision, err error) {
	ctx, end := s.begin(ctx, aggregateRevisions, "Revisions")
	defer func() { end("", err) }()
	return s.Store.Revisions(ctx, noun, ids)
}

// ListRevision implements Revisions.
func (s observed) ListRevision(ctx context.Context, noun Noun, projectID string, online time.Time) (found ListRevision, err error) {
	ctx, end := s.begin(ctx, aggregateRevisions, "ListRevision")
	defer func() { end("", err) }()
	return s.Store.ListRevision(ctx, noun, projectID, online)
}

// EndSession implements Sessions.
func (s observed) EndSession(ctx context.Context, id string, expiresAt time.Time) (err error) {
	ctx, end := s.begin(ctx, aggregateSessions, "EndSession")
	defer func() { end("", err) }()
	return s.Store.EndSession(ctx, id, expiresAt)
}

// SessionEnded implements Sessions.
func (s observed) SessionEnded(ctx context.Context, id string) (done bool, err error) {
	ctx, end := s.begin(ctx, aggregateSessions, "SessionEnded")
	defer func() { end("", err) }()
	return s.Store.SessionEnded(ctx, id)
}
