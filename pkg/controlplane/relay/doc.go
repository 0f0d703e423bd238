// Package relay connects the hubs of the control plane's processes that share a
// datastore, so that together they behave as one.
//
//	hub.Notify ──▶ (50 ms) ──▶ table of signals ──▶ (250 ms) ──▶ hub.Tell of the others
//
// What is notified in a process is gathered for a moment, merged, and stored as
// one signal. Each process reads the signals of the others with one small query
// four times a second, however many agents and browsers it serves, and wakes its
// own subscribers. A signal names topics and carries nothing, like a
// notification, so one too many does no harm.
//
// Ids of signals are not given in the order of the commits. A window (window.go)
// remembers which were read and looks again for the missing ones for a while.
//
// A signal is lost when its process dies between the change and the signal.
// Commands must not wait for the agents' own poll then, so each process also
// asks twice a second which commands wait at all, and wakes the agents of those
// that are new to it. From that it also knows which agents have none, and answers
// them without a query (waiting.go). Whoever cannot know what was missed, after too long without
// the datastore or of too many topics at once, wakes everybody.
package relay
