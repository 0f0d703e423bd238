package ecs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// family is all revisions of a task definition, revision n at index n-1.
// Revision numbers are never used again.
type family struct {
	name      string
	revisions []*definition
}

// definition is one revision of a task definition. Only status, tags and the
// time of deregistration ever change.
type definition struct {
	arn  string
	view types.TaskDefinition
	tags []types.Tag
}

func (d *definition) active() bool { return d.view.Status == types.TaskDefinitionStatusActive }

// describe returns the definition as the API shows it.
func (d *definition) describe() *types.TaskDefinition {
	view := d.view
	return &view
}

// container returns the named container, or nil.
func (d *definition) container(name string) *types.ContainerDefinition {
	for i := range d.view.ContainerDefinitions {
		if c := &d.view.ContainerDefinitions[i]; aws.ToString(c.Name) == name {
			return c
		}
	}
	return nil
}

func (s *Simulator) registerTaskDefinition(in *awsecs.RegisterTaskDefinitionInput) (*awsecs.RegisterTaskDefinitionOutput, error) {
	if err := definitionRules(in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.families[*in.Family]
	if f == nil {
		f = &family{name: *in.Family}
		s.families[f.name] = f
	}
	revision := len(f.revisions) + 1
	def := &definition{
		arn:  s.arn(fmt.Sprintf("task-definition/%s:%d", f.name, revision)),
		tags: slices.Clone(in.Tags),
		view: definitionView(in),
	}
	def.view.TaskDefinitionArn = &def.arn
	def.view.Revision = int32(revision) //nolint:gosec // memory ends before it overflows
	f.revisions = append(f.revisions, def)
	s.touch()
	return &awsecs.RegisterTaskDefinitionOutput{TaskDefinition: def.describe(), Tags: listed(def.tags)}, nil
}

func definitionView(in *awsecs.RegisterTaskDefinitionInput) types.TaskDefinition {
	mode := in.NetworkMode
	if mode == "" {
		mode = types.NetworkModeBridge
	}
	compatible := []types.Compatibility{types.CompatibilityEc2}
	if slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) {
		compatible = append(compatible, types.CompatibilityFargate)
	}
	return types.TaskDefinition{
		Family:                  in.Family,
		Status:                  types.TaskDefinitionStatusActive,
		RegisteredAt:            aws.Time(time.Now().UTC()),
		ContainerDefinitions:    containerViews(in.ContainerDefinitions, mode),
		Compatibilities:         compatible,
		RequiresCompatibilities: in.RequiresCompatibilities,
		NetworkMode:             mode,
		Cpu:                     normalUnits(in.Cpu, cpuUnits),
		Memory:                  normalUnits(in.Memory, memoryUnits),
		ExecutionRoleArn:        in.ExecutionRoleArn,
		TaskRoleArn:             in.TaskRoleArn,
		EnableFaultInjection:    in.EnableFaultInjection,
		EphemeralStorage:        in.EphemeralStorage,
		IpcMode:                 in.IpcMode,
		PidMode:                 in.PidMode,
		PlacementConstraints:    append([]types.TaskDefinitionPlacementConstraint{}, in.PlacementConstraints...),
		ProxyConfiguration:      in.ProxyConfiguration,
		RuntimePlatform:         in.RuntimePlatform,
		Volumes:                 append([]types.Volume{}, in.Volumes...),
	}
}

// containerViews fills in what ECS fills in: essential true, protocol tcp, and
// in awsvpc mode the host port.
func containerViews(in []types.ContainerDefinition, mode types.NetworkMode) []types.ContainerDefinition {
	out := slices.Clone(in)
	for i := range out {
		c := &out[i]
		if c.Essential == nil {
			c.Essential = aws.Bool(true)
		}
		c.PortMappings = append([]types.PortMapping{}, c.PortMappings...)
		for j := range c.PortMappings {
			port := &c.PortMappings[j]
			if port.Protocol == "" {
				port.Protocol = types.TransportProtocolTcp
			}
			if port.HostPort == nil && mode == types.NetworkModeAwsvpc {
				port.HostPort = port.ContainerPort
			}
		}
		c.Environment = append([]types.KeyValuePair{}, c.Environment...)
		c.MountPoints = append([]types.MountPoint{}, c.MountPoints...)
		c.VolumesFrom = append([]types.VolumeFrom{}, c.VolumesFrom...)
	}
	return out
}

