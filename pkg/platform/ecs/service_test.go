package ecs_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
	"pipecd/pkg/simcloud"
)

// with returns the application's files with a line of the service definition
// replaced.
func (f files) with(pairs ...string) files {
	out := files{"taskdef.yaml": f["taskdef.yaml"]}
	out["servicedef.yaml"] = strings.NewReplacer(pairs...).Replace(f["servicedef.yaml"])
	return out
}

// autoscale registers the service with Application Auto Scaling.
func (w *world) autoscale(minimum, maximum int32) {
	w.t.Helper()
	client := scaling.New(scaling.Options{
		Region: "ap-northeast-1", BaseEndpoint: aws.String("http://aws.test"), HTTPClient: &http.Client{Transport: direct{w.cloud.Handler()}},
		Credentials: someoneElse{},
	})
	_, err := client.RegisterScalableTarget(w.t.Context(), &scaling.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceId: aws.String("service/prod/shop"), MinCapacity: &minimum, MaxCapacity: &maximum,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) count() int {
	w.t.Helper()
	n, ok := w.cloud.ECS.DesiredCount("prod", "shop")
	if !ok {
		w.t.Fatal("the service is gone")
	}
	return n
}

func number(calls []simcloud.Call, operation string) int {
	n := 0
	for _, c := range calls {
		if c.Operation == operation {
			n++
		}
	}
	return n
}

func TestDesiredCountIsItsOwners(t *testing.T) {
	denied := func(c *simcloud.Config) {
		c.Denials = []simcloud.Denial{{AccessKeyID: "AKIAEXAMPLE", Action: "application-autoscaling:DescribeScalableTargets"}}
	}
	for name, tt := range map[string]struct {
		cloud        func(*simcloud.Config)
		bounds       []int32 // of the autoscaling target; none without one
		desired      string  // the line in the second deployment's file
		want, asked  int
		words        string // in the log
		countChanges int    // calls of UpdateService
	}{
		"nobody's":          {nil, nil, "desiredCount: 4", 4, 1, "", 1},
		"not in the file":   {nil, []int32{3, 6}, "", 3, 0, "", 0},
		"the same":          {nil, []int32{1, 6}, "desiredCount: 2", 2, 0, "", 0},
		"an autoscaler's":   {nil, []int32{3, 6}, "desiredCount: 2", 3, 1, "belongs to an autoscaling target (3 to 6 tasks): its 3 is kept and desiredCount 2 is not applied", 0},
		"not to be known":   {denied, []int32{3, 6}, "desiredCount: 2", 3, 1, "application-autoscaling:DescribeScalableTargets", 0},
		"nobody knows, too": {denied, nil, "desiredCount: 4", 2, 1, "It is left at 2", 0},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, tt.cloud, func(t *testing.T, w *world) {
				t.Helper()
				w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
				if tt.bounds != nil {
					w.autoscale(tt.bounds[0], tt.bounds[1])
				}
				d := w.deployment("d2", shop("v2", "").with("desiredCount: 2", tt.desired), quickSync()...)
				preflight, calls := d.counted(model.DeploymentSuccess)
				calls = append(preflight, calls...)
				if n := w.count(); n != tt.want {
					t.Errorf("the desired count is %d, want %d\n%s", n, tt.want, d.log())
				}
				if n := number(calls, "DescribeScalableTargets"); n != tt.asked {
					t.Errorf("Application Auto Scaling was asked %d times, want %d", n, tt.asked)
				}
				if n := number(calls, "UpdateService"); n != tt.countChanges {
					t.Errorf("the service was changed %d times, want %d", n, tt.countChanges)
				}
				if !strings.Contains(d.log(), tt.words) {
					t.Errorf("the log does not say %q:\n%s", tt.words, d.log())
				}
			})
		})
	}
}

// scaledAway fails after an autoscaler changed the count.
type scaledAway struct {
	w     *world
	count int
}

func (s scaledAway) Run(context.Context, *stage.Run) (stage.Outcome, error) {
	s.w.cloud.ECS.SetDesiredCount("prod", "shop", s.count)
	return stage.Outcome{Failed: true, Reason: "as the test says"}, nil
}

func TestRollbackLeavesTheAutoscalersCount(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		w.autoscale(3, 6)
		d := w.deployment("d2", shop("v2", "").with("desiredCount: 2", "desiredCount: 5"), canaryPipeline(stageSpec{model.StageAnalysis, &config.AnalysisOptions{}})...)
		d.mustRun(scaledAway{w, 5}, model.DeploymentFailure) // 5 looks as if the deployment had set it
		if n := w.count(); n != 5 {
			t.Errorf("the desired count is %d, want the autoscaler's 5\n%s", n, d.log())
		}
		if said, ok := d.d.Stage(model.StageIDRollback).Metadata[model.MetadataNothingChanged]; ok {
			t.Errorf("the rollback undid something, and says that nothing was changed: %s", said)
		}
	})
}

