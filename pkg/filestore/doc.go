// Package filestore is the port to blobs: stage logs, live state, analysis
// results. Objects are small (at most MaxObjectSize), written whole, and named
// by slash-separated paths.
//
// CheckPath says what a path looks like. A path must not be a directory of
// another one: beside an object a/b there is none called a.
//
// A Put that returned is durable and visible to every reader. Repeating a Put
// with the same content is harmless, which is what makes calls safe to retry.
// Errors carry model codes: CodeNotFound, CodeInvalid for a bad path or an
// oversized object, CodeUnavailable when trying again can help, CodeExhausted
// when the store is full.
package filestore
