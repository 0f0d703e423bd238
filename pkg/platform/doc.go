// Package platform is the port between the engine and what runs the
// application. The engine and its stages know sets of tasks, target groups and
// weights; they do not know Amazon ECS. The ecs package is the adapter.
//
// Read Target first: it is one application, at one commit, on its platform.
//
// # How side effects are split
//
// An effect that creates something is made in two calls. A Plan method decides
// and returns the whole intended request as a Change, without touching
// anything; the engine records it; an Apply method sends it exactly as
// recorded. An Attempt tells Apply whether an earlier try may already have
// happened: it then searches for what that try made before sending again, with
// the same idempotency token. Effects that end in a stated condition (promote,
// remove, shift) are one call that reads, acts if different and reads back; to
// repeat them is always safe.
//
// Errors carry model codes. CodeUnavailable and CodeExhausted were already
// retried with backoff and gave up only when ctx ended or the deadline passed.
package platform
