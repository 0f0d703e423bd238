package simtest

import (
	"fmt"
	"strings"
	"time"

	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/elb"
)

const (
	desired           = 2 // tasks of the service
	earlierDeployment = "33333333-3333-4333-8333-333333333333"
)

// shape is a kind of pipeline.
type shape string

// The shapes.
const (
	quickSync        shape = "quick sync"
	canary           shape = "canary"
	steps            shape = "canary in steps"
	analysis         shape = "canary with analysis"
	approval         shape = "canary with approval"
	blueGreen        shape = "blue green"
	late             shape = "canary with a wait after the promotion"
	glance           shape = "canary that gets requests for a moment"
	hasty            shape = "canary cleaned while it gets requests" // must fail
	unbalanced       shape = "quick sync without load balancer"
	unbalancedCanary shape = "canary without load balancer"
)

// before is the state of the cluster before the deployment.
type before string

// The states before.
const (
	nothing    before = "nothing"
	foreign    before = "a service of other hands"
	ours       before = "an earlier version of ours"
	stranger   before = "an earlier version of ours and a set of other hands"
	leftCanary before = "a canary that an earlier deployment left"
	leftShare  before = "a canary that an earlier deployment left with requests"
)

// scenario is what is drawn from a seed.
type scenario struct {
	Seed      uint64
	Shape     shape
	Before    before
	Release   string        // how the new version misbehaves: "", errors, unhealthy, crash, missing
	Cancel    time.Duration // after so long a person cancels; 0: nobody does
	TaskStart time.Duration
	Weather   weather
	Kills     []point
	Crash     *stop        // nil: none
	Fates     map[int]fate // by the nth task that starts
	Rules     int          // how the load balancer is set up
	PlaneAway absence
	GitAway   absence
	Isolated  absence       // of the first agent from the control plane, and from nothing else
	Stalled   bool          // what it sends meanwhile arrives afterwards
	Twin      time.Duration // after so long a second agent with the same id is started; 0: none
	Meddling  meddling      // of other hands; without a kind: none
	Strike    time.Duration // after so long a running task dies; 0: none
}

func (s scenario) String() string {
	return fmt.Sprintf("%s over %s, release %q, cancel %s, task start %s, weather %d, kills %v, crash %v, fates %v, rules %d, plane away %v, Git away %v, isolated %v, stalled %v, twin %s, strike %s, meddling %v",
		s.Shape, s.Before, s.Release, s.Cancel, s.TaskStart, s.Weather, s.Kills, s.Crash, s.Fates, s.Rules, s.PlaneAway, s.GitAway, s.Isolated, s.Stalled, s.Twin, s.Strike, s.Meddling)
}

func (s scenario) balanced() bool { return s.Shape != unbalanced && s.Shape != unbalancedCanary }

// unserved reports whether a group got requests and had nobody before the
// deployment: a service that does not exist yet.
func (s scenario) unserved(r elb.Route, cloud *simcloud.Cloud) bool {
	return s.Before == nothing && r.Group == cloud.ELB.TargetGroupARN("blue") || !s.balanced()
}

// listeners is how the load balancer is set up.
func (s scenario) listeners() []elb.Listener {
	forward := func(shares ...elb.Weighted) []elb.Action { return []elb.Action{{Forward: shares}} }
	blue, green := elb.Weighted{TargetGroup: "blue", Weight: 100}, elb.Weighted{TargetGroup: "green"}
	if s.Before == leftShare {
		blue.Weight, green.Weight = 80, 20
	}
	other := elb.Rule{Priority: 5, Hosts: []string{"billing.example.com"}, Actions: forward(elb.Weighted{TargetGroup: "other", Weight: 1})}
	switch {
	case s.Rules == 1 && s.Before != leftShare && s.Before != leftCanary: // the default action forwards to the primary only
		return []elb.Listener{{Port: 80, DefaultActions: forward(blue), Rules: []elb.Rule{other}}}
	case s.Rules == 2: // two listeners, and a rule for a path
		path := elb.Rule{Priority: 10, Paths: []string{"/shop/*"}, Actions: forward(blue, green)}
		return []elb.Listener{
			{Port: 80, DefaultActions: forward(blue, green), Rules: []elb.Rule{other, path}},
			{Port: 8080, DefaultActions: forward(blue, green)},
		}
	default:
		return []elb.Listener{{Port: 80, DefaultActions: forward(blue, green), Rules: []elb.Rule{other}}}
	}
}

// files is the application's directory for a version.
func (w *world) files(version, fault string) map[string]string {
	return map[string]string{
		"shop/app.pipecd.yaml": w.appFile(), "shop/servicedef.yaml": serviceFile, "shop/taskdef.yaml": taskFile(version, fault),
	}
}

// newVersion is the application's directory at the commit to deploy.
func (w *world) newVersion() map[string]string {
	if w.scenario.Release == "missing" {
		return w.files("missing", "")
	}
	return w.files("v2", w.scenario.Release)
}

