package ecs

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/target"
	"pipecd/pkg/simcloud/task"
)

// missingTag is the image tag that no registry has.
const missingTag = "missing"

// exitKilled is the exit code of a process ended by SIGTERM.
const exitKilled = 143

// live leads one task from PROVISIONING to STOPPED. It is the only goroutine
// that changes the task's status.
func (s *Simulator) live(t *runningTask) {
	instance := s.bringUp(t)
	if instance == nil {
		s.finish(t)
		return
	}
	defer instance.Stop()
	select {
	case <-t.stop:
		s.takeDown(t, instance)
	case exit := <-instance.Exited():
		s.exited(t, exit)
	case <-s.ctx.Done():
		return
	}
	s.finish(t)
}

// bringUp starts the task's server, unless the task is stopped before or cannot
// start; then it returns nil.
func (s *Simulator) bringUp(t *runningTask) task.Instance {
	const halves = 2
	half := s.cfg.Timing.TaskStart / halves
	if !s.pause(t, half) {
		return nil
	}
	s.change(t, func() { t.status, t.pullAt = statePending, time.Now() })
	if !s.pause(t, s.cfg.Timing.TaskStart-half) {
		return nil
	}
	if image := t.missingImage(); image != "" {
		s.fail(t, fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: not found", image))
		return nil
	}
	instance, err := s.runner.Start(s.ctx, t.spec())
	if err != nil {
		s.fail(t, "ResourceInitializationError: "+err.Error())
		return nil
	}
	s.enter(t, instance)
	return instance
}

// missingImage returns the first image that cannot be pulled, or "".
func (t *runningTask) missingImage() string {
	for _, c := range t.def.view.ContainerDefinitions {
		if image := aws.ToString(c.Image); task.Version(image) == missingTag {
			return image
		}
	}
	return ""
}

// enter makes the task RUNNING and registers it with its target group.
func (s *Simulator) enter(t *runningTask, instance task.Instance) {
	app := task.NewApp(t.spec())
	s.change(t, func() {
		t.status, t.startedAt = stateRunning, time.Now()
		if t.set == nil {
			return
		}
		t.set.failures = 0
		if t.set.target != nil {
			t.target = target.Target{
				ID: t.address, Port: t.set.target.port, Addr: instance.Addr(), Fault: string(app.Fault()),
			}
		}
	})
	if t.set == nil {
		return
	}
	if t.set.target != nil {
		s.register(t)
	}
	s.lookAtHealth()
}

func (s *Simulator) register(t *runningTask) {
	group := t.set.target.arn
	if err := s.groups.Register(group, t.target); err != nil {
		s.log.WarnContext(s.ctx, "target was not registered", slog.String("task", t.id), slog.String("target_group", group), slog.Any("error", err))
		s.change(t, func() {
			t.set.svc.eventf(nil, "failed to register targets in (target-group %s) with (error %v)", group, err)
		})
		return
	}
	s.change(t, func() {
		t.registered = true
		t.set.svc.eventf(t.set, "registered 1 targets in (target-group %s)", group)
	})
}

// takeDown stops a running task in order: its target is drained first, so that
// no request is cut, then the application ends.
func (s *Simulator) takeDown(t *runningTask, instance task.Instance) {
	s.change(t, func() { t.status, t.stoppingAt = stateDeactivating, time.Now() })
	if !s.drain(t, instance) {
		return
	}
	s.change(t, func() { t.status = stateStopping })
	s.sleep(s.cfg.Timing.TaskStop)
	instance.Stop()
	s.change(t, func() {
		if t.exitCode == nil {
			t.exitCode = aws.Int32(exitKilled)
		}
	})
}

// drain waits until the load balancer has let go of the task. It reports false
// if the task ended or the simulator was closed meanwhile.
func (s *Simulator) drain(t *runningTask, instance task.Instance) bool {
	gone := s.deregister(t)
	if gone == nil {
		return true
	}
	s.change(t, func() { t.set.svc.eventf(t.set, "has begun draining connections on 1 tasks.") })
	select {
	case <-gone:
		return true
	case exit := <-instance.Exited():
		s.change(t, func() { t.exitCode = aws.Int32(int32(exit.Code)) }) //nolint:gosec // exit codes are bytes
		return false
	case <-s.ctx.Done():
		return false
	}
}

// deregister takes the task out of its target group. It returns nil for a task
// that is in none.
func (s *Simulator) deregister(t *runningTask) <-chan struct{} {
	s.mu.Lock()
	registered := t.registered
	t.registered = false
	s.mu.Unlock()
	if !registered {
		return nil
	}
	gone := s.groups.Deregister(t.set.target.arn, t.target)
	s.change(t, func() { t.set.svc.eventf(t.set, "deregistered 1 targets in (target-group %s)", t.set.target.arn) })
	return gone
}

// exited records that the application ended by itself. Nothing is drained: there
// is nobody left to answer.
func (s *Simulator) exited(t *runningTask, exit task.Exit) {
	s.change(t, func() {
		t.stoppingAt = time.Now()
		t.exitCode = aws.Int32(int32(exit.Code)) //nolint:gosec // exit codes are bytes
		if t.stopCode == "" {
			t.stopCode, t.stopReason = types.TaskStopCodeEssentialContainerExited, "Essential container in task exited"
		}
	})
	s.deregister(t)
}

// fail records why a task could not start.
func (s *Simulator) fail(t *runningTask, reason string) {
	s.change(t, func() {
		if t.stopCode == "" {
			t.stopCode, t.stopReason = types.TaskStopCodeTaskFailedToStart, reason
		}
		t.containerReason = reason
	})
}

// finish makes the task STOPPED and lets its service react.
func (s *Simulator) finish(t *runningTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	t.status, t.stoppedAt = stateStopped, time.Now()
	t.version++
	s.taskEnded(t)
}

// change runs f with the state locked and announces the change.
func (s *Simulator) change(t *runningTask, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	t.version++
	s.touch()
}

// pause waits and reports whether the task is still wanted.
func (s *Simulator) pause(t *runningTask, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.stop:
		return false
	case <-s.ctx.Done():
		return false
	}
	select {
	case <-t.stop:
		return false
	default:
		return true
	}
}

// sleep waits unless the simulator is closed.
func (s *Simulator) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}
