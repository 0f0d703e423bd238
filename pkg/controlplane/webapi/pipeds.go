package webapi

import (
	"context"
	"log/slog"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	rpcauth "pipecd/pkg/rpc/auth"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// RegisterPiped creates an agent. Its key is in the answer and nowhere else.
func (s *Service) RegisterPiped(ctx context.Context, req *webv1.RegisterPipedRequest) (*webv1.RegisterPipedResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := model.ValidateName("the piped's name", req.GetName()); err != nil {
		return nil, InField("name", err)
	}
	key, now := rpcauth.NewKey(), s.clock.Now()
	piped := &model.Piped{
		ID: model.NewID(), Name: req.GetName(), Description: req.GetDescription(), ProjectID: user.ProjectID,
		Keys:      []model.PipedKey{{Hash: rpcauth.HashKey(key), Creator: user.Username, CreatedAt: now}},
		CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.AddPiped(ctx, piped); err != nil {
		return nil, ifTaken("name", err)
	}
	s.hub.Notify(notify.OfPiped(piped)...)
	s.logger.InfoContext(ctx, "registered a piped", slog.String("piped", piped.ID), slog.Any("by", user))
	return &webv1.RegisterPipedResponse{Id: piped.ID, Key: key}, nil
}

// ifTaken says that the field holds what another one has.
func ifTaken(field string, err error) error {
	if model.CodeOf(err) == model.CodeAlreadyExists {
		return InField(field, err)
	}
	return err
}

// piped returns an agent of the user's project.
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

// GetPiped returns one agent.
func (s *Service) GetPiped(ctx context.Context, req *webv1.GetPipedRequest) (*webv1.GetPipedResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.piped(ctx, user, req.GetPipedId())
	if err != nil {
		return nil, err
	}
	views, err := s.pipedViews(ctx, []*model.Piped{p}, s.clock.Now())
	if err != nil {
		return nil, err
	}
	return &webv1.GetPipedResponse{Piped: views[0]}, nil
}

// ListPipeds returns the project's agents by name.
func (s *Service) ListPipeds(ctx context.Context, req *webv1.ListPipedsRequest) (*webv1.ListPipedsResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	pipeds, next, err := s.store.ListPipeds(ctx, user.ProjectID, page(req.GetPageSize(), req.GetCursor()))
	if err != nil {
		return nil, err
	}
	views, err := s.pipedViews(ctx, pipeds, s.clock.Now())
	if err != nil {
		return nil, err
	}
	return &webv1.ListPipedsResponse{Pipeds: views, Cursor: next}, nil
}

// changePiped changes an agent of the user's project and tells its streams.
// change may run several times.
func (s *Service) changePiped(ctx context.Context, id, what string, change func(*model.Piped, auth.User) error) error {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return err
	}
	if _, err := s.piped(ctx, user, id); err != nil {
		return err
	}
	now := s.clock.Now()
	p, err := s.store.UpdatePiped(ctx, id, func(p *model.Piped) error {
		p.UpdatedAt = now
		return change(p, user)
	})
	if err != nil {
		return err
	}
	s.hub.Notify(notify.OfPiped(p)...)
	s.logger.InfoContext(ctx, what, slog.String("piped", id), slog.Any("by", user))
	return nil
}

// UpdatePiped changes an agent's name and description.
func (s *Service) UpdatePiped(ctx context.Context, req *webv1.UpdatePipedRequest) (*webv1.UpdatePipedResponse, error) {
	if err := model.ValidateName("the piped's name", req.GetName()); err != nil {
		return nil, InField("name", err)
	}
	err := s.changePiped(ctx, req.GetPipedId(), "changed a piped", func(p *model.Piped, _ auth.User) error {
		p.Name, p.Description = req.GetName(), req.GetDescription()
		return nil
	})
	if err != nil {
		return nil, ifTaken("name", err)
	}
	return &webv1.UpdatePipedResponse{}, nil
}

// EnablePiped lets a disabled agent in again.
func (s *Service) EnablePiped(ctx context.Context, req *webv1.EnablePipedRequest) (*webv1.EnablePipedResponse, error) {
	err := s.changePiped(ctx, req.GetPipedId(), "enabled a piped", func(p *model.Piped, _ auth.User) error {
		p.Disabled = false
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &webv1.EnablePipedResponse{}, nil
}

// DisablePiped ends the agent's streams and refuses its keys.
func (s *Service) DisablePiped(ctx context.Context, req *webv1.DisablePipedRequest) (*webv1.DisablePipedResponse, error) {
	err := s.changePiped(ctx, req.GetPipedId(), "disabled a piped", func(p *model.Piped, _ auth.User) error {
		p.Disabled = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &webv1.DisablePipedResponse{}, nil
}

// AddPipedKey makes a second key, so that an agent can change to it while the
// first still works. It is in the answer and nowhere else.
func (s *Service) AddPipedKey(ctx context.Context, req *webv1.AddPipedKeyRequest) (*webv1.AddPipedKeyResponse, error) {
	key, now := rpcauth.NewKey(), s.clock.Now()
	hash := rpcauth.HashKey(key)
	err := s.changePiped(ctx, req.GetPipedId(), "added a key of a piped", func(p *model.Piped, user auth.User) error {
		return p.AddKey(model.PipedKey{Hash: hash, Creator: user.Username, CreatedAt: now})
	})
	if err != nil {
		return nil, err
	}
	return &webv1.AddPipedKeyResponse{Key: key}, nil
}

// DeleteOldPipedKeys leaves the newest key only; whoever uses another is out.
func (s *Service) DeleteOldPipedKeys(ctx context.Context, req *webv1.DeleteOldPipedKeysRequest) (*webv1.DeleteOldPipedKeysResponse, error) {
	err := s.changePiped(ctx, req.GetPipedId(), "deleted the old keys of a piped", func(p *model.Piped, _ auth.User) error {
		p.DeleteOldKeys()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &webv1.DeleteOldPipedKeysResponse{}, nil
}
