package simcloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a fresh cloud with clients of its own.
type bundle struct {
	t     *testing.T
	cloud *simcloud.Cloud
	url   string
	http  *http.Client
	aws   aws.Config
	ecs   *ecs.Client
	elb   *elasticloadbalancingv2.Client
	sts   *sts.Client
}

func world() simcloud.Config {
	check := elb.HealthCheck{Path: "/healthz", Interval: 5 * time.Millisecond, HealthyThreshold: 1, UnhealthyThreshold: 1}
	return simcloud.Config{
		Clusters: []simecs.Cluster{{Name: "prod"}},
		Timing:   simecs.Timing{SteadyCheck: 5 * time.Millisecond},
		TargetGroups: []elb.TargetGroup{
			{Name: "blue", HealthCheck: check, DeregistrationDelay: time.Millisecond},
			{Name: "green", HealthCheck: check, DeregistrationDelay: time.Millisecond},
		},
		LoadBalancers: []elb.LoadBalancer{{Name: "shop", Listeners: []elb.Listener{{
			DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: 100}, {TargetGroup: "green"}}}},
		}}}},
		DatadogAPIKey: "api", DatadogApplicationKey: "app",
	}
}

func setup(t *testing.T, change ...func(*simcloud.Config)) *bundle {
	t.Helper()
	cfg := world()
	for _, f := range change {
		f(&cfg)
	}
	cloud, err := simcloud.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(cloud.Handler())
	b := &bundle{t: t, cloud: cloud, url: server.URL, http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		if err := cloud.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		b.http.CloseIdleConnections()
		server.Close()
	})
	b.aws = aws.Config{
		Region: "ap-northeast-1", BaseEndpoint: aws.String(server.URL), HTTPClient: b.http, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, nil
		}),
	}
	b.ecs, b.elb, b.sts = ecs.NewFromConfig(b.aws), elasticloadbalancingv2.NewFromConfig(b.aws), sts.NewFromConfig(b.aws)
	return b
}

// get fetches a path and returns status, header and body.
func (b *bundle) get(url string, header map[string]string) (int, http.Header, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(body)
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

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// release makes a task set of a version in a target group and waits for it.
func (b *bundle) release(version, group string, env ...ecstypes.KeyValuePair) string {
	b.t.Helper()
	def := must[*ecs.RegisterTaskDefinitionOutput](b)(b.ecs.RegisterTaskDefinition(b.t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("shop"), NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("shop:" + version), Environment: env,
			PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(80)}},
		}},
	}))
	set := must[*ecs.CreateTaskSetOutput](b)(b.ecs.CreateTaskSet(b.t.Context(), &ecs.CreateTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskDefinition: def.TaskDefinition.TaskDefinitionArn,
		LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: &ecstypes.NetworkConfiguration{
			AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}},
		},
		LoadBalancers: []ecstypes.LoadBalancer{{
			TargetGroupArn: aws.String(b.cloud.ELB.TargetGroupARN(group)), ContainerName: aws.String("web"), ContainerPort: aws.Int32(80),
		}},
	}))
	b.until(version+" is steady", func() bool {
		out := must[*ecs.DescribeTaskSetsOutput](b)(b.ecs.DescribeTaskSets(b.t.Context(), &ecs.DescribeTaskSetsInput{
			Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSets: []string{*set.TaskSet.Id},
		}))
		return out.TaskSets[0].StabilityStatus == ecstypes.StabilityStatusSteadyState
	})
	return *set.TaskSet.Id
}

func (b *bundle) service(desired int32) {
	b.t.Helper()
	must[*ecs.CreateServiceOutput](b)(b.ecs.CreateService(b.t.Context(), &ecs.CreateServiceInput{
		Cluster: aws.String("prod"), ServiceName: aws.String("shop"), DesiredCount: aws.Int32(desired),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeExternal},
	}))
}

// until waits for a condition by looking after every change of the services.
func (b *bundle) until(what string, holds func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	for {
		changed := b.cloud.ECS.Changed()
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
