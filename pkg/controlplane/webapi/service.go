package webapi

import (
	"context"
	"log/slog"
	"net"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// Options is what the service works with.
type Options struct {
	Store     datastore.Store
	Logs      *stagelog.Logs
	Hub       *notify.Hub
	Issuer    *command.Issuer
	Passwords *auth.Passwords
	Sessions  *auth.Sessions
	Logger    *slog.Logger
}

// Service implements webv1connect.WebServiceHandler. It is safe for concurrent
// use.
type Service struct {
	webv1connect.UnimplementedWebServiceHandler

	store     datastore.Store
	logs      *stagelog.Logs
	hub       *notify.Hub
	issuer    *command.Issuer
	passwords *auth.Passwords
	sessions  *auth.Sessions
	logger    *slog.Logger
}

var _ webv1connect.WebServiceHandler = (*Service)(nil)

// New returns the service.
func New(o Options) *Service {
	return &Service{
		store: o.Store, logs: o.Logs, hub: o.Hub, issuer: o.Issuer,
		passwords: o.Passwords, sessions: o.Sessions, logger: o.Logger,
	}
}

// IsPublic reports whether a procedure needs no session.
func IsPublic(procedure string) bool {
	return procedure == webv1connect.WebServiceLoginProcedure || procedure == webv1connect.WebServiceLogoutProcedure
}

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
	if err != nil {
		s.logger.WarnContext(ctx, "refused a login", slog.Any("login", login), slog.Any("error", err))
		return nil, err
	}
	cookie, ends, err := s.sessions.Start(login.ProjectID, admin, time.Now())
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

// Logout makes the browser forget the session.
func (s *Service) Logout(ctx context.Context, _ *webv1.LogoutRequest) (*webv1.LogoutResponse, error) {
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		info.ResponseHeader().Add("Set-Cookie", s.sessions.End().String())
	}
	return &webv1.LogoutResponse{}, nil
}

// GetMe says who is logged in.
func (s *Service) GetMe(ctx context.Context, _ *webv1.GetMeRequest) (*webv1.GetMeResponse, error) {
	user, err := auth.UserFrom(ctx)
	if err != nil {
		return nil, err
	}
	return &webv1.GetMeResponse{Username: user.Username, ProjectId: user.ProjectID}, nil
}

func page(size int32, cursor string) datastore.Page {
	return datastore.Page{Size: int(size), Cursor: cursor}
}

func commander(u auth.User) command.Commander {
	return command.Commander{Username: u.Username, ProjectID: u.ProjectID}
}