func TestFieldsThatCannotChangeAreToldTogether(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		w.deployment("d1", shop("v1", ""), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		before := len(w.cloud.Calls())
		d := w.deployment("d2", shop("v2", "").with(
			"minimumHealthyPercent: 0", "minimumHealthyPercent: 50, deploymentCircuitBreaker: {enable: false, rollback: false}",
			"launchType: FARGATE", "launchType: FARGATE\nrole: ecsServiceRole\navailabilityZoneRebalancing: ENABLED",
		), quickSync()...)
		d.mustRun(nil, model.DeploymentFailure)
		for _, want := range []string{
			"3 things are in the way",
			"deploymentConfiguration.minimumHealthyPercent is 0 on the live service and 50 in the file",
			"AWSServiceRoleForECS on the live service and ecsServiceRole in the file",
			"availabilityZoneRebalancing is DISABLED on the live service and ENABLED in the file",
		} {
			if !strings.Contains(d.log(), want) {
				t.Errorf("the report does not say %q:\n%s", want, d.log())
			}
		}
		for _, c := range w.cloud.Calls()[before:] {
			if !strings.HasPrefix(c.Operation, "Describe") {
				t.Errorf("%s was called although the checks failed", c.Operation)
			}
		}
		if undone := d.d.Stage(model.StageIDRollback); undone.Metadata[model.MetadataNothingChanged] != "true" {
			t.Errorf("the rollback does not say that it had nothing to undo: %v", undone.Metadata)
		}
		same := shop("v2", "").with("minimumHealthyPercent: 0", "minimumHealthyPercent: 0, deploymentCircuitBreaker: {enable: false, rollback: false}",
			"launchType: FARGATE", "launchType: FARGATE\nrole: AWSServiceRoleForECS\navailabilityZoneRebalancing: DISABLED")
		w.deployment("d3", same, quickSync()...).mustRun(nil, model.DeploymentSuccess)
	})
}

// balancer is loadBalancers of a service definition.
func balancer(arn, rest string) string {
	return "launchType: FARGATE\nloadBalancers: [{targetGroupArn: \"" + arn + "\", " + rest + "}]"
}

func TestLoadBalancersMustAgreeWithTheTargetGroups(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		blue, green := w.cloud.ELB.TargetGroupARN("blue"), w.cloud.ELB.TargetGroupARN("green")
		groups := platform.TargetGroups{
			Primary: &platform.TargetGroup{ARN: blue, ContainerName: "web", ContainerPort: 80},
			Canary:  &platform.TargetGroup{ARN: green, ContainerName: "web", ContainerPort: 80},
		}
		for name, tt := range map[string]struct {
			line   string
			groups platform.TargetGroups
			want   []string // in the error; none: it is fine
		}{
			"the primary's":     {balancer(blue, "containerName: web, containerPort: 80"), groups, nil},
			"only the group":    {"launchType: FARGATE\nloadBalancers: [{targetGroupArn: \"" + blue + "\"}]", groups, nil},
			"empty":             {"launchType: FARGATE\nloadBalancers: []", groups, nil},
			"the canary's":      {balancer(green, "containerName: web"), groups, []string{"servicedef.yaml:", "loadBalancers[0].targetGroupArn", green, blue}},
			"another container": {balancer(blue, "containerName: app, containerPort: 81"), groups, []string{"containerName: is app", "containerPort: is 81"}},
			"two": {
				"launchType: FARGATE\nloadBalancers: [{targetGroupArn: a}, {targetGroupArn: b}]", groups, []string{"at most one entry, found 2"},
			},
			"a classic one":     {"launchType: FARGATE\nloadBalancers: [{loadBalancerName: old, containerName: web, containerPort: 80}]", groups, []string{"targetGroupArn"}},
			"adopted":           {balancer(blue, "containerName: web, containerPort: 80"), platform.TargetGroups{}, nil},
			"adopted, no port":  {balancer(blue, "containerName: web"), platform.TargetGroups{}, []string{"expected containerName and containerPort"}},
			"adopted, unknown":  {balancer(blue, "containerName: app, containerPort: 80"), platform.TargetGroups{}, []string{"expected container app"}},
			"compute set twice": {"launchType: FARGATE\ncapacityProviderStrategy: [{capacityProvider: FARGATE_SPOT}]", groups, []string{"excludes capacityProviderStrategy"}},
		} {
			_, err := w.opener.Open(t.Context(), platform.Application{
				ServiceFile: "servicedef.yaml", TaskFile: "taskdef.yaml", TargetGroups: tt.groups,
			}, shop("v1", "").with("launchType: FARGATE", tt.line))
			if (err == nil) != (tt.want == nil) {
				t.Errorf("%s: %v", name, err)
			}
			for _, want := range tt.want {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: the error does not say %q: %v", name, want, err)
				}
			}
		}
	})
}

func TestServiceFilesTargetGroupIsUsedWhereTheApplicationNamesNone(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		blue := w.cloud.ELB.TargetGroupARN("blue")
		for _, version := range []string{"v1", "v2"} {
			source := shop(version, "").with("launchType: FARGATE", balancer(blue, "containerName: web, containerPort: 80"))
			d := w.deployment("d-"+version, source, quickSync()...)
			d.change = func(app *platform.Application) { app.TargetGroups = platform.TargetGroups{} }
			d.mustRun(nil, model.DeploymentSuccess)
			if !strings.Contains(d.log(), "names the target group of the primary task set") {
				t.Errorf("the log does not say whose target group is used:\n%s", d.log())
			}
			sets := w.observe().Sets
			if len(sets) != 1 || sets[0].Group != blue || !sets[0].Primary {
				t.Errorf("after %s: %+v", version, sets)
			}
		}
	})
}

func TestReportNamesEveryMissingThing(t *testing.T) {
	virtually(t, nil, func(t *testing.T, w *world) {
		t.Helper()
		d := w.deployment("d1", shop("v1", "").with("cluster/prod", "cluster/gone"), quickSync()...)
		d.mustRun(nil, model.DeploymentFailure)
		if !strings.Contains(d.log(), "cluster/gone does not exist in this account and region") {
			t.Errorf("the report does not name the cluster:\n%s", d.log())
		}
		if calls := w.cloud.Calls(); slices.ContainsFunc(calls, func(c simcloud.Call) bool {
			return !strings.HasPrefix(c.Operation, "Describe") && c.Operation != "GetRole"
		}) {
			t.Error("something was changed although the checks failed")
		}
	})
}
