// Package canary holds the stages that change what runs and where requests go:
// ECS_SYNC, ECS_CANARY_ROLLOUT, ECS_PRIMARY_ROLLOUT, ECS_TRAFFIC_ROUTING,
// ECS_CANARY_CLEAN, ECS_BASELINE_ROLLOUT, ECS_BASELINE_CLEAN and ROLLBACK, written against the platform port.
//
// Two rules hold in every line. A group with weight above 0 has a healthy set
// behind it: so a set is awaited before it gets requests, and removed only when
// safety.go says so. And the state before the deployment can be reached again
// until the last act: so the old primary set goes last, and rollback.go moves
// requests before it touches anything else.
//
// Read sync.go first, then rollback.go.
package canary
