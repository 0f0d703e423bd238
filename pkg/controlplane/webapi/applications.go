package webapi

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
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
		return nil, err
	}
	repo, err := checkAgainst(piped, req.GetRepoId(), req.GetPlatformProvider())
	if err != nil {
		return nil, err
	}
	now := time.Now()
	app := &model.Application{
		ID: model.NewID(), Name: req.GetName(), ProjectID: user.ProjectID, PipedID: piped.ID,
		Kind:             model.ApplicationKind(req.GetKind()),
		GitPath:          model.GitPath{Repo: repo, Path: req.GetPath(), ConfigFilename: req.GetConfigFilename()},
		PlatformProvider: req.GetPlatformProvider(),
		Description:      req.GetDescription(),
		Labels:           req.GetLabels(),
		CreatedAt:        now, UpdatedAt: now,
	}
	if err := app.Validate(); err != nil {
		return nil, err
	}
	if err := s.store.AddApplication(ctx, app); err != nil {
		return nil, err
	}
	s.hub.Notify(notify.Applications(piped.ID))
	s.logger.InfoContext(ctx, "added an application", slog.String("application", app.ID), slog.String("piped", piped.ID),
		slog.String("project", user.ProjectID), slog.String("user", user.Username))
	return &webv1.AddApplicationResponse{ApplicationId: app.ID}, nil
}

func (s *Service) piped(ctx context.Context, user auth.User, id string) (*model.Piped, error) {
	p, err := s.store.GetPiped(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.ProjectID != user.ProjectID {
		return nil, model.Errorf(model.CodeNotFound, "piped %q does not exist", id)
	}
	return p, nil
}

// checkAgainst returns the agent's repository, or says what the agent does not
// have.
func checkAgainst(piped *model.Piped, repoID, provider string) (model.GitRepository, error) {
	if piped.StartedAt.IsZero() {
		return model.GitRepository{}, model.Errorf(model.CodeFailedPrecondition,
			"piped %q has never connected, so its repositories and platform providers are not known; start it first", piped.Name)
	}
	repo, ok := piped.Repository(repoID)
	if !ok {
		return repo, model.Errorf(model.CodeInvalid, "piped %q has no repository %q; it has %s",
			piped.Name, repoID, names(piped.Repositories, func(r model.GitRepository) string { return r.ID }))
	}
	if !slices.ContainsFunc(piped.PlatformProviders, func(p model.Provider) bool { return p.Name == provider }) {
		return repo, model.Errorf(model.CodeInvalid, "piped %q has no platform provider %q; it has %s",
			piped.Name, provider, names(piped.PlatformProviders, func(p model.Provider) string { return p.Name }))
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

// GetApplication returns one application.
func (s *Service) GetApplication(ctx context.Context, req *webv1.GetApplicationRequest) (*webv1.GetApplicationResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	app, err := s.store.GetApplication(ctx, req.GetApplicationId())
	if err != nil {
		return nil, err
	}
	if app.ProjectID != user.ProjectID || app.Deleted {
		return nil, model.Errorf(model.CodeNotFound, "application %q does not exist", req.GetApplicationId())
	}
	return &webv1.GetApplicationResponse{Application: convert.ApplicationToPB(app)}, nil
}

// ListApplications returns the project's applications, the one that changed last
// first. With several statuses a page can be shorter than asked; the cursor says
// whether there is more.
func (s *Service) ListApplications(ctx context.Context, req *webv1.ListApplicationsRequest) (*webv1.ListApplicationsResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	filter := datastore.ApplicationFilter{
		ProjectID: user.ProjectID, PipedID: req.GetPipedId(), Name: req.GetName(), Labels: req.GetLabels(),
	}
	if statuses := req.GetSyncStatuses(); len(statuses) == 1 {
		status := model.SyncStatus(statuses[0])
		filter.SyncStatus = &status
	}
	apps, next, err := s.store.ListApplications(ctx, filter, page(req.GetPageSize(), req.GetCursor()))
	if err != nil {
		return nil, err
	}
	resp := &webv1.ListApplicationsResponse{Cursor: next}
	for _, a := range apps {
		pb := convert.ApplicationToPB(a)
		if len(req.GetSyncStatuses()) > 1 && !slices.Contains(req.GetSyncStatuses(), pb.GetSyncState().GetStatus()) {
			continue
		}
		resp.Applications = append(resp.Applications, pb)
	}
	return resp, nil
}

// SyncApplication asks the agent for a deployment of the branch's head.
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
