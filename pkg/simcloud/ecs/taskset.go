package ecs

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// maxTaskSets is the quota of task sets per service; draining ones count.
const maxTaskSets = 5

// taskSet is one task set. Everything is guarded by Simulator.mu.
type taskSet struct {
	svc      *service
	id, arn  string
	status   string
	scale    float64 // percent of the service's desired count
	view     types.TaskSet
	tags     []types.Tag
	def      *definition
	target   *targetGroup   // nil: no load balancer
	tasks    []*runningTask // not yet STOPPED
	steady   bool
	steadyAt time.Time // of the last change of steady
	updated  time.Time

	failures int  // tasks in a row that never came up
	backoff  bool // a start waits for the backoff to end
	unplaced bool // that a task could not be placed was reported
}

// targetGroup says where the tasks of a set are registered.
type targetGroup struct {
	arn       string
	container string
	port      int
}

// desired is the computed desired count: the share of the service's count,
// rounded up.
func (set *taskSet) desired() int {
	if set.status == statusDraining {
		return 0
	}
	const percent = 100
	// The rounding first removes what float arithmetic adds to whole numbers.
	exact := math.Round(float64(set.svc.desired)*set.scale*1e6/percent) / 1e6
	return int(math.Ceil(exact))
}

// count returns how many tasks are running and how many are on their way.
func (set *taskSet) count() (running, pending int) {
	for _, t := range set.tasks {
		switch t.status {
		case stateRunning:
			running++
		case stateProvisioning, statePending:
			pending++
		case stateDeactivating, stateStopping, stateStopped:
		}
	}
	return running, pending
}

// describe returns the set as the API shows it. Tags are shown only to who asks.
func (set *taskSet) describe(withTags bool) types.TaskSet {
	view := set.view
	running, pending := set.count()
	view.Status = aws.String(set.status)
	view.ComputedDesiredCount = int32(set.desired()) //nolint:gosec // at most the service's int32
	view.RunningCount = int32(running)               //nolint:gosec // a handful
	view.PendingCount = int32(pending)               //nolint:gosec // a handful
	view.Scale = &types.Scale{Unit: types.ScaleUnitPercent, Value: set.scale}
	view.StabilityStatus = types.StabilityStatusStabilizing
	if set.steady {
		view.StabilityStatus = types.StabilityStatusSteadyState
	}
	view.StabilityStatusAt = aws.Time(set.steadyAt)
	view.UpdatedAt = aws.Time(set.updated)
	if withTags {
		view.Tags = listed(set.tags)
	}
	return view
}

