package config

import (
	"regexp"
	"strings"

	"pipecd/pkg/model"
)

// ECSInput is what is deployed.
type ECSInput struct {
	// ServiceDefinitionFile is the service's file, relative to the application's
	// directory. Empty means a standalone task.
	ServiceDefinitionFile string `yaml:"serviceDefinitionFile,omitempty"`
	// TaskDefinitionFile is the task definition's file. Defaults to taskdef.json.
	TaskDefinitionFile string `yaml:"taskDefinitionFile,omitempty"`
	// TargetGroups are where the load balancer sends requests.
	TargetGroups TargetGroups `yaml:"targetGroups,omitempty"`
	// AutoRollback restores the running version when a deployment fails. Defaults
	// to true.
	AutoRollback bool `yaml:"autoRollback"`
	// KeepPrevious is how long the version that a deployment replaced is kept, in
	// the canary's target group at its full size and without requests: going back is
	// a change of weights first. The next deployment removes it, too. Defaults to not
	// at all.
	KeepPrevious Duration `yaml:"keepPrevious,omitempty"`
	// AccessType is how requests reach the service. Defaults to ELB.
	AccessType AccessType `yaml:"accessType,omitempty"`

	// The fields below are for standalone tasks only.

	ClusterARN        string         `yaml:"clusterArn,omitempty"`
	LaunchType        string         `yaml:"launchType,omitempty"` // defaults to FARGATE
	AWSVPC            *AWSVPCNetwork `yaml:"awsvpcConfiguration,omitempty"`
	RunStandaloneTask bool           `yaml:"runStandaloneTask"` // defaults to true; false only registers the task definition
}

// AWSVPCNetwork is a standalone task's network.
type AWSVPCNetwork struct {
	Subnets        []string `yaml:"subnets,omitempty"`
	AssignPublicIP string   `yaml:"assignPublicIp,omitempty"` // ENABLED or DISABLED
	SecurityGroups []string `yaml:"securityGroups,omitempty"`
}

// AccessType is how requests reach a service.
type AccessType string

// The access types.
const (
	AccessELB              AccessType = "ELB"
	AccessServiceDiscovery AccessType = "SERVICE_DISCOVERY"
)

func (AccessType) allowed() []string {
	return []string{string(AccessELB), string(AccessServiceDiscovery)}
}

// TargetGroups are the target groups of the two variants; nil when not given.
type TargetGroups struct {
	Primary *TargetGroup `yaml:"primary,omitempty"`
	Canary  *TargetGroup `yaml:"canary,omitempty"`
}

// TargetGroup ties a container's port to a target group.
type TargetGroup struct {
	TargetGroupARN   string `yaml:"targetGroupArn" config:"required"`
	ContainerName    string `yaml:"containerName" config:"required"`
	ContainerPort    int    `yaml:"containerPort" config:"required"`
	LoadBalancerName string `yaml:"loadBalancerName,omitempty"`
}

func (i *ECSInput) setDefaults() { i.AutoRollback, i.RunStandaloneTask = true, true }

// IsStandaloneTask reports whether a task is run instead of a service.
func (i *ECSInput) IsStandaloneTask() bool { return i.ServiceDefinitionFile == "" }

func (i *ECSInput) finish(d *document, path string) {
	stringDefault(&i.TaskDefinitionFile, "taskdef.json")
	stringDefault(&i.LaunchType, "FARGATE")
	stringDefault(&i.AccessType, AccessELB)
	i.checkKind(d, path)
	if i.KeepPrevious > 0 && i.TargetGroups.Canary == nil {
		d.Errorf(path+".keepPrevious", "needs targetGroups.canary, in which the previous version is kept, found none")
	}
	groups := path + ".targetGroups"
	i.TargetGroups.Primary.finish(d, groups+".primary")
	i.TargetGroups.Canary.finish(d, groups+".canary")
	primary, canary := i.TargetGroups.Primary, i.TargetGroups.Canary
	if i.AccessType == AccessServiceDiscovery && (primary != nil || canary != nil) {
		d.Warnf(groups, "the target groups are not used, because accessType is SERVICE_DISCOVERY").hintf("remove one of the two")
	}
	if primary == nil && canary != nil {
		d.Errorf(groups+".primary", "is required when there is a canary")
	}
	if primary != nil && canary != nil && primary.TargetGroupARN == canary.TargetGroupARN && primary.TargetGroupARN != "" {
		d.Errorf(groups+".canary.targetGroupArn", "expected another target group than that of primary, found the same")
	}
}

