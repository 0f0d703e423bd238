package ecs

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/target"
	"pipecd/pkg/simcloud/task"
)

// state is a task's lastStatus.
type state string

// The lifecycle of a task, in order. A task that never came up goes from
// PENDING to STOPPED.
const (
	stateProvisioning state = "PROVISIONING"
	statePending      state = "PENDING"
	stateRunning      state = "RUNNING"
	stateDeactivating state = "DEACTIVATING" // its targets are draining
	stateStopping     state = "STOPPING"
	stateStopped      state = "STOPPED"
)

// runningTask is one task. Everything but stop is guarded by Simulator.mu.
type runningTask struct {
	cluster *cluster
	set     *taskSet // nil: started by RunTask
	def     *definition
	id, arn string
	view    types.Task // what does not change
	tags    []types.Tag
	env     map[string]string
	address string
	main    *types.ContainerDefinition // the container that listens

	status   state
	version  int64
	stop     chan struct{} // closed when the task is to be stopped
	stopping bool

	target      target.Target
	registered  bool
	targetState string

	pullAt, startedAt, stoppingAt, stoppedAt time.Time
	stopCode                                 types.TaskStopCode
	stopReason                               string
	containerReason                          string
	exitCode                                 *int32
}

// launchSpec says what a new task is made of.
type launchSpec struct {
	cluster   *cluster
	set       *taskSet
	def       *definition
	main      *types.ContainerDefinition
	launch    launch
	group     string
	startedBy *string
	tags      []types.Tag
	overrides *types.TaskOverride
	exec      bool
}

// newServiceTask starts a task of a set. The caller holds s.mu.
func (s *Simulator) newServiceTask(set *taskSet) *runningTask {
	svc := set.svc
	spec := launchSpec{
		cluster: svc.cluster, set: set, def: set.def, main: set.listening(),
		launch: launch{
			kind: set.view.LaunchType, strategy: set.view.CapacityProviderStrategy,
			network: set.view.NetworkConfiguration, platform: set.view.PlatformVersion,
		},
		group: "service:" + svc.name, startedBy: &set.id, exec: svc.view.EnableExecuteCommand,
	}
	switch svc.view.PropagateTags {
	case types.PropagateTagsService:
		spec.tags = svc.tags
	case types.PropagateTagsTaskDefinition:
		spec.tags = set.def.tags
	case types.PropagateTagsNone:
	}
	if svc.view.EnableECSManagedTags {
		spec.tags = merged(spec.tags, tagsOf(map[string]string{
			"aws:ecs:clusterName": svc.cluster.name, "aws:ecs:serviceName": svc.name,
		}))
	}
	t := s.newTask(spec)
	set.tasks = append(set.tasks, t)
	return t
}

// newTask starts a task. The caller holds s.mu.
func (s *Simulator) newTask(spec launchSpec) *runningTask {
	const idBytes = 16
	t := &runningTask{
		cluster: spec.cluster, set: spec.set, def: spec.def, main: spec.main,
		id: randomHex(idBytes), status: stateProvisioning, version: 1,
		tags: spec.tags, stop: make(chan struct{}), address: s.nextAddress(),
		env: environment(spec.main, spec.overrides),
	}
	t.arn = s.arn("task/" + spec.cluster.name + "/" + t.id)
	t.view = types.Task{
		TaskArn: &t.arn, ClusterArn: &spec.cluster.arn, TaskDefinitionArn: &spec.def.arn,
		CreatedAt: aws.Time(time.Now().UTC()), Group: &spec.group, StartedBy: spec.startedBy,
		LaunchType: spec.launch.launchType(), Cpu: spec.def.view.Cpu, Memory: spec.def.view.Memory,
		AvailabilityZone: aws.String(s.cfg.Region + "a"), EnableExecuteCommand: spec.exec,
		Overrides: spec.overrides, Attributes: []types.Attribute{},
	}
	if spec.overrides == nil {
		t.view.Overrides = &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{}}
	}
	if spec.launch.fargate() {
		t.view.PlatformVersion = aws.String("1.4.0") // what LATEST is for Linux
		t.view.PlatformFamily = aws.String("Linux")
	}
	if spec.def.view.NetworkMode == types.NetworkModeAwsvpc {
		t.view.Attachments = []types.Attachment{s.networkInterface(t, spec.launch.network)}
	}
	spec.cluster.tasks = append(spec.cluster.tasks, t)
	s.spawn(func() { s.live(t) })
	return t
}

// nextAddress returns an address of the 10.0.0.0/16 network that no task had
// before. The caller holds s.mu.
func (s *Simulator) nextAddress() string {
	const first, perNet, nets = 4, 250, 256 // AWS keeps the first four of a subnet
	n := s.next()
	return fmt.Sprintf("10.0.%d.%d", n/perNet%nets, n%perNet+first)
}

