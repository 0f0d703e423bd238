package webapi

import (
	"context"
	"log/slog"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/model"
	rpcauth "pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// RegisterPiped creates an agent. Its key is in the answer and nowhere else.
func (s *Service) RegisterPiped(ctx context.Context, req *webv1.RegisterPipedRequest) (*webv1.RegisterPipedResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := model.ValidateName("the piped's name", req.GetName()); err != nil {
		return nil, err
	}
	key, now := rpcauth.NewKey(), time.Now()
	piped := &model.Piped{
		ID: model.NewID(), Name: req.GetName(), Description: req.GetDescription(), ProjectID: user.ProjectID,
		Keys:      []model.PipedKey{{Hash: rpcauth.HashKey(key), Creator: user.Username, CreatedAt: now}},
		CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.AddPiped(ctx, piped); err != nil {
		return nil, err
	}
	s.logger.InfoContext(ctx, "registered a piped",
		slog.String("piped", piped.ID), slog.String("project", user.ProjectID), slog.String("user", user.Username))
	return &webv1.RegisterPipedResponse{Id: piped.ID, Key: key}, nil
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
	resp, now := &webv1.ListPipedsResponse{Cursor: next}, time.Now()
	for _, p := range pipeds {
		resp.Pipeds = append(resp.Pipeds, convert.PipedToPB(p, now))
	}
	return resp, nil
}
