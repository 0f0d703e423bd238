package ecs

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/uuid"
)

// The statuses of a service. A task set has PRIMARY, ACTIVE and DRAINING.
const (
	statusActive   = "ACTIVE"
	statusDraining = "DRAINING"
	statusInactive = "INACTIVE"
	statusPrimary  = "PRIMARY"
)

const (
	// maxDescribed is how many services one DescribeServices takes.
	maxDescribed = 10
	// maxEvents is how many events a description shows.
	maxEvents = 100
)

// service is one service. Everything is guarded by Simulator.mu.
type service struct {
	cluster   *cluster
	name, arn string
	status    string
	view      types.Service // what was sent; counts and sets are filled in by describe
	desired   int
	tags      []types.Tag
	sets      []*taskSet
	events    []types.ServiceEvent // newest first
	request   [32]byte             // fingerprint of the request that created it
	steady    bool
}

func (svc *service) external() bool {
	return svc.view.DeploymentController.Type == types.DeploymentControllerTypeExternal
}

// primary returns the PRIMARY task set, or nil.
func (svc *service) primary() *taskSet {
	for _, set := range svc.sets {
		if set.status == statusPrimary {
			return set
		}
	}
	return nil
}

// grace is how long the health of a fresh task's targets is ignored.
func (svc *service) grace() time.Duration {
	return time.Duration(aws.ToInt32(svc.view.HealthCheckGracePeriodSeconds)) * time.Second
}

// eventf adds a line to the service's events. set may be nil.
func (svc *service) eventf(set *taskSet, format string, args ...any) {
	subject := "(service " + svc.name + ")"
	if set != nil {
		subject = "(service " + svc.name + ", taskSet " + set.id + ")"
	}
	svc.events = append([]types.ServiceEvent{{
		Id:        aws.String(uuid.NewString()),
		CreatedAt: aws.Time(time.Now().UTC()),
		Message:   aws.String(subject + " " + fmt.Sprintf(format, args...)),
	}}, svc.events[:min(len(svc.events), maxEvents-1)]...)
}

// describe returns the service as the API shows it: with the values of its
// PRIMARY task set, if it has one.
func (svc *service) describe(withTags bool) types.Service {
	view := svc.view
	view.Status = aws.String(svc.status)
	view.DesiredCount = int32(svc.desired) //nolint:gosec // was an int32
	view.Deployments = []types.Deployment{}
	view.Events = slices.Clone(svc.events)
	view.LoadBalancers = []types.LoadBalancer{}
	view.ServiceRegistries = []types.ServiceRegistry{}
	for _, set := range svc.sets {
		described := set.describe(false)
		view.TaskSets = append(view.TaskSets, described)
		view.RunningCount += described.RunningCount
		view.PendingCount += described.PendingCount
	}
	if set := svc.primary(); set != nil {
		view.TaskDefinition = set.view.TaskDefinition
		view.LaunchType = set.view.LaunchType
		view.CapacityProviderStrategy = set.view.CapacityProviderStrategy
		view.NetworkConfiguration = set.view.NetworkConfiguration
		view.PlatformVersion = set.view.PlatformVersion
		view.PlatformFamily = set.view.PlatformFamily
		view.LoadBalancers = set.view.LoadBalancers
		view.ServiceRegistries = set.view.ServiceRegistries
	}
	if withTags {
		view.Tags = listed(svc.tags)
	}
	return view
}

