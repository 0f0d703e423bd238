package ecs

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// launch is where and how tasks are to be started: the part that CreateTaskSet
// and RunTask have in common.
type launch struct {
	kind     types.LaunchType
	strategy []types.CapacityProviderStrategyItem
	network  *types.NetworkConfiguration
	platform *string
}

func launchOf(in *awsecs.CreateTaskSetInput) launch {
	return launch{in.LaunchType, in.CapacityProviderStrategy, in.NetworkConfiguration, in.PlatformVersion}
}

// launchType is what a description shows: EC2 where nothing was said.
func (l launch) launchType() types.LaunchType {
	if l.kind == "" && len(l.strategy) == 0 {
		return types.LaunchTypeEc2
	}
	return l.kind
}

func (l launch) fargate() bool {
	return l.kind == types.LaunchTypeFargate || slices.ContainsFunc(l.strategy, func(item types.CapacityProviderStrategyItem) bool {
		name := aws.ToString(item.CapacityProvider)
		return name == "FARGATE" || name == "FARGATE_SPOT"
	})
}

// taskSetRules refuses what can be refused by looking at the request alone.
func taskSetRules(in *awsecs.CreateTaskSetInput) error {
	if err := tokenRule(in.ClientToken, tokenLength); err != nil {
		return err
	}
	if err := tagRule(in.Tags); err != nil {
		return err
	}
	if in.Scale != nil {
		if err := scaleRules(in.Scale); err != nil {
			return err
		}
	}
	return launchOf(in).rules()
}

func scaleRules(scale *types.Scale) error {
	const most = 100
	switch {
	case scale.Unit != types.ScaleUnitPercent:
		return invalid("Invalid scale unit %q: only PERCENT is supported.", scale.Unit)
	case !(scale.Value >= 0 && scale.Value <= most):
		return invalid("Scale value must be between 0 and 100 percent.")
	default:
		return nil
	}
}

func (l launch) rules() error {
	switch {
	case l.kind != "" && !slices.Contains(l.kind.Values(), l.kind):
		return invalid("Invalid launch type %q.", l.kind)
	case l.kind != "" && len(l.strategy) > 0:
		return invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	case l.platform != nil && !l.fargate():
		return invalid("The platform version must be null when specifying an EC2 launch type.")
	default:
		return nil
	}
}

// placementRules checks the request against the task definition.
func placementRules(def *definition, l launch) error {
	if l.fargate() && !slices.Contains(def.view.Compatibilities, types.CompatibilityFargate) {
		return invalid("Task definition does not support launch_type FARGATE.")
	}
	if def.view.NetworkMode != types.NetworkModeAwsvpc {
		if l.network != nil {
			return invalid("Network Configuration is not valid for the given networkMode of this task definition.")
		}
		return nil
	}
	if l.network == nil || l.network.AwsvpcConfiguration == nil {
		return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	vpc := l.network.AwsvpcConfiguration
	const maxSubnets, maxGroups = 16, 5
	switch {
	case len(vpc.Subnets) == 0:
		return invalid("subnets can not be empty.")
	case len(vpc.Subnets) > maxSubnets:
		return invalid("subnets can have at most %d items.", maxSubnets)
	case len(vpc.SecurityGroups) > maxGroups:
		return invalid("securityGroups can have at most %d items.", maxGroups)
	case vpc.AssignPublicIp == types.AssignPublicIpEnabled && !l.fargate():
		return invalid("Assign public IP is not supported for this launch type.")
	default:
		return nil
	}
}

// loadBalancerRules checks the load balancer against the task definition.
func loadBalancerRules(def *definition, in []types.LoadBalancer) error {
	if len(in) == 0 {
		return nil
	}
	lb := in[0]
	name, port := aws.ToString(lb.ContainerName), aws.ToInt32(lb.ContainerPort)
	container := def.container(name)
	switch {
	case name == "":
		return invalid("Container name can not be blank.")
	case port < 1 || port > maxPort:
		return invalid("Container port must be between 1 and %d.", maxPort)
	case container == nil:
		return invalid("The container %s does not exist in the task definition.", name)
	case !slices.ContainsFunc(container.PortMappings, func(m types.PortMapping) bool { return aws.ToInt32(m.ContainerPort) == port }):
		return invalid("The container %s did not have a container port %d defined.", name, port)
	default:
		return nil
	}
}

// targetGroupRules asks the load balancers about the target group. The caller
// must not hold s.mu.
func (s *Simulator) targetGroupRules(in []types.LoadBalancer) error {
	if len(in) == 0 {
		return nil
	}
	if len(in) > 1 {
		return invalid("load balancers can have at most 1 items with an EXTERNAL deployment controller.")
	}
	arn := aws.ToString(in[0].TargetGroupArn)
	switch {
	case in[0].LoadBalancerName != nil:
		return invalid("Classic Load Balancers are not supported with an EXTERNAL deployment controller.")
	case arn == "":
		return invalid("Target group ARN can not be blank.")
	}
	exists, attached := s.groups.Lookup(arn)
	switch {
	case !exists:
		return invalid("The target group %s does not exist.", arn)
	case !attached:
		return invalid("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
	default:
		return nil
	}
}
