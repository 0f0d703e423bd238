package ecs

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	gib = 1024 // memory is counted in MiB
	// maxContainers is the service quota of containers per task definition.
	maxContainers = 10
	maxPort       = 65535
)

// definitionRules refuses what RegisterTaskDefinition refuses.
func definitionRules(in *awsecs.RegisterTaskDefinitionInput) error {
	switch {
	case aws.ToString(in.Family) == "":
		return client("Family should not be null or empty.")
	case !nameRule.MatchString(*in.Family):
		return client("Family contains invalid characters.")
	case len(in.ContainerDefinitions) == 0:
		return client("Container list cannot be empty.")
	case len(in.ContainerDefinitions) > maxContainers:
		return client("Too many containers: a task definition can have at most %d.", maxContainers)
	}
	if err := tagRule(in.Tags); err != nil {
		return err
	}
	if in.NetworkMode != "" && !slices.Contains(in.NetworkMode.Values(), in.NetworkMode) {
		return client("Invalid network mode %q.", in.NetworkMode)
	}
	for _, c := range in.RequiresCompatibilities {
		if !slices.Contains(c.Values(), c) {
			return client("Invalid value for requires compatibilities: %q.", c)
		}
	}
	if err := containerRules(in); err != nil {
		return err
	}
	if slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) {
		return fargateRules(in)
	}
	return nil
}

func containerRules(in *awsecs.RegisterTaskDefinitionInput) error {
	names := map[string]bool{}
	essential := false
	for _, c := range in.ContainerDefinitions {
		name := aws.ToString(c.Name)
		switch {
		case name == "":
			return client("Container.name should not be null or empty.")
		case !nameRule.MatchString(name):
			return client("Container.name contains invalid characters.")
		case names[name]:
			return client("Duplicate container name: %s", name)
		case aws.ToString(c.Image) == "":
			return client("Container.image should not be null or empty.")
		case in.Memory == nil && c.Memory == nil && c.MemoryReservation == nil:
			return client("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", name)
		}
		names[name] = true
		essential = essential || c.Essential == nil || *c.Essential
		if err := portRules(in.NetworkMode, c.PortMappings); err != nil {
			return err
		}
		for _, variable := range c.Environment {
			if aws.ToString(variable.Name) == "" {
				return client("Environment variable name of container '%s' should not be null or empty.", name)
			}
		}
	}
	if !essential {
		return client("At least one container in the task definition must be essential.")
	}
	return nil
}

func portRules(mode types.NetworkMode, mappings []types.PortMapping) error {
	for _, m := range mappings {
		port := aws.ToInt32(m.ContainerPort)
		if m.ContainerPortRange == nil && (port < 1 || port > maxPort) {
			return client("Invalid container port: %d", port)
		}
		shared := mode == types.NetworkModeAwsvpc || mode == types.NetworkModeHost
		if shared && aws.ToInt32(m.HostPort) != 0 && *m.HostPort != port {
			return client("When networkMode=%s, the host ports and container ports in port mappings must match.", mode)
		}
	}
	return nil
}

// fargateRules are the further rules of a definition that is to run on Fargate.
func fargateRules(in *awsecs.RegisterTaskDefinitionInput) error {
	if in.NetworkMode != types.NetworkModeAwsvpc {
		return client("Fargate only supports network mode 'awsvpc'.")
	}
	if in.Cpu == nil {
		return client("Fargate requires that 'cpu' be defined at the task level.")
	}
	if in.Memory == nil {
		return client("Fargate requires that 'memory' be defined at the task level.")
	}
	cpu, okCPU := cpuUnits(*in.Cpu)
	memory, okMemory := memoryUnits(*in.Memory)
	if !okCPU || !okMemory || !fargateSize(cpu, memory) {
		return client("No Fargate configuration exists for given values: %s CPU, %s memory.", *in.Cpu, *in.Memory)
	}
	for _, c := range in.ContainerDefinitions {
		if int(aws.ToInt32(c.Memory)) > memory || int(c.Cpu) > cpu {
			return client("Invalid setting for container '%s': it asks for more than the task has.", *c.Name)
		}
		if c.Privileged != nil && *c.Privileged {
			return client("Fargate does not support privileged containers.")
		}
		if err := executionRoleRule(in, c); err != nil {
			return err
		}
	}
	return nil
}

// executionRoleRule refuses a container that needs the definition's execution
// role when there is none.
func executionRoleRule(in *awsecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	switch {
	case in.ExecutionRoleArn != nil:
		return nil
	case c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs:
		return client("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	case len(c.Secrets) > 0:
		return client("Fargate requires task definition to have execution role ARN to support secrets.")
	default:
		return nil
	}
}

// fargateSize reports whether Fargate offers the combination of CPU units and
// MiB, after the table of task sizes in the developer guide.
func fargateSize(cpu, memory int) bool {
	between := func(low, high, step int) bool {
		return memory >= low*gib && memory <= high*gib && memory%(step*gib) == 0
	}
	switch cpu {
	case 256:
		return memory == gib/2 || between(1, 2, 1)
	case 512:
		return between(1, 4, 1)
	case 1024:
		return between(2, 8, 1)
	case 2048:
		return between(4, 16, 1)
	case 4096:
		return between(8, 30, 1)
	case 8192:
		return between(16, 60, 4)
	case 16384:
		return between(32, 120, 8)
	default:
		return false
	}
}

// cpuUnits reads "256" or ".25 vCPU".
func cpuUnits(text string) (int, bool) { return units(text, "vcpu", gib) }

// memoryUnits reads "512" or "0.5 GB" as MiB.
func memoryUnits(text string) (int, bool) { return units(text, "gb", gib) }

func units(text, unit string, factor float64) (int, bool) {
	lower := strings.ToLower(strings.TrimSpace(text))
	number, scaled := strings.CutSuffix(lower, unit)
	if !scaled {
		n, err := strconv.Atoi(number)
		return n, err == nil && n > 0
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	const tooMuch = 1e6
	if err != nil || !(n > 0 && n < tooMuch) {
		return 0, false
	}
	return int(n * factor), true
}

// normalUnits returns a size as descriptions show it, in plain units.
func normalUnits(text *string, read func(string) (int, bool)) *string {
	if text == nil {
		return nil
	}
	n, ok := read(*text)
	if !ok {
		return text
	}
	return aws.String(strconv.Itoa(n))
}