func (s *Simulator) createTaskSet(in *awsecs.CreateTaskSetInput) (*awsecs.CreateTaskSetOutput, error) {
	if err := taskSetRules(in); err != nil {
		return nil, err
	}
	groupErr := s.targetGroupRules(in.LoadBalancers) // asks the load balancers: before the lock
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.externalService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	key := tokenKey{operation: "CreateTaskSet", scope: svc.arn, token: aws.ToString(in.ClientToken)}
	if use, used := s.tokens[key]; used && in.ClientToken != nil {
		return s.createdBefore(svc, in, use)
	}
	if len(svc.sets) >= maxTaskSets {
		return nil, invalid("%d deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.", maxTaskSets)
	}
	def, err := s.runnable(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	if err := placementRules(def, launchOf(in)); err != nil {
		return nil, err
	}
	if err := loadBalancerRules(def, in.LoadBalancers); err != nil {
		return nil, err
	}
	if groupErr != nil {
		return nil, groupErr
	}
	set := s.newTaskSet(svc, def, in)
	if in.ClientToken != nil {
		s.tokens[key] = tokenUse{request: fingerprint(in), result: []string{set.arn}}
	}
	s.reconcile(svc)
	s.touch()
	view := set.describe(true)
	return &awsecs.CreateTaskSetOutput{TaskSet: &view}, nil
}

// createdBefore answers a token that was used before. The caller holds s.mu.
func (s *Simulator) createdBefore(svc *service, in *awsecs.CreateTaskSetInput, use tokenUse) (*awsecs.CreateTaskSetOutput, error) {
	if use.request != fingerprint(in) {
		return nil, invalid("Creation of task set was not idempotent.")
	}
	set, err := s.taskSet(svc, &use.result[0])
	if err != nil {
		return nil, err
	}
	view := set.describe(true)
	return &awsecs.CreateTaskSetOutput{TaskSet: &view}, nil
}

// newTaskSet adds a set to its service. The caller holds s.mu.
func (s *Simulator) newTaskSet(svc *service, def *definition, in *awsecs.CreateTaskSetInput) *taskSet {
	now := time.Now().UTC()
	const whole, base = 100.0, uint64(1_000_000_000_000_000_000) // ids have nineteen digits
	set := &taskSet{
		svc: svc, def: def, status: statusActive, scale: whole,
		id:      fmt.Sprintf("ecs-svc/%d", base+s.next()),
		tags:    slices.Clone(in.Tags),
		updated: now, steadyAt: now,
	}
	set.arn = s.arn("task-set/" + svc.cluster.name + "/" + svc.name + "/" + set.id)
	if in.Scale != nil {
		set.scale = in.Scale.Value
	}
	if len(in.LoadBalancers) > 0 {
		lb := in.LoadBalancers[0]
		set.target = &targetGroup{
			arn: *lb.TargetGroupArn, container: *lb.ContainerName, port: int(*lb.ContainerPort),
		}
	}
	set.view = types.TaskSet{
		Id: &set.id, TaskSetArn: &set.arn,
		ClusterArn: &svc.cluster.arn, ServiceArn: &svc.arn,
		CreatedAt:                aws.Time(now),
		ExternalId:               in.ExternalId,
		TaskDefinition:           &def.arn,
		LaunchType:               launchOf(in).launchType(),
		CapacityProviderStrategy: in.CapacityProviderStrategy,
		NetworkConfiguration:     in.NetworkConfiguration,
		LoadBalancers:            append([]types.LoadBalancer{}, in.LoadBalancers...),
		ServiceRegistries:        append([]types.ServiceRegistry{}, in.ServiceRegistries...),
	}
	if launchOf(in).fargate() {
		set.view.PlatformVersion = aws.String(orDefault(in.PlatformVersion, "LATEST"))
		set.view.PlatformFamily = aws.String("Linux")
	}
	svc.sets = append(svc.sets, set)
	return set
}

func (s *Simulator) describeTaskSets(in *awsecs.DescribeTaskSetsInput) (*awsecs.DescribeTaskSetsOutput, error) {
	s.lookAtHealth()
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.externalService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	withTags := slices.Contains(in.Include, types.TaskSetFieldTags)
	out := &awsecs.DescribeTaskSetsOutput{TaskSets: []types.TaskSet{}, Failures: []types.Failure{}}
	if len(in.TaskSets) == 0 {
		for _, set := range svc.sets {
			out.TaskSets = append(out.TaskSets, set.describe(withTags))
		}
		return out, nil
	}
	for _, id := range in.TaskSets {
		set, err := s.taskSet(svc, &id)
		if isCode(err, "TaskSetNotFoundException") {
			out.Failures = append(out.Failures, s.failure(id, "task-set/"+svc.cluster.name+"/"+svc.name+"/"+id))
			continue
		}
		if err != nil {
			return nil, err
		}
		out.TaskSets = append(out.TaskSets, set.describe(withTags))
	}
	return out, nil
}

func (s *Simulator) updateTaskSet(in *awsecs.UpdateTaskSetInput) (*awsecs.UpdateTaskSetOutput, error) {
	if in.Scale == nil {
		return nil, invalid("Scale can not be null.")
	}
	if err := scaleRules(in.Scale); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.externalService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	set, err := s.taskSet(svc, in.TaskSet)
	if err != nil {
		return nil, err
	}
	if set.status == statusDraining {
		return nil, invalid("Unable to update a task set that is DRAINING.")
	}
	set.scale, set.updated = in.Scale.Value, time.Now().UTC()
	s.reconcile(svc)
	s.touch()
	view := set.describe(true)
	return &awsecs.UpdateTaskSetOutput{TaskSet: &view}, nil
}

func (s *Simulator) updateServicePrimaryTaskSet(in *awsecs.UpdateServicePrimaryTaskSetInput) (*awsecs.UpdateServicePrimaryTaskSetOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.externalService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	set, err := s.taskSet(svc, in.PrimaryTaskSet)
	if err != nil {
		return nil, err
	}
	if set.status == statusDraining {
		return nil, invalid("Unable to make a task set primary that is DRAINING.")
	}
	now := time.Now().UTC()
	if old := svc.primary(); old != nil && old != set {
		old.status, old.updated = statusActive, now
	}
	set.status, set.updated = statusPrimary, now
	s.touch()
	view := set.describe(true)
	return &awsecs.UpdateServicePrimaryTaskSetOutput{TaskSet: &view}, nil
}

func (s *Simulator) deleteTaskSet(in *awsecs.DeleteTaskSetInput) (*awsecs.DeleteTaskSetOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc, err := s.externalService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	set, err := s.taskSet(svc, in.TaskSet)
	if err != nil {
		return nil, err
	}
	if !aws.ToBool(in.Force) {
		switch {
		case set.status == statusPrimary:
			return nil, invalid("Unable to delete a PRIMARY task set without force.")
		case set.status == statusActive && set.scale > 0 && !s.cfg.DeleteScaledSets:
			return nil, invalid("The task set cannot be deleted while it is scaled above 0. Scale it down or use force.")
		}
	}
	if set.status != statusDraining {
		set.status, set.updated = statusDraining, time.Now().UTC()
	}
	view := set.describe(true) // before reconcile: a set without tasks is gone at once
	s.reconcile(svc)
	s.touch()
	return &awsecs.DeleteTaskSetOutput{TaskSet: &view}, nil
}
