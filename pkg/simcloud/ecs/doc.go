// Package ecs is a small Amazon ECS to run against. It answers the unmodified
// SDK on the wire (JSON 1.1) and keeps services under the EXTERNAL deployment
// controller: task sets, their tasks, and the tasks' places in target groups.
//
// Reading order: simulator.go (what there is, locking), http.go (the wire),
// service.go and taskset.go (the API), scheduler.go (desired against running),
// lifecycle.go (one task from PROVISIONING to STOPPED).
//
// It is strict. It refuses what the API reference says is refused, with the
// error type and, where it is known, the sentence of the real service. What the
// reference leaves open is decided here:
//
//   - DeleteTaskSet without force refuses the PRIMARY set, and a set whose
//     scale is not zero: the reference says that force is what allows deleting
//     a set that has not been scaled down. Existing tools delete scaled sets
//     without force and succeed, so [Config.DeleteScaledSets] switches that
//     refusal off.
//   - A set being deleted is DRAINING, counts against the limit of five, and
//     disappears when its last task has stopped.
//   - A client token is remembered as long as what it created exists. CreateService
//     and CreateTaskSet answer a token that comes back with other parameters with
//     InvalidParameterException, RunTask with ConflictException.
//   - UpdateService on an EXTERNAL service takes desiredCount, placement
//     constraints and strategies, healthCheckGracePeriodSeconds,
//     enableECSManagedTags, propagateTags and enableExecuteCommand, nothing else.
//   - Services with another deployment controller can be created and described,
//     so that a client can be seen to refuse them; nothing runs in them.
//
// No mutex is held while a task runner or a load balancer is called, and all
// waiting is done with package time, so the same code runs under the virtual
// time of testing/synctest.
package ecs
