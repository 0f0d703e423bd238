package ecs

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/task"
)

// Snapshot is what the container service is doing at one moment, for people to
// look at and for tests to count.
type Snapshot struct {
	Services []ServiceState
	// Tasks are those that have not stopped, by their private address, which is
	// the id of their target.
	Tasks map[string]TaskState
}

// ServiceState is one service that is not INACTIVE.
type ServiceState struct {
	Cluster, Name, Status     string
	Desired, Running, Pending int
	TaskSets                  []TaskSetState
	Events                    []EventState // newest first
}

// TaskSetState is one task set.
type TaskSetState struct {
	ID, ARN, Status           string
	Version                   string // the image tag of the container that listens
	TaskDefinition            string // ARN
	TargetGroup               string // ARN; empty without a load balancer
	Scale                     float64
	Desired, Running, Pending int
	Steady                    bool
	Created                   time.Time
	Tags                      map[string]string
}

// TaskState is one task.
type TaskState struct {
	ID, Version, TaskSet, Status, Fault string
}

// EventState is one line of a service's events.
type EventState struct {
	At      time.Time
	Message string
}

// Snapshot returns a copy of the present state.
func (s *Simulator) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Snapshot{Tasks: map[string]TaskState{}}
	for _, c := range s.clusters {
		for _, svc := range c.services {
			if svc.status != statusInactive {
				out.Services = append(out.Services, svc.state())
			}
		}
		for _, t := range c.tasks {
			state := TaskState{
				ID: t.id, Version: task.Version(aws.ToString(t.main.Image)), Status: string(t.status), Fault: t.env["FAULT"],
			}
			if t.set != nil {
				state.TaskSet = t.set.id
			}
			out.Tasks[t.address] = state
		}
	}
	return out
}

func (svc *service) state() ServiceState {
	out := ServiceState{Cluster: svc.cluster.name, Name: svc.name, Status: svc.status, Desired: svc.desired}
	for _, set := range svc.sets {
		state := set.state()
		out.Running += state.Running
		out.Pending += state.Pending
		out.TaskSets = append(out.TaskSets, state)
	}
	for _, event := range svc.events {
		out.Events = append(out.Events, EventState{At: *event.CreatedAt, Message: *event.Message})
	}
	return out
}

func (set *taskSet) state() TaskSetState {
	running, pending := set.count()
	out := TaskSetState{
		ID: set.id, ARN: set.arn, Status: set.status, Scale: set.scale, TaskDefinition: set.def.arn,
		Version: task.Version(aws.ToString(set.listening().Image)),
		Desired: set.desired(), Running: running, Pending: pending, Steady: set.steady,
		Created: *set.view.CreatedAt, Tags: map[string]string{},
	}
	if set.target != nil {
		out.TargetGroup = set.target.arn
	}
	for _, tag := range set.tags {
		out.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return out
}

// listening is the container whose server gets the requests: the one the load
// balancer names, or the first essential one.
func (set *taskSet) listening() *types.ContainerDefinition {
	if set.target != nil {
		return set.def.container(set.target.container)
	}
	return essentialContainer(set.def)
}
