package ecs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/target"
)

// The target states of the load balancers that matter here.
const (
	targetHealthy   = "healthy"
	targetUnhealthy = "unhealthy"
)

// watchHealth looks at the targets until the simulator is closed.
func (s *Simulator) watchHealth() {
	ticker := time.NewTicker(s.cfg.Timing.SteadyCheck)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.lookAtHealth()
		case <-s.ctx.Done():
			return
		}
	}
}

// lookAtHealth asks the load balancers about every running task, then judges
// the services and replaces what is unhealthy. The caller must not hold s.mu.
func (s *Simulator) lookAtHealth() {
	type probe struct {
		task   *runningTask
		arn    string
		target target.Target
	}
	var probes []probe
	s.mu.Lock()
	for _, c := range s.clusters {
		for _, t := range c.tasks {
			if t.status == stateRunning && t.registered && !t.stopping {
				probes = append(probes, probe{t, t.set.target.arn, t.target})
			}
		}
	}
	s.mu.Unlock()
	states := make([]string, len(probes))
	reasons := make([]string, len(probes))
	for i, p := range probes {
		states[i], reasons[i] = s.groups.Health(p.arn, p.target)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range probes {
		if p.task.targetState != states[i] {
			p.task.targetState = states[i]
			s.touch()
		}
		s.replaceUnhealthy(p.task, reasons[i])
	}
	for _, c := range s.clusters {
		for _, svc := range c.services {
			s.judge(svc)
		}
	}
}

// replaceUnhealthy stops a task that its load balancer finds unhealthy after
// the grace period; its set then starts another. The caller holds s.mu.
func (s *Simulator) replaceUnhealthy(t *runningTask, reason string) {
	svc := t.set.svc
	if t.targetState != targetUnhealthy || t.stopping || time.Since(t.startedAt) < svc.grace() {
		return
	}
	group := t.set.target.arn
	svc.eventf(nil, "(port %d) is unhealthy in (target-group %s) due to (reason %s).", t.target.Port, group, reason)
	t.requestStop(types.TaskStopCodeServiceSchedulerInitiated, "Task failed ELB health checks in (target-group "+group+")")
	s.reconcile(svc)
	s.touch()
}
