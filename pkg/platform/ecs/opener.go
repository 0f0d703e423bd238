package ecs

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Opener makes targets of one platform provider. It is safe for concurrent use.
type Opener struct {
	clients clients
	timing  Timing
}

// NewOpener prepares the provider. It makes no call to AWS.
func NewOpener(ctx context.Context, cfg Config, timing Timing) (*Opener, error) {
	c, err := newClients(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Opener{clients: c, timing: timing.withDefaults()}, nil
}

// Open parses the application's definitions.
func (o *Opener) Open(_ context.Context, app platform.Application, src platform.Source) (platform.Target, error) {
	t := &target{clients: o.clients, timing: o.timing, app: app}
	var problems config.Problems
	if app.ServiceFile == "" {
		return nil, model.Errorf(model.CodeInvalid,
			"input.serviceDefinitionFile is not set: standalone tasks are not supported yet, name the file of a service definition")
	}
	problems = append(problems, read(src, app.ServiceFile, &t.service, serviceNotes())...)
	problems = append(problems, read(src, app.TaskFile, &t.task, taskNotes())...)
	problems = append(problems, t.service.check(app.ServiceFile)...)
	problems = append(problems, checkTask(&t.task, app)...)
	t.notes = problems.Warnings()
	return t, problems.Err()
}

// Versions returns the images of the task definition, the first container's first.
func (o *Opener) Versions(taskFile string, src platform.Source) ([]model.ArtifactVersion, error) {
	var task awsecs.RegisterTaskDefinitionInput
	if err := read(src, taskFile, &task, taskNotes()).Err(); err != nil {
		return nil, err
	}
	var out []model.ArtifactVersion
	seen := map[string]bool{}
	for _, c := range task.ContainerDefinitions {
		image := aws.ToString(c.Image)
		if image == "" || seen[image] {
			continue
		}
		seen[image] = true
		name, version := splitImage(image)
		out = append(out, model.ArtifactVersion{Kind: model.ArtifactContainerImage, Name: name, Version: version, URL: image})
	}
	return out, nil
}

// splitImage returns the last part of an image's path and its tag, or its
// digest where it has no tag.
func splitImage(image string) (name, version string) {
	last := image[strings.LastIndexByte(image, '/')+1:]
	if before, after, ok := strings.Cut(last, "@"); ok {
		name, version = before, after
		if colon := strings.IndexByte(name, ':'); colon >= 0 {
			return name[:colon], name[colon+1:]
		}
		return name, version
	}
	name, version, _ = strings.Cut(last, ":")
	return name, version
}

func read(src platform.Source, file string, into any, notes map[string]string) config.Problems {
	data, err := src.ReadFile(file)
	if err != nil {
		return config.Problems{{File: file, Severity: config.SeverityError, Message: "cannot be read: " + err.Error()}}
	}
	return config.DecodeDefinition(file, data, into, notes)
}

// describeOnly is what is said about fields that only descriptions have.
const describeOnly = "is ignored: AWS sets it, it is only shown in descriptions"

// taskNotes are the top-level keys of a task definition file that are ignored.
func taskNotes() map[string]string {
	return map[string]string{
		"compatibilities": describeOnly, "revision": describeOnly, "status": describeOnly, "requiresattributes": describeOnly,
		"taskdefinitionarn": describeOnly, "registeredat": describeOnly, "registeredby": describeOnly, "deregisteredat": describeOnly,
	}
}

// serviceNotes are the top-level keys of a service definition file that are ignored.
func serviceNotes() map[string]string {
	return map[string]string{
		"createdat": describeOnly, "createdby": describeOnly, "events": describeOnly, "pendingcount": describeOnly,
		"runningcount": describeOnly, "servicearn": describeOnly, "status": describeOnly, "tasksets": describeOnly,
		"deployments": describeOnly, "platformfamily": describeOnly,
		"clienttoken":    "is ignored: the agent makes a token for every deployment",
		"taskdefinition": "is ignored: the revision of input.taskDefinitionFile is used",
		"loadbalancers":  "is ignored: input.targetGroups of the application file says which target groups are used",
	}
}

// serviceDefinition is the service file: the fields of the API, whichever call
// takes them.
type serviceDefinition struct {
	Cluster                       string
	ClusterArn                    string
	ServiceName                   string
	DesiredCount                  *int32
	DeploymentConfiguration       *types.DeploymentConfiguration
	DeploymentController          *types.DeploymentController
	EnableECSManagedTags          *bool
	EnableExecuteCommand          *bool
	HealthCheckGracePeriodSeconds *int32
	PlacementConstraints          []types.PlacementConstraint
	PlacementStrategy             []types.PlacementStrategy
	PropagateTags                 types.PropagateTags
	Role                          string
	RoleArn                       string
	SchedulingStrategy            types.SchedulingStrategy
	Tags                          []types.Tag
	AvailabilityZoneRebalancing   types.AvailabilityZoneRebalancing

	// A service under an external controller takes these per task set.
	LaunchType               types.LaunchType
	PlatformVersion          *string
	NetworkConfiguration     *types.NetworkConfiguration
	ServiceRegistries        []types.ServiceRegistry
	CapacityProviderStrategy []types.CapacityProviderStrategyItem
}

func (d *serviceDefinition) cluster() string {
	if d.ClusterArn != "" {
		return d.ClusterArn
	}
	return d.Cluster
}

func (d *serviceDefinition) check(file string) config.Problems {
	var ps config.Problems
	fail := func(field, message, hint string) {
		ps = append(ps, config.Problem{File: file, Field: field, Message: message, Hint: hint, Severity: config.SeverityError})
	}
	if d.ServiceName == "" {
		fail("serviceName", "is required", "")
	}
	if d.DeploymentController == nil || d.DeploymentController.Type != types.DeploymentControllerTypeExternal {
		fail("deploymentController.type", "expected EXTERNAL",
			"only a service under the EXTERNAL controller can have a canary beside the primary; the controller of a service cannot be changed, so create a service under a new name")
	}
	if d.DesiredCount != nil && *d.DesiredCount < 0 {
		fail("desiredCount", "expected 0 or more", "")
	}
	if d.SchedulingStrategy == types.SchedulingStrategyDaemon {
		fail("schedulingStrategy", "expected REPLICA", "the EXTERNAL controller does not support DAEMON")
	}
	return ps
}

func checkTask(task *awsecs.RegisterTaskDefinitionInput, app platform.Application) config.Problems {
	var ps config.Problems
	fail := func(field, message string) {
		ps = append(ps, config.Problem{File: app.TaskFile, Field: field, Message: message, Severity: config.SeverityError})
	}
	if aws.ToString(task.Family) == "" {
		fail("family", "is required")
	}
	if len(task.ContainerDefinitions) == 0 {
		fail("containerDefinitions", "expected at least one container")
		return ps
	}
	for _, g := range []*platform.TargetGroup{app.TargetGroups.Primary, app.TargetGroups.Canary} {
		if g != nil && !exposes(task.ContainerDefinitions, g) {
			fail("containerDefinitions", "expected container "+g.ContainerName+" with the port that input.targetGroups names, found none")
		}
	}
	return ps
}

func exposes(containers []types.ContainerDefinition, g *platform.TargetGroup) bool {
	for _, c := range containers {
		if aws.ToString(c.Name) != g.ContainerName {
			continue
		}
		for _, p := range c.PortMappings {
			if int(aws.ToInt32(p.ContainerPort)) == g.ContainerPort {
				return true
			}
		}
	}
	return false
}
