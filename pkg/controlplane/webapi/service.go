package webapi

import (
	"log/slog"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/clock"
	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/stagelog"
	"pipecd/pkg/datastore"
	"pipecd/pkg/observe"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// Options is what the service works with.
type Options struct {
	Store     datastore.Store
	Logs      *stagelog.Logs
	Hub       *notify.Hub
	Clock     *clock.Clock // nil for the process's own
	Issuer    *command.Issuer
	Passwords *auth.Passwords
	Sessions  *auth.Sessions
	Logger    *slog.Logger
	Observer  observe.Observer // is told about logins; nil means nobody looks
	Version   string           // of the control plane
	Address   string           // under which agents reach it, as configured; may be empty
}

// Service implements webv1connect.WebServiceHandler. It is safe for concurrent
// use.
type Service struct {
	webv1connect.UnimplementedWebServiceHandler

	store     datastore.Store
	logs      *stagelog.Logs
	hub       *notify.Hub
	clock     *clock.Clock
	issuer    *command.Issuer
	passwords *auth.Passwords
	sessions  *auth.Sessions
	logger    *slog.Logger
	to        observe.Observer
	pages     pages
	version   string
	address   string
}

var _ webv1connect.WebServiceHandler = (*Service)(nil)

// New returns the service.
func New(o Options) *Service {
	return &Service{
		store: o.Store, logs: o.Logs, hub: o.Hub, clock: o.Clock, issuer: o.Issuer,
		passwords: o.Passwords, sessions: o.Sessions, logger: o.Logger, to: observe.Or(o.Observer),
		pages: newPages(o.Hub), version: o.Version, address: o.Address,
	}
}

// IsPublic reports whether a procedure needs no session.
func IsPublic(procedure string) bool {
	return procedure == webv1connect.WebServiceLoginProcedure || procedure == webv1connect.WebServiceLogoutProcedure
}

func page(size int32, cursor string) datastore.Page {
	return datastore.Page{Size: int(size), Cursor: cursor}
}

func commander(u auth.User) command.Commander {
	return command.Commander{Username: u.Username, ProjectID: u.ProjectID}
}
