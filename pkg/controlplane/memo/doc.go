// Package memo remembers for a moment what was read of the datastore, so that a
// caller in a hurry, and many callers that ask the same at the same moment, cost
// one reading and not thousands: the agent behind each of its calls, the session
// behind each of a browser's, the page of a list that all browsers read when
// they are told that it changed.
//
// What is remembered is never older than Age, and is read again at once when
// this process is told of a change; the relay tells it of those of other
// processes.
package memo
