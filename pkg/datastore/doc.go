// Package datastore is the port to the control plane's state: small interfaces
// per aggregate, composed into Store.
//
// # Rules every adapter keeps
//
// Every change of an existing row is a compare-and-set inside one transaction:
// the adapter reads the row, runs the caller's pure mutate function, and writes
// only if nobody wrote in between, else it reads again. mutate may therefore
// run several times and must have no effects; an error from it is returned as
// it is and nothing is written.
//
// A write that carries a model.Fence with an epoch is refused with
// model.CodeFenced, inside the same transaction, when the agent's lease has a
// newer epoch.
//
// Lists are ordered by (time, id) with the newest first unless said otherwise,
// read one page at a time on an index, and continue from an opaque cursor. A
// cursor from another list, or a damaged one, is model.CodeInvalid.
//
// Errors carry model codes: CodeNotFound for a missing id, CodeAlreadyExists
// for a taken one, CodeUnavailable when trying again can help (locked, lost
// connection), CodeInvalid for a value the store cannot keep whole. Calls that
// fail with CodeUnavailable changed nothing or are safe to repeat.
//
// Implementations are safe for concurrent use. Values passed in are not kept
// and values returned are the caller's own.
package datastore