// checkKind checks that the file says either what a service needs or what a
// standalone task does.
func (i *ECSInput) checkKind(d *document, path string) {
	file := path + ".serviceDefinitionFile"
	given := ""
	for _, name := range []string{"clusterArn", "launchType", "awsvpcConfiguration", "runStandaloneTask"} {
		if at := path + "." + name; d.has(at) {
			given = name
			if !i.IsStandaloneTask() {
				d.Warnf(at, "the field is for a standalone task only, and is not used with a service definition")
			}
		}
	}
	switch {
	case !i.IsStandaloneTask():
	case d.has(path+".targetGroups") || d.has(path+".accessType"):
		d.Errorf(file, "is required with targetGroups and accessType: a standalone task gets no requests").
			hintf("name the file of the service definition, or remove them")
	case given == "":
		d.Warnf(file, "without it the application is a standalone task: every deployment runs it once").
			hintf("name the file of the service definition, or write runStandaloneTask: true if that is meant")
	}
	if n := i.AWSVPC; n != nil && n.AssignPublicIP != "" && n.AssignPublicIP != "ENABLED" && n.AssignPublicIP != "DISABLED" {
		d.Errorf(path+".awsvpcConfiguration.assignPublicIp", "expected ENABLED or DISABLED, found %s", quote(n.AssignPublicIP))
	}
}

var targetGroupARN = regexp.MustCompile(`^arn:[a-z0-9-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/[^/\s]+/[^/\s]+$`)

func (g *TargetGroup) finish(d *document, path string) {
	if g == nil {
		return
	}
	at := path + ".targetGroupArn"
	switch arn := g.TargetGroupARN; {
	case arn == "", targetGroupARN.MatchString(arn):
	case strings.ContainsAny(arn, "*<"):
		d.Warnf(at, "%s is a placeholder; nothing can be deployed with it", quote(arn)).hintf("write the ARN of the target group")
	default:
		d.Errorf(at, "expected the ARN of a target group, found %s", quote(arn)).
			hintf("it looks like arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name>/<id>")
	}
	const maxPort = 65535
	if g.ContainerPort < 0 || g.ContainerPort > maxPort {
		d.Errorf(path+".containerPort", "expected a port from 1 to %d, found %d", maxPort, g.ContainerPort)
	}
}

// checkStandalone refuses the stages that only a service has.
func (a *ECSApp) checkStandalone(d *document) {
	for i, s := range a.Pipeline.Stages {
		if strings.HasPrefix(string(s.Name), "ECS_") && s.Name != model.StageECSSync {
			d.Errorf(indexPath("spec.pipeline.stages", i)+".name", "%s needs a service, and without spec.input.serviceDefinitionFile the application is a standalone task", s.Name).
				hintf("use ECS_SYNC, which runs the task to its end")
		}
	}
}

// checkTargetGroups checks that the stages have the target groups they need. A
// service without a load balancer needs none for a canary, which then gets
// requests, if any, by the number of its tasks.
func (a *ECSApp) checkTargetGroups(d *document) {
	if a.Input.IsStandaloneTask() {
		a.checkStandalone(d)
		return
	}
	groups := a.Input.TargetGroups
	balanced := groups.Primary != nil || groups.Canary != nil
	for i, s := range a.Pipeline.Stages {
		var missing string
		routes := s.Name == model.StageECSTrafficRouting
		switch {
		case !routes && s.Name != model.StageECSCanaryRollout:
		case routes && a.Input.AccessType == AccessServiceDiscovery:
			d.Errorf(indexPath("spec.pipeline.stages", i)+".name", "%s needs a load balancer, and accessType is SERVICE_DISCOVERY", s.Name).
				hintf("remove the stage: with service discovery a canary gets requests by the number of its tasks, so its scale is its share")
		case a.Input.AccessType == AccessServiceDiscovery, !routes && !balanced:
		case groups.Canary == nil:
			missing = "canary"
		case groups.Primary == nil:
			missing = "primary"
		}
		if missing != "" {
			d.Errorf(indexPath("spec.pipeline.stages", i)+".name",
				"%s needs spec.input.targetGroups.%s, found none", s.Name, missing)
		}
	}
}
