// Package server is the control plane's process: one port for everything, and
// one for the operator.
//
//	/grpc.service.pipedservice.PipedService/   agents   package pipedapi
//	/pipe.api.service.pipedservice.PipedService/        the same, an older name
//	/pipecd.agent.v1.AgentService/             agents   package agentapi
//	/pipecd.web.v1.WebService/                 people   package webapi
//	/healthz                                   load balancers
//	/                                          the web UI  package webui
//
// Each request is dispatched by its path, never a connection: proxies mix
// everything on one. The services answer gRPC, gRPC-Web and Connect, over
// HTTP/1.1 or HTTP/2, which needs no TLS to be spoken. TLS is for a proxy in
// front.
//
// What every request passes first (guard.go): it gets limits of time and headers
// for its answer, its client's address is taken from trusted proxies, and what
// another site asks for is refused.
//
// What every call passes then, from the outside in (interceptors.go): it is counted
// and logged; errors become status codes; a panic becomes an error; it gets a
// time limit, or is ended when the server stops; the caller is identified before
// anything of the message is read; each message is checked against the rules in
// the proto files.
//
// # Several servers
//
// Servers on one datastore act as one control plane (Options.Shared). Package
// relay tells each what the others changed, package clock gives all the same
// time, and package background does periodic work in one of them. None holds
// state that matters: agents and browsers connect to any.
//
// A server that stops answers 503 at /healthz, serves on for the drain period,
// ends its streams with UNAVAILABLE, at which agents and browsers connect
// elsewhere after short random pauses, and gives running calls the grace period.
//
// The admin port has /metrics, /healthz and /debug/pprof/. It has no
// authentication and must not be reachable from outside.
package server
