// Package ecs is the platform adapter for Amazon ECS services under the EXTERNAL
// deployment controller, behind an Application Load Balancer. It uses the AWS
// SDK's own types; a new field of the API costs no code here.
//
// Reading order: opener.go (files become a target) with groups.go (which target
// groups they mean), preflight.go (what is checked and recorded before anything
// is touched) with unchangeable.go, roles.go and images.go, service.go with autoscaling.go (whose the
// desired count is), taskset.go and wait.go (starting and removing tasks) with
// steadiness.go and stopped.go (what a wait tells, and when it gives up), rules.go
// (pure: which listener rules change and how) with traffic.go (doing it),
// capacity.go (who may get more requests), exposure.go (where requests come from,
// and whether somebody else moved them) and restore.go, session.go (what need not
// be asked twice), pace.go and batch.go (all applications of a provider together).
//
// Calls are few: a plan uses what the preflight read moments ago, the answer of a
// change is its first reading back, and a wait looks with one call. What decides
// whether a set may go or where requests go is always read anew.
//
// Two facts of the platform shape everything. Weights belong to target groups,
// not to task sets: the old and the new primary set share one group. And a task
// set's stability status is STEADY_STATE only when all its tasks run and are
// healthy in the load balancer, so awaiting it is awaiting health.
package ecs
