package ecs_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/target"
	"pipecd/pkg/simcloud/task"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	blue     = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/blue/1111111111111111"
	detached = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/detached/2222222222222222"
)

// groups is a load balancer whose health and draining the test decides.
type groups struct {
	mu      sync.Mutex
	state   string // of every target
	hold    bool   // draining waits for release
	targets map[target.Target]bool
	held    []chan struct{}
}

func newGroups() *groups { return &groups{state: "healthy", targets: map[target.Target]bool{}} }

func (g *groups) Lookup(arn string) (exists, attached bool) {
	return arn == blue || arn == detached, arn == blue
}

func (g *groups) Register(_ string, t target.Target) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.targets[t] = true
	return nil
}

func (g *groups) Deregister(_ string, t target.Target) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.targets, t)
	gone := make(chan struct{})
	if g.hold {
		g.held = append(g.held, gone)
	} else {
		close(gone)
	}
	return gone
}

func (g *groups) Health(_ string, t target.Target) (state, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.targets[t] {
		return "unused", "Target.NotRegistered"
	}
	return g.state, ""
}

func (g *groups) set(state string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = state
}

func (g *groups) holdDraining() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = true
}

func (g *groups) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hold = false
	for _, gone := range g.held {
		close(gone)
	}
	g.held = nil
}

func (g *groups) registered() []target.Target {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []target.Target
	for t := range g.targets {
		list = append(list, t)
	}
	return list
}

// bundle is a fresh world for one test.
type bundle struct {
	t      *testing.T
	sim    *ecs.Simulator
	groups *groups
	client *awsecs.Client
	url    string
	http   *http.Client
}

func setup(t *testing.T, change ...func(*ecs.Config)) *bundle {
	t.Helper()
	b := &bundle{t: t, groups: newGroups(), http: &http.Client{Transport: &http.Transport{}}}
	log := slog.New(slog.DiscardHandler)
	cfg := ecs.Config{
		Account: "123456789012", Region: "ap-northeast-1",
		Clusters: []ecs.Cluster{{Name: "prod", Tags: map[string]string{"env": "prd"}}, {Name: "metal", ContainerInstances: 2}},
		Timing:   ecs.Timing{SteadyCheck: 5 * time.Millisecond, RestartBackoff: time.Millisecond},
		Runner:   task.NewServers(log), Groups: b.groups, Log: log,
	}
	for _, f := range change {
		f(&cfg)
	}
	sim, err := ecs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	b.sim, b.url = sim, server.URL
	b.client = awsecs.New(awsecs.Options{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(server.URL), HTTPClient: b.http, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, nil
		}),
	})
	t.Cleanup(func() {
		sim.Close()
		b.http.CloseIdleConnections()
		server.Close()
	})
	return b
}

// until waits for a condition by looking after every change.
func (b *bundle) until(what string, holds func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	for {
		changed := b.sim.Changed()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			b.t.Fatalf("never came true: %s", what)
		}
	}
}

// raw posts a body that the SDK would not send and returns status and error type.
func (b *bundle) raw(operation, body string) (int, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", ecs.TargetPrefix+operation)
	response, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		b.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("X-Amzn-Errortype")
}

func must[T any](b *bundle) func(T, error) T {
	return func(v T, err error) T {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
		return v
	}
}

// wantError checks the error type and that the message has a text in it.
func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("error %v, want %s", err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("error %s: %s, want %s with %q", api.ErrorCode(), api.ErrorMessage(), code, text)
	}
}

func definitionInput(tag string, env map[string]string) *awsecs.RegisterTaskDefinitionInput {
	c := types.ContainerDefinition{
		Name: aws.String("web"), Image: aws.String("registry:5000/shop/web:" + tag),
		PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}},
	}
	for name, value := range env {
		c.Environment = append(c.Environment, types.KeyValuePair{Name: aws.String(name), Value: aws.String(value)})
	}
	return &awsecs.RegisterTaskDefinitionInput{
		Family: aws.String("shop"), ContainerDefinitions: []types.ContainerDefinition{c},
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		NetworkMode:             types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
	}
}

