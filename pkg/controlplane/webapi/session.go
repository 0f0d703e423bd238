package webapi

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// Login checks a password and sets the session's cookie.
func (s *Service) Login(ctx context.Context, req *webv1.LoginRequest) (*webv1.LoginResponse, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return nil, model.Errorf(model.CodeInternal, "the call has no metadata")
	}
	login := auth.Login{
		ProjectID: req.GetProjectId(), Username: req.GetUsername(), Password: req.GetPassword(), Address: hostOf(info.PeerAddr),
	}
	admin, err := s.passwords.Check(ctx, login)
	s.to.Count(ctx, observe.Logins, 1, observe.OutcomeOf(err))
	if err != nil {
		s.logger.WarnContext(ctx, "refused a login", slog.Any("login", login), slog.Any("error", err))
		if after := auth.RetryAfter(err); after > 0 {
			info.ResponseHeader().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
		}
		return nil, err
	}
	cookie, ends, err := s.sessions.Start(login.ProjectID, admin, s.clock.Now())
	if err != nil {
		return nil, err
	}
	info.ResponseHeader().Add("Set-Cookie", cookie.String())
	s.logger.InfoContext(ctx, "logged in", slog.Any("login", login))
	return &webv1.LoginResponse{Username: admin.Username, ProjectId: login.ProjectID, ExpiresAt: ends.Unix()}, nil
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// Logout ends the session, also its streams, and makes the browser forget it.
func (s *Service) Logout(ctx context.Context, _ *webv1.LogoutRequest) (*webv1.LogoutResponse, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return nil, model.Errorf(model.CodeInternal, "the call has no metadata")
	}
	info.ResponseHeader().Add("Set-Cookie", s.sessions.Forget().String())
	id, err := s.sessions.End(ctx, info.RequestHeader().Values("Cookie"))
	if err != nil {
		return nil, err
	}
	if id != "" {
		s.hub.Notify(notify.Session(id))
	}
	return &webv1.LogoutResponse{}, nil
}

// GetMe says who is logged in, and to what.
func (s *Service) GetMe(ctx context.Context, _ *webv1.GetMeRequest) (*webv1.GetMeResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	return &webv1.GetMeResponse{
		Username: user.Username, ProjectId: user.ProjectID, ExpiresAt: user.ExpiresAt.Unix(),
		Version: s.version, Address: s.address, Now: s.clock.Now().Unix(),
	}, nil
}
