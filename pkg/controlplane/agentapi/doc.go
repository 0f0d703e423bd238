// Package agentapi answers pipecd.agent.v1.AgentService: the stream that every
// agent of ours holds open, and the reports PipedService has no call for
// (checks.go). The stream does four things.
//
// It grants the lease. Of the processes started with one agent's id, one gets
// the lease and acts; the others are told to stand by and get it as soon as it
// is released or has expired. The epoch of the lease goes with every write.
//
// It keeps the lease. The agent's heartbeat renews it and is the agent's sign of
// life, told to the datastore together with those of other agents (pulse.go); the server's own heartbeat only keeps the connection open, for it does
// not prove that the agent lives. When the stream ends the lease is released at
// once, so that a successor need not wait for its expiry.
//
// It pushes. What waits for the agent is sent when the lease is granted, and
// what comes later as soon as it is stored, by whichever process: the hub wakes
// the stream, and package relay the hub.
//
// It passes hints on. That a repository changed (hints.go) is told in the same
// way and kept nowhere: agents look by themselves too.
//
//	hello ──▶ (standby ⇄ heartbeat)* ──▶ lease ──▶ (command | applications | repository | heartbeat)* ──▶ end
package agentapi