func (s *Simulator) createService(in *awsecs.CreateServiceInput) (*awsecs.CreateServiceOutput, error) {
	if err := serviceRules(in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	key := tokenKey{operation: "CreateService", scope: c.arn, token: aws.ToString(in.ClientToken)}
	request := serviceFingerprint(in)
	for _, svc := range c.services {
		if svc.status == statusInactive {
			continue
		}
		use, used := s.tokens[key]
		tokenMeant := used && in.ClientToken != nil && slices.Contains(use.result, svc.arn)
		switch {
		case !tokenMeant && svc.name != *in.ServiceName:
			continue
		case svc.status == statusDraining:
			return nil, invalid("Unable to Start a service that is still Draining.")
		case svc.request != request:
			return nil, invalid("Creation of service was not idempotent.")
		}
		view := svc.describe(true)
		return &awsecs.CreateServiceOutput{Service: &view}, nil
	}
	svc := s.newService(c, in)
	svc.request = request
	if in.ClientToken != nil {
		s.tokens[key] = tokenUse{request: request, result: []string{svc.arn}}
	}
	s.touch()
	view := svc.describe(true)
	return &awsecs.CreateServiceOutput{Service: &view}, nil
}

// serviceFingerprint ignores the token: creating what exists already with the
// same parameters is idempotent with and without one.
func serviceFingerprint(in *awsecs.CreateServiceInput) [32]byte {
	plain := *in
	plain.ClientToken = nil
	return fingerprint(&plain)
}

// newService adds a service to the cluster. The caller holds s.mu.
func (s *Simulator) newService(c *cluster, in *awsecs.CreateServiceInput) *service {
	controller := in.DeploymentController
	if controller == nil {
		controller = &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}
	}
	svc := &service{
		cluster: c,
		name:    *in.ServiceName,
		arn:     s.arn("service/" + c.name + "/" + *in.ServiceName),
		status:  statusActive,
		desired: int(aws.ToInt32(in.DesiredCount)),
		tags:    slices.Clone(in.Tags),
	}
	svc.view = types.Service{
		ClusterArn:                    &c.arn,
		ServiceArn:                    &svc.arn,
		ServiceName:                   &svc.name,
		CreatedAt:                     aws.Time(time.Now().UTC()),
		DeploymentController:          controller,
		DeploymentConfiguration:       deploymentDefaults(in.DeploymentConfiguration),
		SchedulingStrategy:            types.SchedulingStrategyReplica,
		HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds,
		PlacementConstraints:          append([]types.PlacementConstraint{}, in.PlacementConstraints...),
		PlacementStrategy:             append([]types.PlacementStrategy{}, in.PlacementStrategy...),
		PropagateTags:                 in.PropagateTags,
		EnableECSManagedTags:          in.EnableECSManagedTags,
		EnableExecuteCommand:          in.EnableExecuteCommand,
		AvailabilityZoneRebalancing:   in.AvailabilityZoneRebalancing,
		RoleArn: aws.String("arn:aws:iam::" + s.cfg.Account +
			":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
	}
	if svc.view.PropagateTags == "" {
		svc.view.PropagateTags = types.PropagateTagsNone
	}
	if !svc.external() {
		svc.view.TaskDefinition, svc.view.LaunchType = in.TaskDefinition, in.LaunchType
	}
	c.services = append(c.services, svc)
	return svc
}

func deploymentDefaults(in *types.DeploymentConfiguration) *types.DeploymentConfiguration {
	const most, least = 200, 100
	out := types.DeploymentConfiguration{}
	if in != nil {
		out = *in
	}
	if out.MaximumPercent == nil {
		out.MaximumPercent = aws.Int32(most)
	}
	if out.MinimumHealthyPercent == nil {
		out.MinimumHealthyPercent = aws.Int32(least)
	}
	return &out
}

func (s *Simulator) describeServices(in *awsecs.DescribeServicesInput) (*awsecs.DescribeServicesOutput, error) {
	switch {
	case len(in.Services) == 0:
		return nil, invalid("Services cannot be empty.")
	case len(in.Services) > maxDescribed:
		return nil, invalid("Services cannot have more than %d elements.", maxDescribed)
	}
	s.lookAtHealth()
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	withTags := slices.Contains(in.Include, types.ServiceFieldTags)
	out := &awsecs.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, id := range in.Services {
		svc, err := s.service(c, &id)
		if isCode(err, "ServiceNotFoundException") {
			out.Failures = append(out.Failures, s.failure(id, "service/"+c.name+"/"+id))
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Services = append(out.Services, svc.describe(withTags))
	}
	return out, nil
}

func (s *Simulator) listServices(in *awsecs.ListServicesInput) (*awsecs.ListServicesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, svc := range c.services {
		view := svc.describe(false)
		wanted := svc.status == statusActive &&
			(in.LaunchType == "" || in.LaunchType == view.LaunchType) &&
			(in.SchedulingStrategy == "" || in.SchedulingStrategy == view.SchedulingStrategy)
		if wanted {
			arns = append(arns, svc.arn)
		}
	}
	const fallback = 10
	items, next, err := page(arns, in.MaxResults, in.NextToken, fallback)
	if err != nil {
		return nil, err
	}
	return &awsecs.ListServicesOutput{ServiceArns: items, NextToken: next}, nil
}
