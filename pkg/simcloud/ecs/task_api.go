package ecs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// tasksOf returns the tasks of a cluster, the finished ones first. The caller
// holds s.mu.
func (s *Simulator) tasksOf(c *cluster) []*runningTask {
	var tasks []*runningTask
	for _, t := range s.stopped {
		if t.cluster == c {
			tasks = append(tasks, t)
		}
	}
	return append(tasks, c.tasks...)
}

// find finds a task of a cluster by id or ARN; nil if there is none. The caller
// holds s.mu.
func (s *Simulator) find(c *cluster, id string) (*runningTask, error) {
	name, err := s.resource(id, "task")
	if err != nil {
		return nil, err
	}
	if name, err = c.inCluster(name, id); err != nil {
		return nil, err
	}
	for _, t := range s.tasksOf(c) {
		if t.id == name {
			return t, nil
		}
	}
	return nil, nil //nolint:nilnil // a missing task is not an error to every caller
}

func (s *Simulator) listTasks(in *awsecs.ListTasksInput) (*awsecs.ListTasksOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	filters := []*string{in.ServiceName, in.Family, in.ContainerInstance, in.DaemonName}
	if in.StartedBy != nil && slices.ContainsFunc(filters, func(f *string) bool { return f != nil }) {
		return nil, invalid("cannot specify startedBy with another filter.")
	}
	if in.ServiceName != nil {
		svc, err := s.service(c, in.ServiceName)
		if err != nil {
			return nil, err
		}
		in.ServiceName = &svc.name
	}
	desired := string(in.DesiredStatus)
	if desired == "" {
		desired = string(stateRunning)
	}
	var arns []string
	for _, t := range s.tasksOf(c) {
		if view := t.describe(false); *view.DesiredStatus == desired && t.matches(in) {
			arns = append(arns, t.arn)
		}
	}
	items, next, err := page(arns, in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	return &awsecs.ListTasksOutput{TaskArns: items, NextToken: next}, nil
}

// matches applies the filters of ListTasks except the desired status.
func (t *runningTask) matches(in *awsecs.ListTasksInput) bool {
	switch {
	case in.StartedBy != nil && aws.ToString(t.view.StartedBy) != *in.StartedBy:
		return false
	case in.ServiceName != nil && *t.view.Group != "service:"+*in.ServiceName:
		return false
	case in.Family != nil && *t.def.view.Family != *in.Family:
		return false
	case in.LaunchType != "" && t.view.LaunchType != in.LaunchType:
		return false
	default:
		return in.ContainerInstance == nil && in.DaemonName == nil
	}
}

func (s *Simulator) describeTasks(in *awsecs.DescribeTasksInput) (*awsecs.DescribeTasksOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	switch {
	case err != nil:
		return nil, err
	case len(in.Tasks) == 0:
		return nil, invalid("Tasks cannot be empty.")
	case len(in.Tasks) > maxPage:
		return nil, invalid("Tasks cannot have more than %d elements.", maxPage)
	}
	withTags := slices.Contains(in.Include, types.TaskFieldTags)
	out := &awsecs.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, id := range in.Tasks {
		t, err := s.find(c, id)
		if err != nil {
			return nil, err
		}
		if t == nil {
			out.Failures = append(out.Failures, s.failure(id, "task/"+c.name+"/"+id))
			continue
		}
		out.Tasks = append(out.Tasks, t.describe(withTags))
	}
	return out, nil
}

func (s *Simulator) stopTask(in *awsecs.StopTaskInput) (*awsecs.StopTaskOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t, err := s.find(c, aws.ToString(in.Task))
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, invalid("The referenced task was not found.")
	}
	t.requestStop(types.TaskStopCodeUserInitiated, orDefault(in.Reason, "Task stopped by user"))
	if t.set != nil {
		s.reconcile(t.set.svc)
	}
	s.touch()
	view := t.describe(true)
	return &awsecs.StopTaskOutput{Task: &view}, nil
}

