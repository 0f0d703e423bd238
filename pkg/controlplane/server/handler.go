package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"pipecd/pkg/controlplane/agentapi"
	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/pipedapi"
	"pipecd/pkg/controlplane/stagechecks"
	"pipecd/pkg/controlplane/webapi"
	"pipecd/pkg/controlplane/webhook"
	"pipecd/pkg/controlplane/webui"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice/pipedserviceconnect"
	"pipecd/pkg/rpc/gen/pipecd/agent/v1/agentv1connect"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const (
	// maxMessage is the most bytes of one message of an agent, after decompression,
	// and maxWebMessage of one of a person.
	maxMessage    = 10 << 20
	maxWebMessage = 256 << 10
	// minCompressed is below what compressing a message costs more than it saves,
	// such as each of the heartbeats of thousands of agents.
	minCompressed = 1 << 10
)

const (
	pipedPrefix  = "/" + pipedserviceconnect.PipedServiceName + "/"
	agentPrefix  = "/" + agentv1connect.AgentServiceName + "/"
	webPrefix    = "/" + webv1connect.WebServiceName + "/"
	legacyPrefix = "/pipe.api.service.pipedservice.PipedService/"
)

// newHandler wires everything that answers on the one port. stopping is done
// when streams have to end.
func newHandler(stopping context.Context, o Options, w *wiring) (http.Handler, error) {
	hub, logs := w.hub, w.logs
	projects := auth.NewProjects(o.Projects, o.Store)
	passwords, err := auth.NewPasswords(projects)
	if err != nil {
		return nil, err
	}
	validate, err := newValidation()
	if err != nil {
		return nil, err
	}
	ui, err := webui.New(o.UI, o.Version)
	if err != nil {
		return nil, err
	}
	var (
		pipeds   = auth.NewPipeds(projects, o.Store, hub, o.Logger)
		sessions = auth.NewSessions(auth.SessionOptions{Key: o.SessionKey, Projects: projects, Ended: o.Store, Hub: hub, Insecure: o.InsecureCookie})
	)
	rpc := connect.NewServer(
		account(o.Logger, o.Observer),
		mapErrors,
		recoverPanics,
		limit(stopping),
		identify(pipeds, follower{sessions: sessions, hub: hub}),
		validate,
	)
	reports := pipedapi.New(pipedapi.Options{
		Store: o.Store, Files: o.Files, Logs: logs, Hub: hub, Clock: w.clock, Address: o.Address, Observer: o.Observer,
		NothingWaits: w.nothingWaits(),
	})
	pipedserviceconnect.RegisterPipedServiceHandler(rpc, reports)
	agents := agentapi.New(agentapi.Options{
		Store: o.Store, Pipeds: pipeds, Checks: stagechecks.New(o.Files, hub), Histories: reports, Hub: hub, Clock: w.clock,
		Logger: o.Logger, Observer: o.Observer, Interrupt: interruptReads, NothingWaits: w.nothingWaits(),
	})
	agentv1connect.RegisterAgentServiceHandler(rpc, agents)
	webv1connect.RegisterWebServiceHandler(rpc, webapi.New(webapi.Options{
		Store: o.Store, Logs: logs, Hub: hub, Clock: w.clock,
		Issuer:    command.NewIssuer(command.IssuerOptions{Store: o.Store, Hub: hub, Clock: w.clock, Observer: o.Observer}),
		Passwords: passwords, Sessions: sessions, Logger: o.Logger, Observer: o.Observer,
		Version: o.Version, Address: o.Address,
	}))

	mux := counted(newMux(o, rpc, w, ui), o.Observer)
	return timed(secured(fromClient(o.TrustedProxies, withConnection(withLegacyPath(sameOrigin(o.Address, mux)))))), nil
}

// newMux gives calls, requests that are none, and the pages their addresses.
func newMux(o Options, rpc *connect.Server, w *wiring, ui http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc, connecthttp.WithReadMaxBytes(maxMessage), connecthttp.WithCompressMinBytes(minCompressed),
		connecthttp.WithConditionalOptions(forPeople))
	// Not the filestore: logs wait in the datastore while it is away, and a load balancer that then sends nothing to any
	// server would cut everybody off. The admin port tells of it.
	ready := newHealth(o.Store)
	ready.draining = w.draining
	mux.Handle("GET /healthz", ready)
	hooks := webhook.New(webhook.Options{Secrets: o.Webhook, Hub: w.hub, Shared: o.Shared, Logger: o.Logger})
	mux.Handle("/webhook/github", hooks)
	mux.Handle("/webhook/gitlab", hooks)
	mux.Handle("/", ui)
	return mux
}

// forPeople asks calls of the web service for the header
// Connect-Protocol-Version, which a form of another site cannot send, and takes
// less of them: logging in is open to everybody.
func forPeople(spec connect.Spec) []connecthttp.Option {
	if strings.HasPrefix(spec.Procedure, webPrefix) {
		return []connecthttp.Option{connecthttp.WithRequireConnectProtocolHeader(), connecthttp.WithReadMaxBytes(maxWebMessage)}
	}
	return nil
}

// withLegacyPath makes the service's older name mean the same.
func withLegacyPath(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if method, ok := strings.CutPrefix(r.URL.Path, legacyPrefix); ok {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = pipedPrefix+method, ""
		}
		next.ServeHTTP(w, r)
	})
}

type connectionKey struct{}

// withConnection makes the deadlines of the request's connection, or HTTP/2
// stream, reachable from its context.
func withConnection(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), connectionKey{}, http.NewResponseController(w))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func connection(ctx context.Context) (*http.ResponseController, bool) {
	c, ok := ctx.Value(connectionKey{}).(*http.ResponseController)
	return c, ok
}

// interruptReads makes reads of the call's request, also one that waits, fail.
func interruptReads(ctx context.Context) {
	if c, ok := connection(ctx); ok {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // fails only when there is nothing left to read
	}
}
