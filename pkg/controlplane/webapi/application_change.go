package webapi

import (
	"context"
	"log/slog"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// applicationChange is what a person does to an application.
type applicationChange struct {
	id   string
	what string // for the log
	// check, if set, refuses the change by what is around the application.
	check func(*model.Application) error
	// mutate may run several times.
	mutate func(*model.Application) error
}

// changeApplication changes an application of the user's project and tells its
// agents, also the one it had before.
func (s *Service) changeApplication(ctx context.Context, c applicationChange) error {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return err
	}
	before, err := s.application(ctx, user, c.id)
	if err != nil {
		return err
	}
	if c.check != nil {
		if err := c.check(before); err != nil {
			return err
		}
	}
	now := s.clock.Now()
	after, err := s.store.UpdateApplication(ctx, model.Fence{}, c.id, func(a *model.Application) error {
		if a.Deleted {
			return model.Errorf(model.CodeNotFound, "application %q does not exist", c.id)
		}
		if a.PipedID != before.PipedID {
			return model.Errorf(model.CodeFailedPrecondition, "somebody else gave application %q to another piped at the same moment; look and try again", a.Name)
		}
		a.UpdatedAt = now
		return c.mutate(a)
	})
	if err != nil {
		return err
	}
	s.tellOf(after, before.PipedID)
	if after.PipedID != before.PipedID {
		s.tellOf(after, after.PipedID)
	}
	s.logger.InfoContext(ctx, c.what, slog.String("application", c.id), slog.Any("by", user))
	return nil
}

// UpdateApplication changes who deploys the application, with what and from
// which file. It does not change hands while it is being deployed: two agents
// would act on one service.
func (s *Service) UpdateApplication(ctx context.Context, req *webv1.UpdateApplicationRequest) (*webv1.UpdateApplicationResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	piped, err := s.piped(ctx, user, req.GetPipedId())
	if err != nil {
		return nil, InField("piped_id", err)
	}
	var repo model.GitRepository
	err = s.changeApplication(ctx, applicationChange{
		id: req.GetApplicationId(), what: "changed an application",
		check: func(a *model.Application) (err error) {
			if a.PipedID != piped.ID {
				if err := s.checkIdle(ctx, a, "given to another piped"); err != nil {
					return InField("piped_id", err)
				}
			}
			repo, err = checkAgainst(piped, a.GitPath.Repo.ID, req.GetPlatformProvider())
			return err
		},
		mutate: func(a *model.Application) error {
			a.PipedID, a.PlatformProvider = piped.ID, req.GetPlatformProvider()
			a.GitPath.Repo, a.GitPath.ConfigFilename = repo, req.GetConfigFilename()
			a.GitPath.URL = model.DirectoryPage(repo.Remote, repo.Branch, a.GitPath.Path)
			return InField("config_filename", a.Validate())
		},
	})
	if err != nil {
		return nil, ifTaken("config_filename", err)
	}
	return &webv1.UpdateApplicationResponse{}, nil
}

// checkIdle refuses what must not happen while the application is deployed, or
// is about to be. A disabled agent deploys nothing, so that one that is gone for
// ever stands in nobody's way.
func (s *Service) checkIdle(ctx context.Context, a *model.Application, done string) error {
	open, _, err := s.store.ListDeployments(ctx, datastore.DeploymentFilter{
		ApplicationID: a.ID, Statuses: model.OpenDeploymentStatuses(),
	}, datastore.Page{Size: 1})
	if err != nil || len(open) == 0 {
		return err
	}
	piped, err := s.store.GetPiped(ctx, open[0].PipedID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return err
	}
	if piped == nil || piped.Disabled {
		return nil
	}
	return model.Errorf(model.CodeFailedPrecondition,
		"application %q cannot be %s while deployment %s is %s; wait for its end, cancel it, or disable piped %q",
		a.Name, done, open[0].ID, open[0].Status, piped.Name)
}

// EnableApplication lets the application be deployed again.
func (s *Service) EnableApplication(ctx context.Context, req *webv1.EnableApplicationRequest) (*webv1.EnableApplicationResponse, error) {
	if err := s.setDisabled(ctx, req.GetApplicationId(), false, "enabled an application"); err != nil {
		return nil, err
	}
	return &webv1.EnableApplicationResponse{}, nil
}

// DisableApplication keeps the application and lets nothing deploy it. A
// deployment that runs goes on.
func (s *Service) DisableApplication(ctx context.Context, req *webv1.DisableApplicationRequest) (*webv1.DisableApplicationResponse, error) {
	if err := s.setDisabled(ctx, req.GetApplicationId(), true, "disabled an application"); err != nil {
		return nil, err
	}
	return &webv1.DisableApplicationResponse{}, nil
}

func (s *Service) setDisabled(ctx context.Context, id string, disabled bool, what string) error {
	return s.changeApplication(ctx, applicationChange{id: id, what: what, mutate: func(a *model.Application) error {
		a.Disabled = disabled
		return nil
	}})
}

// DeleteApplication forgets the application; what it made in the cloud stays.
func (s *Service) DeleteApplication(ctx context.Context, req *webv1.DeleteApplicationRequest) (*webv1.DeleteApplicationResponse, error) {
	now := s.clock.Now()
	err := s.changeApplication(ctx, applicationChange{
		id: req.GetApplicationId(), what: "deleted an application",
		check: func(a *model.Application) error { return s.checkIdle(ctx, a, "deleted") },
		mutate: func(a *model.Application) error {
			a.Deleted, a.DeletedAt = true, now
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return &webv1.DeleteApplicationResponse{}, nil
}
