package ecs

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// reconcile brings the tasks of every set of a service towards its desired
// count, and lets go of what is finished. The caller holds s.mu.
func (s *Simulator) reconcile(svc *service) {
	for _, set := range slices.Clone(svc.sets) {
		s.reconcileSet(set)
	}
	if svc.status == statusDraining && len(svc.sets) == 0 {
		svc.status = statusInactive
		s.forget(svc.arn)
	}
	s.judge(svc)
}

func (s *Simulator) reconcileSet(set *taskSet) {
	var alive []*runningTask
	for _, t := range set.tasks {
		if !t.stopping {
			alive = append(alive, t)
		}
	}
	want := set.desired()
	switch {
	case len(alive) < want && !set.backoff:
		s.startTasks(set, want-len(alive))
	case len(alive) > want:
		// The youngest go first: the others have proven themselves.
		extra := alive[want:]
		for _, t := range extra {
			t.requestStop(types.TaskStopCodeServiceSchedulerInitiated, "Scaling activity initiated by (deployment "+set.id+")")
		}
		set.svc.eventf(set, "has stopped %d running tasks: %s.", len(extra), taskList(extra))
	}
	if set.status == statusDraining && len(set.tasks) == 0 {
		set.svc.sets = slices.DeleteFunc(set.svc.sets, func(other *taskSet) bool { return other == set })
		s.forget(set.arn)
	}
}

// startTasks starts n tasks of a set, if there is a place for them. The caller
// holds s.mu.
func (s *Simulator) startTasks(set *taskSet, n int) {
	if set.view.LaunchType == types.LaunchTypeEc2 && set.svc.cluster.instances == 0 {
		if !set.unplaced {
			set.unplaced = true
			set.svc.eventf(nil, "was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster.")
		}
		return
	}
	var started []*runningTask
	for range n {
		started = append(started, s.newServiceTask(set))
	}
	set.svc.eventf(set, "has started %d tasks: %s.", n, taskList(started))
}

// taskEnded is called once when a task has become STOPPED. The caller holds s.mu.
func (s *Simulator) taskEnded(t *runningTask) {
	const keep = 1000 // AWS shows stopped tasks for an hour; here the newest thousand
	c := t.cluster
	c.tasks = slices.DeleteFunc(c.tasks, func(other *runningTask) bool { return other == t })
	s.stopped = append(s.stopped, t)
	for len(s.stopped) > keep {
		s.forget(s.stopped[0].arn)
		s.stopped = slices.Delete(s.stopped, 0, 1)
	}
	set := t.set
	if set == nil {
		s.touch()
		return
	}
	set.tasks = slices.DeleteFunc(set.tasks, func(other *runningTask) bool { return other == t })
	if t.stopCode == types.TaskStopCodeTaskFailedToStart {
		s.backOff(set)
	}
	s.reconcile(set.svc)
	s.touch()
}

// backOff delays the next start of a set whose tasks do not come up. The caller
// holds s.mu.
func (s *Simulator) backOff(set *taskSet) {
	const (
		longest  = 15 * time.Minute
		giveWord = 3 // failures until the service says so
		doubling = 10
	)
	set.failures++
	if set.failures == giveWord {
		set.svc.eventf(nil, "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.")
	}
	if set.backoff {
		return
	}
	set.backoff = true
	pause := min(s.cfg.Timing.RestartBackoff<<min(set.failures-1, doubling), longest)
	s.after(pause, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		set.backoff = false
		s.reconcile(set.svc)
		s.touch()
	})
}

// forget drops the client tokens of something that is gone. The caller holds s.mu.
func (s *Simulator) forget(arn string) {
	for key, use := range s.tokens {
		if slices.Contains(use.result, arn) {
			delete(s.tokens, key)
		}
	}
}

// judge decides which sets are steady and says so once. The caller holds s.mu.
func (s *Simulator) judge(svc *service) {
	steady := len(svc.sets) > 0
	for _, set := range svc.sets {
		now := set.isSteady()
		if now != set.steady {
			set.steady, set.steadyAt = now, time.Now().UTC()
			if now {
				svc.eventf(set, "has reached a steady state.")
			}
			s.touch()
		}
		steady = steady && now
	}
	if steady && !svc.steady {
		svc.eventf(nil, "has reached a steady state.")
		s.touch()
	}
	svc.steady = steady
}

// isSteady applies the conditions of the API reference: the running count is
// the computed desired count, nothing is pending, and every task is healthy in
// its target group.
func (set *taskSet) isSteady() bool {
	running, pending := set.count()
	if set.status == statusDraining || set.backoff || pending > 0 || running != set.desired() || running != len(set.tasks) {
		return false
	}
	return !slices.ContainsFunc(set.tasks, func(t *runningTask) bool { return !t.healthy() })
}

func taskList(tasks []*runningTask) string {
	var text strings.Builder
	for i, t := range tasks {
		if i > 0 {
			text.WriteByte(' ')
		}
		text.WriteString("(task " + t.id + ")")
	}
	return text.String()
}
