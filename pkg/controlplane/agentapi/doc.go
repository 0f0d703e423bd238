// Package agentapi answers pipecd.agent.v1.AgentService: the stream that every
// agent of ours holds open, and the reports PipedService has no call for
// (checks.go). The stream does four things.
//
// It grants the lease. Of the processes started with one agent's id, one gets
// the lease and acts; the others are told to stand by and get it as soon as it
// is released or has expired. The epoch of the lease goes with every write.
//
// It keeps the lease. The agent's heartbeat renews it and is the agent's sign of
// life; the server's own heartbeat only keeps the connection open, for it does
// not prove that the agent lives. When the stream ends the lease is released at
// once, so that a successor need not wait for its expiry.
//
// It pushes. What waits for the agent is sent when the lease is granted, and
// what comes later as soon as it is stored: this process is woken by notify,
// and reads the datastore each second for what other processes stored.
//
// It passes hints on. That a repository changed (hints.go) is told to the agents
// connected to this process and kept nowhere: agents look by themselves too.
//
//	hello ──▶ (standby ⇄ heartbeat)* ──▶ lease ──▶ (command | applications | repository | heartbeat)* ──▶ end
package agentapi