// runTaskRules refuses what can be refused by looking at the request alone.
func runTaskRules(in *awsecs.RunTaskInput) error {
	const most, longest, tokenMost = 10, 128, 64
	switch {
	case in.Count != nil && (*in.Count < 1 || *in.Count > most):
		return invalid("Count must be between 1 and %d.", most)
	case len(aws.ToString(in.StartedBy)) > longest:
		return invalid("startedBy can be at most %d characters long.", longest)
	case strings.HasPrefix(aws.ToString(in.Group), "service:"):
		return invalid("Group names starting with 'service:' are reserved.")
	case in.PropagateTags == types.PropagateTagsService:
		return invalid("SERVICE is not a valid value for propagateTags of a task.")
	}
	if err := tokenRule(in.ClientToken, tokenMost); err != nil {
		return err
	}
	if err := tagRule(in.Tags); err != nil {
		return err
	}
	return launch{in.LaunchType, in.CapacityProviderStrategy, in.NetworkConfiguration, in.PlatformVersion}.rules()
}

func (s *Simulator) runTask(in *awsecs.RunTaskInput) (*awsecs.RunTaskOutput, error) {
	if err := runTaskRules(in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	key := tokenKey{operation: "RunTask", scope: c.arn, token: aws.ToString(in.ClientToken)}
	if use, used := s.tokens[key]; used && in.ClientToken != nil {
		return s.runAgain(c, in, use)
	}
	def, err := s.runnable(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	where := launch{in.LaunchType, in.CapacityProviderStrategy, in.NetworkConfiguration, in.PlatformVersion}
	if err := placementRules(def, where); err != nil {
		return nil, err
	}
	if where.launchType() == types.LaunchTypeEc2 && c.instances == 0 {
		return nil, invalid("No Container Instances were found in your cluster.")
	}
	out := s.startStandalone(c, def, in)
	if in.ClientToken != nil {
		use := tokenUse{request: fingerprint(in)}
		for _, t := range out.Tasks {
			use.result = append(use.result, *t.TaskArn)
		}
		s.tokens[key] = use
	}
	s.touch()
	return out, nil
}

// runAgain answers a token that was used before. The caller holds s.mu.
func (s *Simulator) runAgain(c *cluster, in *awsecs.RunTaskInput, use tokenUse) (*awsecs.RunTaskOutput, error) {
	if use.request != fingerprint(in) {
		return nil, conflict("The provided clientToken is already in use with a different RunTask request.", use.result)
	}
	out := &awsecs.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, arn := range use.result {
		if t, err := s.find(c, arn); err == nil && t != nil {
			out.Tasks = append(out.Tasks, t.describe(true))
		}
	}
	return out, nil
}

// startStandalone starts the tasks of RunTask. The caller holds s.mu.
func (s *Simulator) startStandalone(c *cluster, def *definition, in *awsecs.RunTaskInput) *awsecs.RunTaskOutput {
	spec := launchSpec{
		cluster: c, def: def, main: essentialContainer(def),
		launch:    launch{in.LaunchType, in.CapacityProviderStrategy, in.NetworkConfiguration, in.PlatformVersion},
		group:     orDefault(in.Group, "family:"+*def.view.Family),
		startedBy: in.StartedBy, overrides: in.Overrides, exec: in.EnableExecuteCommand,
		tags: slices.Clone(in.Tags),
	}
	if in.PropagateTags == types.PropagateTagsTaskDefinition {
		spec.tags = merged(def.tags, in.Tags)
	}
	if in.EnableECSManagedTags {
		spec.tags = merged(spec.tags, tagsOf(map[string]string{"aws:ecs:clusterName": c.name}))
	}
	out := &awsecs.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for range max(aws.ToInt32(in.Count), 1) {
		t := s.newTask(spec)
		out.Tasks = append(out.Tasks, t.describe(true))
	}
	return out
}
