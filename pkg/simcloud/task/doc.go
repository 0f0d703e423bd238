// Package task runs what the container service calls a task: one small web
// application per task, whose behaviour comes from its task definition as a
// real application's would.
//
// The application answers every request with its version, which is its image's
// tag, and with its task id. Entries of the container's environment make it
// misbehave:
//
//	FAULT=errors      answers FAULT_RATE percent of the requests with 500
//	FAULT=drop        closes FAULT_RATE percent of the connections unanswered
//	FAULT=slow        waits FAULT_LATENCY milliseconds before each answer
//	FAULT=unhealthy   answers the health check /healthz with 503
//	FAULT=crash       exits with FAULT_EXIT_CODE after FAULT_AFTER milliseconds
//	EXIT_AFTER=n      ends by itself after n milliseconds with EXIT_CODE, as a
//	                  job does
//
// Defaults: FAULT_RATE 100, FAULT_LATENCY 1000, FAULT_EXIT_CODE 1,
// FAULT_AFTER 200, EXIT_CODE 0. The health check is always 200 otherwise, so
// errors and drop pass it: that is what an analysis of traffic is for.
//
// [Runner] is the seam between the state machine of the container service and
// the sockets: [Servers] listens on the loopback interface, a simulation under
// virtual time runs the same [App] without sockets.
package task
