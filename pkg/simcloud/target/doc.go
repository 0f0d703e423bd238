// Package target is the border between the two halves of the simulated cloud:
// the container service (package ecs) registers the addresses of its tasks, the
// load balancers (package elb) send them traffic and report their health.
//
// It exists apart from both so that neither half imports the other.
package target
