package webapi

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// AddApplication registers an application of an agent. What the agent said about
// itself decides whether its repository and platform provider exist.
func (s *Service) AddApplication(ctx context.Context, req *webv1.AddApplicationRequest) (*webv1.AddApplicationResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	piped, err := s.piped(ctx, user, req.GetPipedId())
	if err != nil {
		return nil, InField("piped_id", err)
	}
	repo, err := checkAgainst(piped, req.GetRepoId(), req.GetPlatformProvider())
	if err != nil {
		return nil, err
	}
	dir, err := model.CleanGitPath(req.GetPath())
	if err != nil {
		return nil, InField("path", err)
	}
	now := s.clock.Now()
	app := &model.Application{
		ID: model.NewID(), Name: req.GetName(), ProjectID: user.ProjectID, PipedID: piped.ID,
		Kind: model.ApplicationKind(req.GetKind()),
		GitPath: model.GitPath{
			Repo: repo, Path: dir, ConfigFilename: req.GetConfigFilename(), URL: model.DirectoryPage(repo.Remote, repo.Branch, dir),
		},
		PlatformProvider: req.GetPlatformProvider(),
		Description:      req.GetDescription(),
		Labels:           req.GetLabels(),
		CreatedAt:        now, UpdatedAt: now,
	}
	if err := app.Validate(); err != nil {
		return nil, err
	}
	if err := s.store.AddApplication(ctx, app); err != nil {
		return nil, ifTaken("path", err)
	}
	s.tellOf(app, piped.ID)
	s.logger.InfoContext(ctx, "added an application",
		slog.String("application", app.ID), slog.String("piped", piped.ID), slog.Any("by", user))
	return &webv1.AddApplicationResponse{ApplicationId: app.ID}, nil
}

// tellOf wakes those who watch the application, and the agents, which read
// their applications again.
func (s *Service) tellOf(app *model.Application, pipedIDs ...string) {
	s.hub.Notify(notify.OfApplication(app)...)
	for _, id := range pipedIDs {
		s.hub.Notify(notify.Applications(id))
	}
}

// checkAgainst returns the agent's repository, or says what the agent does not
// have.
func checkAgainst(piped *model.Piped, repoID, provider string) (model.GitRepository, error) {
	if piped.StartedAt.IsZero() {
		return model.GitRepository{}, InField("piped_id", model.Errorf(model.CodeFailedPrecondition,
			"piped %q has never connected, so its repositories and platform providers are not known; start it first", piped.Name))
	}
	repo, ok := piped.Repository(repoID)
	if !ok {
		return repo, InField("repo_id", model.Errorf(model.CodeInvalid, "piped %q has no repository %q; it has %s",
			piped.Name, repoID, names(piped.Repositories, func(r model.GitRepository) string { return r.ID })))
	}
	if !slices.ContainsFunc(piped.PlatformProviders, func(p model.Provider) bool { return p.Name == provider }) {
		return repo, InField("platform_provider", model.Errorf(model.CodeInvalid, "piped %q has no platform provider %q; it has %s",
			piped.Name, provider, names(piped.PlatformProviders, func(p model.Provider) string { return p.Name })))
	}
	return repo, nil
}

