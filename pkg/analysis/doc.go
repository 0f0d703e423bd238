// Package analysis decides whether a new version is healthy by asking a
// metrics provider the same question again and again.
//
// Read it in this order:
//
//   - provider.go is the port: a Provider answers a Query over a Window with
//     Series of Points. Adapters (package datadog) translate one service.
//   - schedule.go says which window is next and when it may be asked. A window
//     is complete when it is asked: it ends delay before now, it begins where
//     the one before ended, and none begins before the stage did.
//   - delay.go learns that delay from the newest point seen, for metrics that
//     arrive late.
//   - verdict.go judges the points of a window: PASS, FAIL, NO_DATA or ERROR.
//   - progress.go counts verdicts and says when the analysis is over. Progress
//     is plain JSON, so that an analysis goes on after a restart where it was.
//   - template.go renders the query that a user wrote.
//   - retry.go and run.go are the only parts that wait. Everything else is a
//     pure function of its arguments.
//
// Three promises run through all of it. No verdict comes by accident: missing
// data, a broken answer and an unreachable provider are never a pass and never
// a bad measurement. Time that was not judged does not count as analysed. And
// every check leaves a record of what was asked, seen and decided.
//
// The package imports nothing of ours but pkg/model.
package analysis
