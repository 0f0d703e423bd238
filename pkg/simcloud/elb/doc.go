// Package elb is the simulated application load balancers: the ELBv2 API on the
// wire, and for each listener a real reverse proxy on loopback that splits
// traffic by the weights that API sets.
//
// Read in this order: config.go (the world to start with), world.go (what
// exists), split.go, health.go and condition.go (the pure decisions), then the
// two faces: serve.go with its operation files speaks the AWS query protocol,
// proxy.go carries requests.
//
//	SDK client ─▶ ServeHTTP ─▶ operations ─▶ world ◀─ route ◀─ proxy ◀─ traffic
//	ECS ─▶ Register/Deregister ─▶ members ◀─ health checks
//
// It refuses what AWS refuses. Error codes are AWS's where its API reference
// names them and ValidationError for malformed requests; texts are our own.
//
// A load balancer never tries a second target for a request. Each 502, 503 and
// 504 it makes itself is recorded with a cause (cause.go): did a move of the
// operator make it, or a task that was told to misbehave?
//
// Not simulated: TLS, authentication (such actions are stored and returned; the
// data plane goes on to the action that ends), target group stickiness cookies,
// regular expressions, transforms, availability zones.
package elb