func names[T any](list []T, name func(T) string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

// application returns an application of the user's project.
func (s *Service) application(ctx context.Context, user auth.User, id string) (*model.Application, error) {
	app, err := s.store.GetApplication(ctx, id)
	if err != nil {
		return nil, err
	}
	if app.ProjectID != user.ProjectID || app.Deleted {
		return nil, model.Errorf(model.CodeNotFound, "application %q does not exist", id)
	}
	return app, nil
}

// GetApplication returns one application.
func (s *Service) GetApplication(ctx context.Context, req *webv1.GetApplicationRequest) (*webv1.GetApplicationResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	app, err := s.application(ctx, user, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	around, err := s.surroundings(ctx, []*model.Application{app})
	if err != nil {
		return nil, err
	}
	return &webv1.GetApplicationResponse{Application: around.view(app, s.clock.Now())}, nil
}

func applicationFilter(user auth.User, f *webv1.ApplicationFilter) datastore.ApplicationFilter {
	filter := datastore.ApplicationFilter{
		ProjectID: user.ProjectID, PipedID: f.GetPipedId(), NamePart: f.GetName(), Labels: f.GetLabels(),
		Kinds: kinds(f.GetKinds()),
	}
	for _, status := range f.GetSyncStatuses() {
		filter.SyncStatuses = append(filter.SyncStatuses, model.SyncStatus(status))
	}
	if f != nil && f.Disabled != nil {
		filter.Disabled = new(f.GetDisabled())
	}
	return filter
}

func kinds(list []modelpb.ApplicationKind) []model.ApplicationKind {
	out := slices.Grow([]model.ApplicationKind(nil), len(list)) // nil does not narrow
	for _, kind := range list {
		out = append(out, model.ApplicationKind(kind))
	}
	return out
}

// ListApplications returns the project's applications, the one that changed last
// first.
func (s *Service) ListApplications(ctx context.Context, req *webv1.ListApplicationsRequest) (*webv1.ListApplicationsResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	return remembered(ctx, s.pages.applications, user.ProjectID, req, notify.ApplicationList(user.ProjectID),
		func(ctx context.Context) (*webv1.ListApplicationsResponse, error) {
			return s.listApplications(ctx, user, req)
		})
}

func (s *Service) listApplications(ctx context.Context, user auth.User, req *webv1.ListApplicationsRequest) (*webv1.ListApplicationsResponse, error) {
	apps, next, err := s.store.ListApplications(ctx, applicationFilter(user, req.GetFilter()), page(req.GetPageSize(), req.GetCursor()))
	if err != nil {
		return nil, err
	}
	around, err := s.surroundings(ctx, apps)
	if err != nil {
		return nil, err
	}
	resp, now := &webv1.ListApplicationsResponse{Cursor: next}, s.clock.Now()
	for _, app := range apps {
		resp.Applications = append(resp.Applications, around.view(app, now))
	}
	return resp, nil
}

// CountApplications counts by status what a list with the same filter has, its
// statuses left aside.
func (s *Service) CountApplications(ctx context.Context, req *webv1.CountApplicationsRequest) (*webv1.CountApplicationsResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	filter := applicationFilter(user, req.GetFilter())
	filter.SyncStatuses = nil
	counts, err := s.store.CountApplications(ctx, filter)
	if err != nil {
		return nil, err
	}
	resp := &webv1.CountApplicationsResponse{}
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		n := int32(min(counts[status], maxCount)) //nolint:gosec // bounded
		resp.Total += n
		resp.Statuses = append(resp.Statuses, &webv1.CountApplicationsResponse_Status{Status: modelpb.ApplicationSyncStatus(status), Count: n})
	}
	return resp, nil
}

// SyncApplication asks the agent for a deployment of the branch's head. An agent
// that is offline does it when it comes back.
func (s *Service) SyncApplication(ctx context.Context, req *webv1.SyncApplicationRequest) (*webv1.SyncApplicationResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	id, err := s.issuer.Sync(ctx, commander(user), req.GetApplicationId(), model.SyncStrategy(req.GetStrategy()))
	if err != nil {
		return nil, err
	}
	return &webv1.SyncApplicationResponse{CommandId: id}, nil
}

// ListSuggestions lists applications that agents found in Git and nobody added.
func (s *Service) ListSuggestions(ctx context.Context, _ *webv1.ListSuggestionsRequest) (*webv1.ListSuggestionsResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.store.ListSuggestions(ctx, user.ProjectID)
	if err != nil {
		return nil, err
	}
	return &webv1.ListSuggestionsResponse{Applications: convert.SuggestionsToPB(found)}, nil
}
