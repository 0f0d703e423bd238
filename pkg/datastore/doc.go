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
// A mutate that changes nothing writes nothing.
//
// A write that carries a model.Fence with an epoch is refused with
// model.CodeFenced, inside the same transaction, when that is not the epoch of
// the agent's lease, or there is none. Without an epoch nothing is checked.
//
// Lists are ordered by (time, id) with the newest first unless said otherwise,
// read one page at a time on an index, and continue from an opaque cursor. A
// cursor from another list, of another filter, or a damaged one, is
// model.CodeInvalid. A page may have fewer rows than asked for when the rows are
// large: only an empty cursor says that the list ends.
//
// Errors carry model codes: CodeNotFound for a missing id, CodeAlreadyExists
// for a taken one, CodeUnavailable when trying again can help (locked, lost
// connection, ended context), CodeExhausted when the disk is full, CodeInvalid
// for a value the store cannot keep whole: a key over model.MaxNameLength, text
// that is not UTF-8, more than 8 MiB in all. Calls that fail with
// CodeUnavailable changed nothing or are safe to repeat.
//
// Times are kept to the microsecond, in UTC; an empty map or slice comes back
// as nil.
//
// Implementations are safe for concurrent use. Values passed in are not kept
// and values returned are the caller's own.
package datastore
