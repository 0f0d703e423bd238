// Package reporter sends the logs of stages to the control plane.
//
// A StageLog never makes its writer wait: lines go into a buffer, and one
// goroutine per open log sends them in batches, the first lines of a burst
// after a tenth of a second (people are watching), the rest once per second.
//
// While the control plane is away, lines are kept and sent when it is back. The
// buffer is bounded; when it is full its middle is dropped, because the
// beginning says what was tried and the end says how it ended, and a mark says
// how much is missing.
//
// Each entry has an index that orders the log and makes repeats harmless:
// milliseconds since 1970 when the log was opened, one more per line, and never
// one that this process used before.
//
// Secrets must not be written here; nothing is masked.
package reporter
