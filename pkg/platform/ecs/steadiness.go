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
	// A wait looks for reasons at once when tasks vanish, and otherwise ever more
	// seldom: from the first of these intervals to the last.
	examineFirst, examineLast = 3 * time.Second, 15 * time.Second
	// strikes is how many tasks of one set may stop by themselves before the set
	// is given up: a service restarts them for ever.
	strikes = 3
)

// steadiness waits for one task set and tells the log what it sees.
type steadiness struct {
	target *target
	id     string
	log    platform.Log
	since  time.Time

	seen     platform.Service // what the last look saw
	found    bool             // a look saw the set
	counts   string
	alive    int // tasks that ran or were pending at the last look
	examined time.Time
	interval time.Duration   // until the next examination
	told     map[string]bool // ids of service events, tasks and states of targets that were told
	struck   int             // tasks that stopped by themselves
}

func (s *steadiness) look(ctx context.Context) (bool, error) {
	sets, err := s.target.describeSets(ctx)
	if err != nil {
		return false, err
	}
	s.seen = s.target.observed(sets)
	at := slices.IndexFunc(sets, func(x types.TaskSet) bool { return aws.ToString(x.TaskSetArn) == s.id })
	if at < 0 && !s.found && time.Since(s.since) < s.target.timing.ReadBackTimeout {
		return false, nil // a list may be older than the set
	}
	s.found = true
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
	if !s.due(set) {
		return false, nil
	}
	return false, s.examine(ctx, set)
}

// due reports whether it is time to look for reasons.
func (s *steadiness) due(set *types.TaskSet) bool {
	alive := int(set.RunningCount + set.PendingCount)
	fewer := alive < s.alive
	s.alive = alive
	switch {
	case s.examined.IsZero():
		s.examined, s.interval = time.Now(), examineFirst
		return fewer
	case fewer:
		s.interval = examineFirst
	case time.Since(s.examined) < s.interval:
		return false
	default:
		s.interval = min(s.interval*2, examineLast) // doubles
	}
	s.examined = time.Now()
	return true
}

// examine tells what keeps the set from being steady, and fails on what cannot
// get better.
func (s *steadiness) examine(ctx context.Context, set *types.TaskSet) error {
	if err := s.events(ctx); err != nil {
		return err
	}
	if err := s.stops(ctx, set); err != nil {
		return err
	}
	if set.RunningCount > 0 {
		s.targets(ctx)
	}
	return nil
}

// once reports whether the thing with the key was not told yet.
func (s *steadiness) once(key string) bool {
	if s.told == nil {
		s.told = map[string]bool{}
	}
	first := !s.told[key]
	s.told[key] = true
	return first
}

// tell reports the counts when they change.
func (s *steadiness) tell(set *types.TaskSet) {
	counts := fmt.Sprintf("%d of %d tasks run, %d pending", set.RunningCount, set.ComputedDesiredCount, set.PendingCount)
	if counts != s.counts {
		s.counts = counts
		s.log.Infof("Waiting for task set %s: %s", s.id, counts)
	}
}

// events reports the service events since the wait began. A failure to read
// them is no reason to fail the wait.
func (s *steadiness) events(ctx context.Context) error {
	svc, err := s.target.describeService(ctx)
	if err != nil || svc == nil {
		return nil // the reason could not be read; the wait goes on
	}
	for _, e := range slices.Backward(svc.Events) {
		message := aws.ToString(e.Message)
		if aws.ToTime(e.CreatedAt).Before(s.since.Truncate(time.Second)) || s.ofAnother(message) || !s.once(aws.ToString(e.Id)) {
			continue
		}
		s.log.Infof("ECS says: %s", message)
		if advice, ok := hopelessEvent(message); ok {
			return model.Errorf(model.CodeFailedPrecondition, "the tasks of set %s cannot start: %s: %s", s.id, message, advice)
		}
	}
	return nil
}

// ofAnother reports whether an event is about another task set of the service.
func (s *steadiness) ofAnother(message string) bool {
	return slices.ContainsFunc(s.seen.Sets, func(set platform.Set) bool {
		return set.ID != s.id && strings.Contains(message, shortTask(set.ID))
	})
}

// stops reports every task of the set that stopped, once, and fails when that
// says that the set cannot become steady: its image cannot be pulled, it may not
// be started, or its tasks stop again and again.
func (s *steadiness) stops(ctx context.Context, set *types.TaskSet) error {
	tasks, err := s.stopped(ctx, set)
	if err != nil {
		return nil //nolint:nilerr // the reason could not be read; the wait goes on
	}
	for i := range tasks {
		what, reason := judge(&tasks[i])
		s.log.Infof("Task %s stopped: %s", shortTask(aws.ToString(tasks[i].TaskArn)), reason)
		switch what {
		case hopeless:
			return model.Errorf(model.CodeFailedPrecondition, "the tasks of set %s cannot start: %s", s.id, reason)
		case strike:
			s.struck++
		case unrelated, passing:
		}
		if s.struck >= strikes {
			return model.Errorf(model.CodeFailedPrecondition, "%d tasks of set %s stopped soon after they started, the last one because: %s", s.struck, s.id, reason)
		}
	}
	return nil
}

// stopped reads the tasks of the set that stopped and were not told yet.
func (s *steadiness) stopped(ctx context.Context, set *types.TaskSet) ([]types.Task, error) {
	cluster := aws.String(s.target.service.cluster())
	var tasks []types.Task
	pages := awsecs.NewListTasksPaginator(s.target.clients.ecs, &awsecs.ListTasksInput{
		Cluster: cluster, StartedBy: set.Id, DesiredStatus: types.DesiredStatusStopped,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		arns := slices.DeleteFunc(page.TaskArns, func(arn string) bool { return s.told[arn] })
		if len(arns) == 0 {
			continue
		}
		out, err := s.target.clients.ecs.DescribeTasks(ctx, &awsecs.DescribeTasksInput{Cluster: cluster, Tasks: arns})
		if err != nil {
			return nil, err
		}
		for i := range out.Tasks {
			t := &out.Tasks[i]
			if (t.StopCode != "" || t.StoppedAt != nil) && s.once(aws.ToString(t.TaskArn)) { // one that is only stopping has no reason yet
				tasks = append(tasks, *t)
			}
		}
	}
	return tasks, nil
}

// shortTask is the id of a task from its ARN.
func shortTask(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// targets tells what the load balancer thinks of the targets that are not
// healthy, when that changes.
func (s *steadiness) targets(ctx context.Context) {
	set, _ := s.seen.Set(s.id)
	for _, group := range set.Groups() {
		out, err := s.target.clients.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(group)})
		if err != nil {
			continue
		}
		for _, d := range out.TargetHealthDescriptions {
			if d.TargetHealth == nil || d.Target == nil || d.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				continue
			}
			line := fmt.Sprintf("Target %s:%d of %s is %s", aws.ToString(d.Target.Id), aws.ToInt32(d.Target.Port), shortGroup(group), d.TargetHealth.State)
			if why := aws.ToString(d.TargetHealth.Description); why != "" {
				line += ": " + why
			}
			if s.once(line) {
				s.log.Infof("%s", line)
			}
		}
	}
}

// explain tells, when the wait was in vain, what is known then.
func (s *steadiness) explain(ctx context.Context) {
	_ = s.events(ctx) // what it says was said
	s.targets(ctx)
}
