package ecs

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const tokenLength = 36

// serviceRules refuses what CreateService refuses.
func serviceRules(in *awsecs.CreateServiceInput) error {
	controller := types.DeploymentControllerTypeEcs
	if in.DeploymentController != nil {
		controller = in.DeploymentController.Type
	}
	switch {
	case aws.ToString(in.ServiceName) == "":
		return invalid("ServiceName can not be empty.")
	case !nameRule.MatchString(*in.ServiceName):
		return invalid("Invalid service name: %s", *in.ServiceName)
	case !slices.Contains(controller.Values(), controller):
		return invalid("Invalid deployment controller type %q.", controller)
	}
	for _, refused := range []error{
		countRule(in, controller), propagationRule(in.PropagateTags), tokenRule(in.ClientToken, tokenLength), tagRule(in.Tags),
	} {
		if refused != nil {
			return refused
		}
	}
	if controller == types.DeploymentControllerTypeExternal {
		return externalServiceRules(in)
	}
	if aws.ToString(in.TaskDefinition) == "" {
		return invalid("TaskDefinition can not be blank.")
	}
	return nil
}

// countRule refuses a number of tasks that the scheduling strategy does not take.
func countRule(in *awsecs.CreateServiceInput, controller types.DeploymentControllerType) error {
	switch {
	case in.DesiredCount != nil && *in.DesiredCount < 0:
		return invalid("Desired count can not be negative.")
	case in.SchedulingStrategy == types.SchedulingStrategyDaemon && controller != types.DeploymentControllerTypeEcs:
		return invalid("The DAEMON scheduling strategy is not supported with the %s deployment controller.", controller)
	// The developer guide: under an external controller only the name is required.
	case in.DesiredCount == nil && in.SchedulingStrategy != types.SchedulingStrategyDaemon && controller != types.DeploymentControllerTypeExternal:
		return invalid("Desired count must be specified when the scheduling strategy is REPLICA.")
	default:
		return nil
	}
}

func propagationRule(from types.PropagateTags) error {
	if from != "" && !slices.Contains(from.Values(), from) {
		return invalid("Invalid value for propagateTags: %q.", from)
	}
	return nil
}

// externalServiceRules refuses what belongs to a task set. The developer guide
// lists what a service under an external controller takes; all other
// parameters are given when a task set is created.
func externalServiceRules(in *awsecs.CreateServiceInput) error {
	switch {
	case in.TaskDefinition != nil && *in.TaskDefinition == "":
		return invalid("Family should not be null or empty.")
	case in.TaskDefinition != nil:
		return invalid("TaskDefinition must be blank.")
	case len(in.LoadBalancers) > 0:
		return invalid("LoadBalancers must be empty or null.")
	case in.LaunchType != "":
		return invalid("LaunchType must be blank.")
	case in.NetworkConfiguration != nil:
		return invalid("NetworkConfiguration must be null.")
	case in.PlatformVersion != nil:
		return invalid("PlatformVersion must be blank.")
	case len(in.CapacityProviderStrategy) > 0:
		return invalid("CapacityProviderStrategy must be empty or null.")
	case len(in.ServiceRegistries) > 0:
		return invalid("ServiceRegistries must be empty or null.")
	case in.ServiceConnectConfiguration != nil:
		return invalid("ServiceConnectConfiguration must be null.")
	case len(in.VolumeConfigurations) > 0:
		return invalid("VolumeConfigurations must be empty or null.")
	case len(in.VpcLatticeConfigurations) > 0:
		return invalid("VpcLatticeConfigurations must be empty or null.")
	case aws.ToString(in.Role) != "":
		return invalid("Role must be blank: a service with an external deployment controller uses the service-linked role.")
	default:
		return nil
	}
}

// externalUpdateRules refuses what UpdateService does not take for a service
// under an external controller.
func externalUpdateRules(in *awsecs.UpdateServiceInput) error {
	refused := []struct {
		name  string
		given bool
	}{
		{"taskDefinition", in.TaskDefinition != nil},
		{"networkConfiguration", in.NetworkConfiguration != nil},
		{"platformVersion", in.PlatformVersion != nil},
		{"loadBalancers", in.LoadBalancers != nil},
		{"serviceRegistries", in.ServiceRegistries != nil},
		{"capacityProviderStrategy", in.CapacityProviderStrategy != nil},
		{"deploymentConfiguration", in.DeploymentConfiguration != nil},
		{"deploymentController", in.DeploymentController != nil},
		{"serviceConnectConfiguration", in.ServiceConnectConfiguration != nil},
		{"volumeConfigurations", in.VolumeConfigurations != nil},
		{"vpcLatticeConfigurations", in.VpcLatticeConfigurations != nil},
		{"availabilityZoneRebalancing", in.AvailabilityZoneRebalancing != ""},
		{"forceNewDeployment", in.ForceNewDeployment},
	}
	for _, parameter := range refused {
		if parameter.given {
			return invalid("Unable to update %s on services with an EXTERNAL deployment controller. Use CreateTaskSet to deploy.", parameter.name)
		}
	}
	return nil
}