const serviceFile = `cluster: prod
serviceName: shop
desiredCount: 2
schedulingStrategy: REPLICA
deploymentController: {type: EXTERNAL}
enableECSManagedTags: true
propagateTags: SERVICE
launchType: FARGATE
networkConfiguration:
  awsvpcConfiguration: {assignPublicIp: ENABLED, securityGroups: [sg-1], subnets: [subnet-1]}
`

func taskFile(version, fault string) string {
	environment := ""
	if fault != "" {
		environment = fmt.Sprintf("\n    environment: [{name: FAULT, value: %s}]", fault)
	}
	return fmt.Sprintf(`family: shop
executionRoleArn: arn:aws:iam::123456789012:role/execution
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
cpu: 256
memory: 512
containerDefinitions:
  - name: web
    image: example.com/shop:%s
    cpu: 100
    memory: 100
    portMappings: [{containerPort: 80}]%s
`, version, environment)
}

func (w *world) appFile() string {
	var b strings.Builder
	b.WriteString(`apiVersion: pipecd.dev/v1beta1
kind: ECSApp
spec:
  name: shop
  planner: {alwaysUsePipeline: true}
  input:
    serviceDefinitionFile: servicedef.yaml
    taskDefinitionFile: taskdef.yaml
`)
	if w.scenario.balanced() {
		fmt.Fprintf(&b, "    targetGroups:\n      primary: {targetGroupArn: %q, containerName: web, containerPort: 80}\n      canary: {targetGroupArn: %q, containerName: web, containerPort: 80}\n",
			w.cloud.ELB.TargetGroupARN("blue"), w.cloud.ELB.TargetGroupARN("green"))
	}
	if text := w.pipeline(); text != "" {
		b.WriteString("  pipeline:\n    stages:\n" + lines(text, "      ") + "\n")
	}
	return b.String()
}

func (w *world) pipeline() string {
	const (
		begin = "- {name: ECS_CANARY_ROLLOUT, with: {scale: 50}}\n- {name: ECS_TRAFFIC_ROUTING, with: {canary: 20}}\n"
		end   = "- {name: ECS_PRIMARY_ROLLOUT}\n- {name: ECS_TRAFFIC_ROUTING, with: {primary: 100}}\n- {name: ECS_CANARY_CLEAN}\n"
	)
	switch w.scenario.Shape {
	case canary:
		return begin + end
	case steps:
		return begin + "- {name: WAIT, with: {duration: 20s}}\n- {name: ECS_TRAFFIC_ROUTING, with: {canary: 50}}\n- {name: WAIT, with: {duration: 20s}}\n" + end
	case analysis:
		return begin + fmt.Sprintf(`- name: ANALYSIS
  with:
    duration: 1m
    metrics:
      - strategy: THRESHOLD
        provider: datadog
        interval: 20s
        expected: {max: 10}
        query: "100 * default_zero(sum:aws.applicationelb.httpcode_target_5xx{%[1]s}.as_count()) / sum:aws.applicationelb.request_count{%[1]s}.as_count()"
`, groupTag(w.cloud.ELB.TargetGroupARN("green"))) + end
	case approval:
		return begin + "- {name: WAIT_APPROVAL}\n" + end
	case blueGreen:
		return "- {name: ECS_CANARY_ROLLOUT, with: {scale: 100}}\n- {name: ECS_TRAFFIC_ROUTING, with: {canary: 100}}\n- {name: WAIT, with: {duration: 20s}}\n" + end
	case glance:
		return begin + "- {name: ECS_TRAFFIC_ROUTING, with: {primary: 100}}\n- {name: ECS_CANARY_CLEAN}\n- {name: ECS_PRIMARY_ROLLOUT}\n"
	case hasty:
		return begin + "- {name: ECS_CANARY_CLEAN}\n- {name: ECS_PRIMARY_ROLLOUT}\n- {name: ECS_TRAFFIC_ROUTING, with: {primary: 100}}\n"
	case late:
		return begin + "- {name: ECS_PRIMARY_ROLLOUT}\n- {name: WAIT, with: {duration: 1m}}\n- {name: ECS_TRAFFIC_ROUTING, with: {primary: 100}}\n- {name: ECS_CANARY_CLEAN}\n"
	case unbalancedCanary:
		return "- {name: ECS_CANARY_ROLLOUT, with: {scale: 50}}\n- {name: WAIT, with: {duration: 20s}}\n- {name: ECS_PRIMARY_ROLLOUT}\n- {name: ECS_CANARY_CLEAN}\n"
	default:
		return ""
	}
}

// groupTag is a target group as Datadog's AWS integration tags it.
func groupTag(arn string) string {
	_, name, _ := strings.Cut(arn, "targetgroup/")
	return "targetgroup:targetgroup/" + name
}

// short is the readable part of an ARN.
func short(arn string) string {
	return arn[strings.LastIndex(arn, ":")+1:]
}
