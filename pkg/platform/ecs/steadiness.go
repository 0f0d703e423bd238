package ecs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

const (
	// examineEvery is how often a wait that takes longer looks for the reason.
	examineEvery = 3 * time.Second
	// crashLoop is how many tasks of one set may stop by themselves before
	// the set is given up: a service restarts them for ever.
	crashLoop = 3
)

// steadiness waits for one task set and tells the log what it sees.
type steadiness struct {
	target *target
	id     string
	log    platform.Log
	since  time.Time

	seen     platform.Service // what the last look saw
	counts   string
	examined time.Time
	events   map[string]bool // ids of service events that were told
}

func (s *steadiness) look(ctx context.Context) (bool, error) {
	sets, err := s.target.describeSets(ctx)
	if err != nil {
		return false, err
	}
	s.seen = s.target.observed(sets)
	at := slices.IndexFunc(sets, func(x types.TaskSet) bool { return aws.ToString(x.TaskSetArn) == s.id })
	if at < 0 || aws.ToString(sets[at].Status) == setDraining {
		return false, model.Errorf(model.CodeFailedPrecondition, "task set %s was deleted by someone else while it was starting", s.id)
	}
	set := &sets[at]
	s.tell(set)
	if set.StabilityStatus == types.StabilityStatusSteadyState && set.RunningCount == set.ComputedDesiredCount {
		if set.ComputedDesiredCount == 0 {
			return false, model.Errorf(model.CodeFailedPrecondition, "task set %s has no task to run: the service's desired count is 0, so there is nothing that could take requests", s.id)
		}
		s.log.Infof("All %d tasks of the set run and are healthy", set.RunningCount)
		return true, nil
	}
	if s.examined.IsZero() {
		s.examined = time.Now()
	}
	if time.Since(s.examined) >= examineEvery {
		s.examined = time.Now()
		s.tellEvents(ctx)
		return false, s.hopeless(ctx, set)
	}
	return false, nil
}

// tell reports the counts when they change.
func (s *steadiness) tell(set *types.TaskSet) {
	counts := fmt.Sprintf("%d of %d tasks run, %d pending", set.RunningCount, set.ComputedDesiredCount, set.PendingCount)
	if counts != s.counts {
		s.counts = counts
		s.log.Infof("Waiting for task set %s: %s", s.id, counts)
	}
}

// tellEvents reports the service events since the wait began. A failure to read
// them is no reason to fail the wait.
func (s *steadiness) tellEvents(ctx context.Context) {
	svc, err := s.target.describeService(ctx)
	if err != nil || svc == nil {
		return
	}
	if s.events == nil {
		s.events = map[string]bool{}
	}
	for _, e := range slices.Backward(svc.Events) {
		if id := aws.ToString(e.Id); !s.events[id] && !aws.ToTime(e.CreatedAt).Before(s.since) {
			s.events[id] = true
			s.log.Infof("ECS says: %s", aws.ToString(e.Message))
		}
	}
}

// hopeless returns an error when the set cannot become steady: its image cannot
// be pulled, it may not be started, or its tasks stop again and again.
func (s *steadiness) hopeless(ctx context.Context, set *types.TaskSet) error {
	tasks, err := s.stopped(ctx, set)
	if err != nil {
		return nil //nolint:nilerr // the reason could not be read; the wait goes on
	}
	crashed := 0
	for i := range tasks {
		reason := stopReason(&tasks[i])
		switch {
		case cannotStart(&tasks[i]):
			return model.Errorf(model.CodeFailedPrecondition, "the tasks of set %s cannot start: %s", s.id, reason)
		case tasks[i].StopCode == types.TaskStopCodeEssentialContainerExited || tasks[i].StopCode == types.TaskStopCodeServiceSchedulerInitiated:
			crashed++
		}
		if crashed >= crashLoop {
			return model.Errorf(model.CodeFailedPrecondition, "%d tasks of set %s stopped soon after they started, the last one because: %s", crashed, s.id, reason)
		}
	}
	return nil
}

func (s *steadiness) stopped(ctx context.Context, set *types.TaskSet) ([]types.Task, error) {
	cluster := aws.String(s.target.service.cluster())
	list, err := s.target.clients.ecs.ListTasks(ctx, &awsecs.ListTasksInput{
		Cluster: cluster, StartedBy: set.Id, DesiredStatus: types.DesiredStatusStopped,
	})
	if err != nil || len(list.TaskArns) == 0 {
		return nil, err
	}
	out, err := s.target.clients.ecs.DescribeTasks(ctx, &awsecs.DescribeTasksInput{Cluster: cluster, Tasks: list.TaskArns})
	if err != nil {
		return nil, err
	}
	return out.Tasks, nil
}

func cannotStart(t *types.Task) bool {
	if t.StopCode == types.TaskStopCodeTaskFailedToStart {
		return true
	}
	return strings.Contains(aws.ToString(t.StoppedReason), "CannotPullContainer")
}

// stopReason is why a task stopped, with the exit code of its containers.
func stopReason(t *types.Task) string {
	var reason strings.Builder
	reason.WriteString(aws.ToString(t.StoppedReason))
	for _, c := range t.Containers {
		switch {
		case aws.ToString(c.Reason) != "":
			fmt.Fprintf(&reason, "; container %s: %s", aws.ToString(c.Name), aws.ToString(c.Reason))
		case c.ExitCode != nil:
			fmt.Fprintf(&reason, "; container %s exited with code %d", aws.ToString(c.Name), *c.ExitCode)
		}
	}
	return reason.String()
}

// explain tells, when the wait was in vain, what the load balancer thinks of
// the targets.
func (s *steadiness) explain(ctx context.Context) {
	s.tellEvents(ctx)
	set, ok := s.seen.Set(s.id)
	if !ok || set.Group == "" {
		return
	}
	out, err := s.target.clients.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(set.Group)})
	if err != nil {
		return
	}
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth != nil && d.TargetHealth.State != elbtypes.TargetHealthStateEnumHealthy {
			s.log.Errorf("Target %s:%d is %s: %s", aws.ToString(d.Target.Id), aws.ToInt32(d.Target.Port), d.TargetHealth.State, aws.ToString(d.TargetHealth.Description))
		}
	}
}
