package ecs

import (
	"context"
	"fmt"
	"slices"
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
	if app.Standalone != nil {
		t.service.Cluster = app.Standalone.Cluster
	}
	problems, err := t.readDefinitions(src)
	if err != nil {
		return nil, err
	}
	t.notes = problems.Warnings()
	return t, problems.Err()
}

// CheckDefinitions returns all problems of the definitions, as Open finds them
// and without an account. A definition whose file is not named is not looked at.
func CheckDefinitions(app platform.Application, src platform.Source) config.Problems {
	t := &target{app: app}
	problems, err := t.readDefinitions(src)
	if err != nil {
		problems = append(problems, config.Problem{Severity: config.SeverityError, Message: "the definitions cannot be read: " + err.Error()})
	}
	return problems
}

// readDefinitions fills in what the files say.
func (t *target) readDefinitions(src platform.Source) (config.Problems, error) {
	var service, task config.Problems
	var err error
	if t.app.ServiceFile != "" {
		if service, err = read(src, t.app.ServiceFile, &t.service, serviceNotes(), t.service.check, t.settleTargetGroups); err != nil {
			return nil, err
		}
	}
	if t.app.TaskFile != "" {
		task, err = read(src, t.app.TaskFile, &t.task, taskNotes(), func(r *config.Report) {
			checkTask(&t.task, t.app, r)
			t.checkAlone(r)
		})
	}
	return slices.Concat(service, task), err
}

// Versions returns the images of the task definition, the first container's first.
func (o *Opener) Versions(taskFile string, src platform.Source) ([]model.ArtifactVersion, error) {
	var task awsecs.RegisterTaskDefinitionInput
	problems, err := read(src, taskFile, &task, taskNotes())
	if err == nil {
		err = problems.Err()
	}
	if err != nil {
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

// read reads a definition. What is wrong with the file is among the problems;
// the error says that it could not be read now.
func read(src platform.Source, file string, into any, notes map[string]string, checks ...func(*config.Report)) (config.Problems, error) {
	data, err := src.ReadFile(file)
	switch model.CodeOf(err) {
	case "":
		return config.DecodeDefinition(file, data, into, notes, checks...), nil
	case model.CodeInvalid, model.CodeNotFound:
		return config.Problems{{File: file, Severity: config.SeverityError, Message: "cannot be read: " + err.Error()}}, nil
	default:
		return nil, err
	}
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
	LoadBalancers            []types.LoadBalancer
	ServiceRegistries        []types.ServiceRegistry
	CapacityProviderStrategy []types.CapacityProviderStrategyItem
}

func (d *serviceDefinition) cluster() string {
	if d.ClusterArn != "" {
		return d.ClusterArn
	}
	return d.Cluster
}

// role is the role the file names, in either spelling of descriptions and
// requests.
func (d *serviceDefinition) role() string {
	if d.RoleArn != "" {
		return d.RoleArn
	}
	return d.Role
}

func (d *serviceDefinition) check(r *config.Report) {
	if d.ServiceName == "" {
		r.Errorf("serviceName", "is required")
	}
	if d.DeploymentController == nil || d.DeploymentController.Type != types.DeploymentControllerTypeExternal {
		r.Errorf("deploymentController.type", "expected EXTERNAL").Hint = "only a service under the EXTERNAL controller can have a canary beside the primary; " +
			"the controller of a service cannot be changed: deploy under a new serviceName, move the requests there, and delete the old service"
	}
	if d.DesiredCount != nil && *d.DesiredCount < 0 {
		r.Errorf("desiredCount", "expected 0 or more, found %d", *d.DesiredCount)
	}
	if d.LaunchType != "" && len(d.CapacityProviderStrategy) > 0 {
		r.Errorf("launchType", "excludes capacityProviderStrategy").Hint = "remove one of the two"
	}
	if d.SchedulingStrategy == types.SchedulingStrategyDaemon {
		r.Errorf("schedulingStrategy", "expected REPLICA").Hint = "the EXTERNAL controller does not support DAEMON"
	}
}

func checkTask(task *awsecs.RegisterTaskDefinitionInput, app platform.Application, r *config.Report) {
	if aws.ToString(task.Family) == "" {
		r.Errorf("family", "is required")
	}
	if len(task.ContainerDefinitions) == 0 {
		r.Errorf("containerDefinitions", "expected at least one container")
		return
	}
	primary, canary := app.TargetGroups.Primary, app.TargetGroups.Canary
	if primary != nil {
		checkContainer(task.ContainerDefinitions, primary, r)
	}
	same := primary != nil && canary != nil && primary.ContainerName == canary.ContainerName && primary.ContainerPort == canary.ContainerPort
	if canary != nil && !same {
		checkContainer(task.ContainerDefinitions, canary, r)
	}
}

// checkContainer checks that the container behind a target group is there and
// opens the port.
func checkContainer(containers []types.ContainerDefinition, g *platform.TargetGroup, r *config.Report) {
	if g.ContainerName == "" || g.ContainerPort == 0 {
		return // the application's file is told so
	}
	i := slices.IndexFunc(containers, func(c types.ContainerDefinition) bool { return aws.ToString(c.Name) == g.ContainerName })
	if i < 0 {
		r.Errorf("containerDefinitions", "expected container %s, which input.targetGroups names, found none", g.ContainerName)
		return
	}
	opens := func(p types.PortMapping) bool { return int(aws.ToInt32(p.ContainerPort)) == g.ContainerPort }
	if !slices.ContainsFunc(containers[i].PortMappings, opens) {
		r.Errorf(fmt.Sprintf("containerDefinitions[%d].portMappings", i),
			"expected container %s with the port %d that input.targetGroups names, found none", g.ContainerName, g.ContainerPort)
	}
}
