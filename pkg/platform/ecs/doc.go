// Package ecs is the platform adapter for Amazon ECS services under the EXTERNAL
// deployment controller, behind an Application Load Balancer. It uses the AWS
// SDK's own types; a new field of the API costs no code here.
//
// Reading order: opener.go (files become a target), preflight.go (what is
// checked and recorded before anything is touched), taskset.go and wait.go
// (starting and removing tasks), rules.go (pure: which listener rules change and
// how) with traffic.go (doing it).
//
// Two facts of the platform shape everything. Weights belong to target groups,
// not to task sets: the old and the new primary set share one group. And a task
// set's stability status is STEADY_STATE only when all its tasks run and are
// healthy in the load balancer, so awaiting it is awaiting health.
package ecs