func (s *Simulator) networkInterface(t *runningTask, network *types.NetworkConfiguration) types.Attachment {
	const idBytes, eniBytes = 16, 8
	subnet := ""
	if network != nil && network.AwsvpcConfiguration != nil && len(network.AwsvpcConfiguration.Subnets) > 0 {
		subnet = network.AwsvpcConfiguration.Subnets[0]
	}
	detail := func(name, value string) types.KeyValuePair {
		return types.KeyValuePair{Name: &name, Value: &value}
	}
	return types.Attachment{
		Id: aws.String(randomHex(idBytes)), Type: aws.String("ElasticNetworkInterface"), Status: aws.String("ATTACHED"),
		Details: []types.KeyValuePair{
			detail("subnetId", subnet),
			detail("networkInterfaceId", "eni-"+randomHex(eniBytes)),
			detail("privateIPv4Address", t.address),
		},
	}
}

// essentialContainer returns the first essential container; a definition has one.
func essentialContainer(def *definition) *types.ContainerDefinition {
	at := max(0, slices.IndexFunc(def.view.ContainerDefinitions, func(c types.ContainerDefinition) bool {
		return c.Essential == nil || *c.Essential
	}))
	return &def.view.ContainerDefinitions[at]
}

// environment is the environment of a container with the overrides of RunTask.
func environment(c *types.ContainerDefinition, overrides *types.TaskOverride) map[string]string {
	env := map[string]string{}
	add := func(pairs []types.KeyValuePair) {
		for _, pair := range pairs {
			env[aws.ToString(pair.Name)] = aws.ToString(pair.Value)
		}
	}
	add(c.Environment)
	if overrides != nil {
		for _, o := range overrides.ContainerOverrides {
			if aws.ToString(o.Name) == aws.ToString(c.Name) {
				add(o.Environment)
			}
		}
	}
	return env
}

func (t *runningTask) spec() task.Spec {
	return task.Spec{ID: t.id, Image: aws.ToString(t.main.Image), Environment: t.env}
}

// healthy reports whether the load balancer, if any, finds the task healthy.
func (t *runningTask) healthy() bool {
	return t.set == nil || t.set.target == nil || (t.registered && t.targetState == targetHealthy)
}

// requestStop asks the task to stop; the first reason given stays. The caller
// holds the simulator's mu.
func (t *runningTask) requestStop(code types.TaskStopCode, reason string) {
	if t.stopping || t.status == stateStopped {
		return
	}
	t.stopping = true
	t.version++
	if t.stopCode == "" {
		t.stopCode, t.stopReason = code, reason
	}
	close(t.stop)
}

// describe returns the task as the API shows it.
func (t *runningTask) describe(withTags bool) types.Task {
	view := t.view
	view.LastStatus = aws.String(string(t.status))
	view.DesiredStatus = aws.String(string(stateRunning))
	if t.stopping || t.status == stateStopped {
		view.DesiredStatus = aws.String(string(stateStopped))
	}
	view.Version = t.version
	view.HealthStatus = t.health()
	view.PullStartedAt, view.StartedAt = since(t.pullAt), since(t.startedAt)
	view.PullStoppedAt = since(t.startedAt)
	view.StoppingAt, view.StoppedAt = since(t.stoppingAt), since(t.stoppedAt)
	view.ExecutionStoppedAt = since(t.stoppedAt)
	if !t.startedAt.IsZero() {
		view.Connectivity, view.ConnectivityAt = types.ConnectivityConnected, since(t.startedAt)
	}
	if t.stopCode != "" {
		view.StopCode, view.StoppedReason = t.stopCode, aws.String(t.stopReason)
	}
	for i := range t.def.view.ContainerDefinitions {
		view.Containers = append(view.Containers, t.container(&t.def.view.ContainerDefinitions[i]))
	}
	if withTags {
		view.Tags = listed(t.tags)
	}
	return view
}

func (t *runningTask) container(def *types.ContainerDefinition) types.Container {
	view := types.Container{
		ContainerArn: aws.String(t.arn + "/" + aws.ToString(def.Name)),
		TaskArn:      &t.arn,
		Name:         def.Name,
		Image:        def.Image,
		RuntimeId:    aws.String(t.id + "-" + aws.ToString(def.Name)),
		LastStatus:   aws.String(t.containerStatus()),
		HealthStatus: t.health(),
		NetworkInterfaces: []types.NetworkInterface{
			{PrivateIpv4Address: &t.address},
		},
	}
	if t.status == stateStopped && t.exitCode != nil {
		view.ExitCode = t.exitCode
	}
	if def == t.main && t.containerReason != "" {
		view.Reason = &t.containerReason
	}
	return view
}

func (t *runningTask) containerStatus() string {
	switch t.status {
	case stateRunning, stateDeactivating, stateStopping:
		return string(stateRunning)
	case stateStopped:
		return string(stateStopped)
	case stateProvisioning, statePending:
		return string(statePending)
	}
	return string(t.status)
}

// health is the result of the container's own health check: UNKNOWN without one.
func (t *runningTask) health() types.HealthStatus {
	switch {
	case t.main.HealthCheck == nil || t.status != stateRunning:
		return types.HealthStatusUnknown
	case task.FaultKind(t.env["FAULT"]) == task.FaultUnhealthy:
		return types.HealthStatusUnhealthy
	default:
		return types.HealthStatusHealthy
	}
}

func since(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}