// register registers a task definition and returns its ARN.
func (b *bundle) register(tag string, env map[string]string) string {
	b.t.Helper()
	out := must[*awsecs.RegisterTaskDefinitionOutput](b)(b.client.RegisterTaskDefinition(b.t.Context(), definitionInput(tag, env)))
	return *out.TaskDefinition.TaskDefinitionArn
}

func serviceInput(desired int32) *awsecs.CreateServiceInput {
	return &awsecs.CreateServiceInput{
		Cluster: aws.String("prod"), ServiceName: aws.String("shop"), DesiredCount: aws.Int32(desired),
		DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeExternal},
	}
}

// service creates the service.
func (b *bundle) service(desired int32) {
	b.t.Helper()
	must[*awsecs.CreateServiceOutput](b)(b.client.CreateService(b.t.Context(), serviceInput(desired)))
}

func setInput(definition string, scale float64) *awsecs.CreateTaskSetInput {
	return &awsecs.CreateTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskDefinition: aws.String(definition),
		LaunchType: types.LaunchTypeFargate, Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: scale},
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
		LoadBalancers: []types.LoadBalancer{{
			TargetGroupArn: aws.String(blue), ContainerName: aws.String("web"), ContainerPort: aws.Int32(80),
		}},
	}
}

// taskSet creates a task set and returns its id.
func (b *bundle) taskSet(definition string, scale float64) string {
	b.t.Helper()
	out := must[*awsecs.CreateTaskSetOutput](b)(b.client.CreateTaskSet(b.t.Context(), setInput(definition, scale)))
	return *out.TaskSet.Id
}

// sets describes the task sets of the service.
func (b *bundle) sets(ids ...string) []types.TaskSet {
	b.t.Helper()
	out := must[*awsecs.DescribeTaskSetsOutput](b)(b.client.DescribeTaskSets(b.t.Context(), &awsecs.DescribeTaskSetsInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSets: ids,
	}))
	return out.TaskSets
}

// steady waits for a task set to be steady.
func (b *bundle) steady(id string) {
	b.t.Helper()
	b.until(id+" is steady", func() bool {
		sets := b.sets(id)
		return len(sets) == 1 && sets[0].StabilityStatus == types.StabilityStatusSteadyState
	})
}

// tasks describes the tasks of a set with a desired status.
func (b *bundle) tasks(set string, desired types.DesiredStatus) []types.Task {
	b.t.Helper()
	list := must[*awsecs.ListTasksOutput](b)(b.client.ListTasks(b.t.Context(), &awsecs.ListTasksInput{
		Cluster: aws.String("prod"), StartedBy: aws.String(set), DesiredStatus: desired,
	}))
	if len(list.TaskArns) == 0 {
		return nil
	}
	out := must[*awsecs.DescribeTasksOutput](b)(b.client.DescribeTasks(b.t.Context(), &awsecs.DescribeTasksInput{
		Cluster: aws.String("prod"), Tasks: list.TaskArns,
	}))
	return out.Tasks
}

// describe describes the service.
func (b *bundle) describe() types.Service {
	b.t.Helper()
	out := must[*awsecs.DescribeServicesOutput](b)(b.client.DescribeServices(b.t.Context(), &awsecs.DescribeServicesInput{
		Cluster: aws.String("prod"), Services: []string{"shop"},
	}))
	if len(out.Services) != 1 {
		b.t.Fatalf("%d services, failures %v", len(out.Services), out.Failures)
	}
	return out.Services[0]
}

// eventsHave reports whether an event of the service has a text in it.
func (b *bundle) eventsHave(text string) bool {
	b.t.Helper()
	for _, e := range b.describe().Events {
		if e.Id == nil || e.CreatedAt == nil {
			b.t.Errorf("event without id or time: %+v", e)
		}
		if strings.Contains(aws.ToString(e.Message), text) {
			return true
		}
	}
	return false
}
