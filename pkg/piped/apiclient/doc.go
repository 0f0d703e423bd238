// Package apiclient is the agent's side of the wire: what an agent says to the
// control plane, in terms of the model.
//
// Client (dial.go) has one method per call of PipedService, and per call of
// AgentService but its stream. A call that fails because the control plane is
// away, overloaded or slow is repeated until the caller's context ends (call.go
// says how); every call is safe to repeat. What comes back is an error of the
// model with a sentence for people.
//
// Session (session.go) keeps the stream of AgentService open. It tells a
// Handler about the lease, commands and hints, and the Client sends the lease's
// epoch along with every later call, so that a process that was superseded is
// refused with model.CodeFenced. A control plane without that service is polled.
package apiclient
