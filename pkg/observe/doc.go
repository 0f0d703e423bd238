// Package observe is the port through which the program tells what it does.
// What does something worth measuring takes an Observer and says three kinds of
// things: an operation begins and ends, something happened some times, something
// has a level now. What becomes of it, a metric or a span or nothing, is decided
// elsewhere; package telemetry is the adapter.
//
// Group, Name and the labels of a count become labels of metrics. They come from
// small sets that do not grow with use: an id is never one, the id of a
// configured repository excepted. Ids go into Attrs, which only traces have.
package observe
