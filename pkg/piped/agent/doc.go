// Package agent is the running agent: it wires the wire client, the Git source,
// the trigger, the planner, the engine and the providers together.
//
// agent.go is the outer life: report what this agent is, hold the stream to the
// control plane, and act while this process holds the lease. active.go is one
// such period: it ends, with everything it started, when the lease is lost.
// Within it repositories are watched (package trigger), applications.go keeps
// the list of applications, commands.go hands out what people asked, and
// controller.go runs deployments, one at a time per application, in goroutines
// of their own. recorded.go keeps a copy of a deployment's files with it, for
// when its commit vanishes.
//
// Nothing is kept on disk but Git mirrors and known hosts: what an agent must
// remember is in the control plane.
package agent
