// Package command is what people may ask of an agent: sync, cancel, approve,
// skip. Issuing one checks whether it makes sense now, stores it for the agent,
// and wakes the agent's stream. The agent answers with what became of it.
//
// The checks are a service to the person who clicks; what the state is when the
// command arrives is for the agent to judge.
package command
