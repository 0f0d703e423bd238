package target

// Target is one task's address in a target group: ID and Port are what the wire
// shows, Addr is where its server listens.
//
// ID is an IP address for target groups of type "ip"; ECS registers a Fargate
// or awsvpc task by the private address of its network interface.
type Target struct {
	ID    string // private IP address shown on the wire
	Port  int    // container port shown on the wire
	Addr  string // host:port the task's server really listens on
	Fault string // empty: the application behaves
}

// Groups is what ECS asks of the load balancers. Implementations must be safe
// for concurrent use and must not call back into ECS.
type Groups interface {
	// Lookup reports whether the target group exists and whether a load
	// balancer forwards to it.
	Lookup(arn string) (exists, attached bool)
	// Register adds a target to a target group.
	Register(arn string, t Target) error
	// Deregister begins draining; the channel is closed when the
	// deregistration delay has passed and the target is gone.
	Deregister(arn string, t Target) <-chan struct{}
	// Health returns the target's state as ELBv2 names it (initial, healthy,
	// unhealthy, draining, unused, unavailable) and the reason.
	Health(arn string, t Target) (state, reason string)
}
