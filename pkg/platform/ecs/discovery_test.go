package ecs_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

const registry = "arn:aws:servicediscovery:ap-northeast-1:123456789012:service/srv-1"

// discovered makes the application one that is found by name.
func (w *world) discovered() {
	w.app = func(a *platform.Application) { a.TargetGroups, a.ServiceDiscovery = platform.TargetGroups{}, true }
	w.file = serviceFile + "serviceRegistries: [{registryArn: \"" + registry + "\"}]\n"
}

// unbalanced makes it one that takes no requests.
func (w *world) unbalanced() {
	w.app = func(a *platform.Application) { a.TargetGroups = platform.TargetGroups{} }
}

// tasksOnly is a canary without routing.
func tasksOnly() []stageSpec {
	return []stageSpec{
		{model.StageECSCanaryRollout, &config.CanaryRolloutOptions{Scale: 50}}, baselineRollout(), verdict(),
		{model.StageECSPrimaryRollout, &config.PrimaryRolloutOptions{}}, {model.StageECSCanaryClean, &config.CanaryCleanOptions{}},
	}
}

// TestKilledAnywhereWithoutALoadBalancer: what holds behind a load balancer holds
// without one, too.
func TestKilledAnywhereWithoutALoadBalancer(t *testing.T) {
	for name, kind := range map[string]func(*world){"service discovery": (*world).discovered, "no load balancer": (*world).unbalanced} {
		for _, fail := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s fail=%t", name, fail), func(t *testing.T) {
				virtually(t, nil, func(t *testing.T, w *world) {
					kind(w)
					killAnywhere(t, w, tasksOnly(), fail, false, "- - - - - -")
				})
			})
		}
	}
}

// aws is a client beside the agent's.
func (w *world) aws() *awsecs.Client {
	return awsecs.New(awsecs.Options{
		Region: "ap-northeast-1", BaseEndpoint: aws.String("http://aws.test"), HTTPClient: &http.Client{Transport: direct{w.cloud.Handler()}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

// sets are the service's task sets as AWS shows them.
func (w *world) sets() []types.TaskSet {
	w.t.Helper()
	out, err := w.aws().DescribeTaskSets(w.t.Context(), &awsecs.DescribeTaskSetsInput{Cluster: aws.String("prod"), Service: aws.String("shop")})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.TaskSets
}

// during calls look in the place of an analysis.
type during struct {
	verdictStage
	look func()
}

func (d during) Run(ctx context.Context, run *stage.Run) (stage.Outcome, error) {
	d.look()
	return d.verdictStage.Run(ctx, run)
}

// TestSetsAreRegisteredForDiscovery: every set goes into the registry, that of a
// rebuilt version too.
func TestSetsAreRegisteredForDiscovery(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		w.discovered()
		registered := func(want int) {
			sets := w.sets()
			for _, s := range sets {
				if len(s.LoadBalancers) > 0 || len(s.ServiceRegistries) != 1 || *s.ServiceRegistries[0].RegistryArn != registry {
					t.Errorf("task set %s has load balancers %v and registries %v", *s.TaskSetArn, s.LoadBalancers, s.ServiceRegistries)
				}
			}
			if len(sets) != want {
				t.Errorf("%d task sets, want %d", len(sets), want)
			}
		}
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		registered(1)
		w.deployment("d2", shop("v2", ""), tasksOnly()...).mustRun(during{look: func() { registered(3) }}, model.DeploymentSuccess)
		w.deployment("d3", shop("v3", ""), append(quickSync(), verdict())...).mustRun(verdictStage{fail: true}, model.DeploymentFailure)
		registered(1)
	})
}

func TestDiscoveryNeedsARegistry(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		source := shop("v1", "")
		source["servicedef.yaml"] += "loadBalancers: [{targetGroupArn: a, containerName: web, containerPort: 80}]\n"
		_, err := w.opener.Open(t.Context(), platform.Application{ServiceFile: "servicedef.yaml", TaskFile: "taskdef.yaml", ServiceDiscovery: true}, source)
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "serviceRegistries: is required with input.accessType") ||
			!strings.Contains(err.Error(), "loadBalancers: excludes input.accessType") {
			t.Errorf("got %v", err)
		}
	})
}
