// Package stage is the port between the engine and the stages of a pipeline:
// what a stage is given (Run), what it answers (Outcome), how it makes side
// effects that survive a crash (Journal), and the registry of kinds.
//
// A stage is written as straight code. Every side effect goes through Do: its
// intent is recorded before it is made and its outcome after it, so when the
// agent dies and the stage runs again from its first line, finished steps
// answer from the record and the step it died in is tried again with the same
// request and the same token.
package stage
