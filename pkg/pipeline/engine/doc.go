// Package engine runs a deployment: its stages in order, what happens when one
// fails or a person cancels, the rollback, and how all of it goes on after the
// agent died at any point.
//
//	           ┌─ every stage succeeded ──────────────► SUCCESS
//	PLANNED ─► RUNNING
//	           └─ failed / timed out / cancelled ─► ROLLING_BACK ─► FAILURE or CANCELLED
//
// The engine keeps no state of its own. Where a deployment stands is in the
// statuses of its stages, what was done is in the journals (stage metadata and
// deployment metadata), both in the control plane. Run reads them and goes on.
//
// Three ways to be interrupted are kept apart by the cause of the context: the
// agent stops (nothing is decided, the next process goes on), a person cancels
// (roll back or not as the person chose, end as CANCELLED), time is up (roll back, end as FAILURE). A
// write refused as fenced is like a stop: another process has taken over.
package engine
