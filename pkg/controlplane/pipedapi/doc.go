// Package pipedapi answers grpc.service.pipedservice.PipedService: what agents
// report, and what they ask for. Any agent that speaks PipeCD's wire can use it;
// field numbers and status codes are those of that wire.
//
// Every call names the agent (auth.PipedFrom), and every thing it names must be
// the agent's own: what does not exist is NOT_FOUND, and so is what is of another
// project, in the same words; what belongs to another agent of the project
// is PERMISSION_DENIED. Every write carries the agent's fence, so that a
// process whose lease was taken over is refused with ABORTED.
//
// Requests carry no expected state. The rules of model decide what is accepted:
// the same status again is fine, a step backwards is FAILED_PRECONDITION.
//
// What a person may look at but nobody filters by lies in the filestore: stage
// logs, live states, analysis results, outputs of commands, plugins' objects.
package pipedapi
