package simtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/metric"
	"pipecd/pkg/simcloud/task"
)

const (
	region      = "ap-northeast-1"
	clusterName = "prod"
	serviceName = "shop"
	otherName   = "billing"

	datadogKey    = "0123456789abcdef0123456789abcdef"
	datadogAppKey = "0123456789abcdef0123456789abcdef01234567"
)

// buildCloud makes the cloud without sockets.
func (w *world) buildCloud() {
	w.watch = newWatch(w)
	w.tasks = newTasks(w.fateOf, func(what string) {
		w.watch.hurt()
		w.schedule.note("task", what)
	})
	check := elb.HealthCheck{Path: "/healthz", Interval: 5 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 2}
	group := func(name string) elb.TargetGroup {
		return elb.TargetGroup{Name: name, HealthCheck: check, DeregistrationDelay: 10 * time.Second}
	}
	cloud, err := simcloud.New(simcloud.Config{
		Region: region, Clusters: []simecs.Cluster{{Name: clusterName}},
		Timing:        simecs.Timing{TaskStart: w.scenario.TaskStart, TaskStop: 2 * time.Second, SteadyCheck: 5 * time.Second, RestartBackoff: 2 * time.Second},
		TargetGroups:  []elb.TargetGroup{group("blue"), group("green"), group("other")},
		LoadBalancers: []elb.LoadBalancer{{Name: "public", Listeners: w.scenario.listeners()}},
		Metrics:       metric.Config{Resolution: 10 * time.Second},
		DatadogAPIKey: datadogKey, DatadogApplicationKey: datadogAppKey,
		Runner: w.tasks, Listen: w.listen, Transport: w.tasks, Watch: w.watch.moment,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.cloud, w.handler = cloud, cloud.Handler()
	w.watch.of(cloud)
	if err := cloud.ELB.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.hands = newHands(w)
}

// listen opens a listener to which nobody comes: what would happen to requests
// is watched at every change instead.
func (w *world) listen(context.Context, string, string) (net.Listener, error) {
	return deaf{closed: make(chan struct{})}, nil
}

type deaf struct{ closed chan struct{} }

// Accept implements net.Listener.
func (d deaf) Accept() (net.Conn, error) {
	<-d.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (d deaf) Close() error {
	close(d.closed)
	return nil
}

// Addr implements net.Listener.
func (d deaf) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// fateOf says what becomes of the nth task that starts after the state before is
// complete.
func (w *world) fateOf(_ task.Spec, nth int) fate {
	if lot, ok := w.scenario.Fates[nth]; ok && w.watch.begun() {
		return lot
	}
	return fate{}
}

// hands are people, and other programs, with access to the cloud: what they do
// is right, and not ours.
type hands struct {
	world *world
	ecs   *awsecs.Client
	elb   *awselb.Client
}

func newHands(w *world) hands {
	carrier := &wires{actor: "hands", cloud: w.handler, dead: func() bool { return false }, past: map[string]answer{}}
	cfg := aws.Config{
		Region: region, HTTPClient: &http.Client{Transport: carrier}, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAHANDS", SecretAccessKey: "secret"}, nil
		}),
	}
	return hands{world: w, ecs: awsecs.NewFromConfig(cfg), elb: awselb.NewFromConfig(cfg)}
}

// must ends the scenario when people's calls fail: they are meant to work.
func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Errorf("the scenario's own call failed: %w", err))
	}
	return v
}

// register registers a definition of a version as it stands in Git.
func (h hands) register(family, version string, tags ...types.Tag) string {
	out := must(h.ecs.RegisterTaskDefinition(h.world.ctx, &awsecs.RegisterTaskDefinitionInput{
		Family: aws.String(family), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, Tags: tags,
		ExecutionRoleArn: aws.String("arn:aws:iam::123456789012:role/execution"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("example.com/shop:" + version), Cpu: 100, Memory: aws.Int32(100),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}},
		}},
	}))
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn)
}

// service creates a service under the external controller.
func (h hands) service(name string, tags ...types.Tag) {
	must(h.ecs.CreateService(h.world.ctx, &awsecs.CreateServiceInput{
		Cluster: aws.String(clusterName), ServiceName: aws.String(name), DesiredCount: aws.Int32(desired), Tags: tags,
		DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeExternal},
		SchedulingStrategy:   types.SchedulingStrategyReplica, EnableECSManagedTags: true, PropagateTags: types.PropagateTagsService,
	}))
}

// set starts a set.
func (h hands) set(service, definition, group string, scale float64, tags ...types.Tag) string {
	return aws.ToString(must(h.ecs.CreateTaskSet(h.world.ctx, h.setInput(service, definition, group, scale, tags...))).TaskSet.TaskSetArn)
}

func (h hands) setInput(service, definition, group string, scale float64, tags ...types.Tag) *awsecs.CreateTaskSetInput {
	in := &awsecs.CreateTaskSetInput{
		Cluster: aws.String(clusterName), Service: aws.String(service), TaskDefinition: aws.String(definition), Tags: tags,
		LaunchType: types.LaunchTypeFargate, Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: scale},
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			AssignPublicIp: types.AssignPublicIpEnabled, SecurityGroups: []string{"sg-1"}, Subnets: []string{"subnet-1"},
		}},
	}
	if group != "" {
		in.LoadBalancers = []types.LoadBalancer{{
			TargetGroupArn: aws.String(h.world.cloud.ELB.TargetGroupARN(group)), ContainerName: aws.String("web"), ContainerPort: aws.Int32(80),
		}}
	}
	return in
}

// promote makes the set the service's primary one.
func (h hands) promote(service, set string) {
	must(h.ecs.UpdateServicePrimaryTaskSet(h.world.ctx, &awsecs.UpdateServicePrimaryTaskSetInput{
		Cluster: aws.String(clusterName), Service: aws.String(service), PrimaryTaskSet: aws.String(set),
	}))
}

func tagOf(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

// tagsBefore are those that an earlier deployment of the application left.
func tagsBefore(role string) []types.Tag {
	return []types.Tag{
		tagOf("pipecd-dev-managed-by", "piped"), tagOf("pipecd-dev-piped", pipedID), tagOf("pipecd-dev-application", appID),
		tagOf("pipecd-dev-commit-hash", "earlier"), tagOf("pipecd-dev-deployment", earlierDeployment), tagOf("pipecd-dev-step", "sync-set"),
		tagOf("pipecd-dev-role", role),
	}
}