// definition finds a task definition by family (the newest ACTIVE revision),
// family:revision or ARN. The caller holds s.mu.
func (s *Simulator) definition(id string) (*definition, error) {
	name, err := s.resource(id, "task-definition")
	if err != nil {
		return nil, err
	}
	name, revision, numbered := strings.Cut(name, ":")
	f := s.families[name]
	if f == nil {
		return nil, client("Unable to describe task definition.")
	}
	if !numbered {
		for _, def := range slices.Backward(f.revisions) {
			if def.active() {
				return def, nil
			}
		}
		return nil, client("Unable to describe task definition.")
	}
	n, err := strconv.Atoi(revision)
	if err != nil {
		return nil, invalid("Invalid revision number. Number: %s", revision)
	}
	if n < 1 || n > len(f.revisions) {
		return nil, client("Unable to describe task definition.")
	}
	return f.revisions[n-1], nil
}

// runnable finds a task definition that may start tasks. The caller holds s.mu.
func (s *Simulator) runnable(id *string) (*definition, error) {
	if aws.ToString(id) == "" {
		return nil, invalid("TaskDefinition can not be blank.")
	}
	def, err := s.definition(*id)
	if err != nil {
		return nil, client("TaskDefinition not found.")
	}
	if !def.active() {
		return nil, client("TaskDefinition is inactive")
	}
	return def, nil
}

func (s *Simulator) describeTaskDefinition(in *awsecs.DescribeTaskDefinitionInput) (*awsecs.DescribeTaskDefinitionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if aws.ToString(in.TaskDefinition) == "" {
		return nil, invalid("TaskDefinition can not be blank.")
	}
	def, err := s.definition(*in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	out := &awsecs.DescribeTaskDefinitionOutput{TaskDefinition: def.describe()}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = listed(def.tags)
	}
	return out, nil
}

func (s *Simulator) deregisterTaskDefinition(in *awsecs.DeregisterTaskDefinitionInput) (*awsecs.DeregisterTaskDefinitionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := aws.ToString(in.TaskDefinition)
	if name, err := s.resource(id, "task-definition"); err != nil || !strings.Contains(name, ":") {
		return nil, invalid("Revision is missing.")
	}
	def, err := s.definition(id)
	if err != nil {
		return nil, client("The specified task definition does not exist.")
	}
	if def.active() {
		def.view.Status = types.TaskDefinitionStatusInactive
		def.view.DeregisteredAt = aws.Time(time.Now().UTC())
		s.touch()
	}
	return &awsecs.DeregisterTaskDefinitionOutput{TaskDefinition: def.describe()}, nil
}

func (s *Simulator) listTaskDefinitions(in *awsecs.ListTaskDefinitionsInput) (*awsecs.ListTaskDefinitionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionStatusActive
	}
	var arns []string
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		if in.FamilyPrefix != nil && name != *in.FamilyPrefix {
			continue
		}
		for _, def := range s.families[name].revisions {
			if def.view.Status == status {
				arns = append(arns, def.arn)
			}
		}
	}
	switch in.Sort {
	case "", types.SortOrderAsc:
	case types.SortOrderDesc:
		slices.Reverse(arns)
	default:
		return nil, invalid("Invalid sort order %q.", in.Sort)
	}
	items, next, err := page(arns, in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	return &awsecs.ListTaskDefinitionsOutput{TaskDefinitionArns: items, NextToken: next}, nil
}

func (s *Simulator) listTaskDefinitionFamilies(in *awsecs.ListTaskDefinitionFamiliesInput) (*awsecs.ListTaskDefinitionFamiliesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionFamilyStatusAll
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.families)) {
		active := slices.ContainsFunc(s.families[name].revisions, (*definition).active)
		wanted := status == types.TaskDefinitionFamilyStatusAll || active == (status == types.TaskDefinitionFamilyStatusActive)
		if wanted && strings.HasPrefix(name, aws.ToString(in.FamilyPrefix)) {
			names = append(names, name)
		}
	}
	items, next, err := page(names, in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	return &awsecs.ListTaskDefinitionFamiliesOutput{Families: items, NextToken: next}, nil
}
