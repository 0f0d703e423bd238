package simcloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"pipecd/pkg/simcloud"
)

const (
	ecsNamespace = types.ServiceNamespaceEcs
	ecsCount     = types.ScalableDimensionECSServiceDesiredCount
)

func register(resource string, bounds ...int32) *scaling.RegisterScalableTargetInput {
	in := &scaling.RegisterScalableTargetInput{ServiceNamespace: ecsNamespace, ScalableDimension: ecsCount, ResourceId: aws.String(resource)}
	if len(bounds) == 2 {
		in.MinCapacity, in.MaxCapacity = aws.Int32(bounds[0]), aws.Int32(bounds[1])
	}
	return in
}

func (b *bundle) desired() int32 {
	b.t.Helper()
	out := must[*ecs.DescribeServicesOutput](b)(b.ecs.DescribeServices(b.t.Context(), &ecs.DescribeServicesInput{
		Cluster: aws.String("prod"), Services: []string{"shop"},
	}))
	return out.Services[0].DesiredCount
}

func TestScalableTargetsOnTheWire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service(1)
	client := scaling.NewFromConfig(b.aws)
	made := must[*scaling.RegisterScalableTargetOutput](b)(client.RegisterScalableTarget(t.Context(), register("service/prod/shop", 2, 6)))
	if n := b.desired(); n != 2 {
		t.Errorf("the count is %d after registering; AWS brings it into the range at once", n)
	}
	out := must[*scaling.DescribeScalableTargetsOutput](b)(client.DescribeScalableTargets(t.Context(), &scaling.DescribeScalableTargetsInput{
		ServiceNamespace: ecsNamespace, ScalableDimension: ecsCount, ResourceIds: []string{"service/prod/shop", "service/prod/other"},
	}))
	if len(out.ScalableTargets) != 1 {
		t.Fatalf("got %d targets", len(out.ScalableTargets))
	}
	got := out.ScalableTargets[0]
	if *got.ScalableTargetARN != *made.ScalableTargetARN || *got.MinCapacity != 2 || *got.MaxCapacity != 6 || got.CreationTime.IsZero() || *got.ResourceId != "service/prod/shop" {
		t.Errorf("got %+v", got)
	}
	only := register("service/prod/shop")
	only.MinCapacity = aws.Int32(4)
	must[*scaling.RegisterScalableTargetOutput](b)(client.RegisterScalableTarget(t.Context(), only))
	if n := b.desired(); n != 4 {
		t.Errorf("the count is %d after the minimum was raised", n)
	}
	must[*ecs.UpdateServiceOutput](b)(b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), DesiredCount: aws.Int32(1),
	}))
	if n := b.desired(); n != 1 {
		t.Errorf("the count is %d; UpdateService may go below the minimum", n)
	}
	gone := &scaling.DeregisterScalableTargetInput{ServiceNamespace: ecsNamespace, ScalableDimension: ecsCount, ResourceId: aws.String("service/prod/shop")}
	must[*scaling.DeregisterScalableTargetOutput](b)(client.DeregisterScalableTarget(t.Context(), gone))
	if _, err := client.DeregisterScalableTarget(t.Context(), gone); code(err) != "ObjectNotFoundException" {
		t.Errorf("deregistering twice: %v", err)
	}
}

func TestScalableTargetsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *simcloud.Config) {
		c.Denials = []simcloud.Denial{{AccessKeyID: "AKIATEST", Action: "application-autoscaling:DeregisterScalableTarget"}}
	})
	b.service(1)
	client := scaling.NewFromConfig(b.aws)
	for name, tt := range map[string]struct {
		in   *scaling.RegisterScalableTargetInput
		code string
	}{
		"no such service":    {register("service/prod/other", 1, 2), "ValidationException"},
		"new without bounds": {register("service/prod/shop"), "ValidationException"},
		"minimum above":      {register("service/prod/shop", 3, 2), "ValidationException"},
		"negative":           {register("service/prod/shop", -1, 2), "ValidationException"},
		"no service's id":    {register("table/shop", 1, 2), "ValidationException"},
		"too many parts":     {register("service/prod/shop/more", 1, 2), "ValidationException"},
	} {
		if _, err := client.RegisterScalableTarget(t.Context(), tt.in); code(err) != tt.code {
			t.Errorf("%s: %v, want %s", name, err, tt.code)
		}
	}
	_, err := client.DescribeScalableTargets(t.Context(), &scaling.DescribeScalableTargetsInput{ServiceNamespace: ecsNamespace, ScalableDimension: ecsCount})
	if code(err) != "ValidationException" {
		t.Errorf("a dimension without a resource id: %v", err)
	}
	_, err = client.DescribeScalableTargets(t.Context(), &scaling.DescribeScalableTargetsInput{ServiceNamespace: ecsNamespace, NextToken: aws.String("x")})
	if code(err) != "InvalidNextTokenException" {
		t.Errorf("a made-up token: %v", err)
	}
	_, err = client.DeregisterScalableTarget(t.Context(), &scaling.DeregisterScalableTargetInput{
		ServiceNamespace: ecsNamespace, ScalableDimension: ecsCount, ResourceId: aws.String("service/prod/shop"),
	})
	if code(err) != "AccessDeniedException" {
		t.Errorf("denied: %v", err)
	}
	_, err = client.DescribeScalingPolicies(t.Context(), &scaling.DescribeScalingPoliciesInput{ServiceNamespace: ecsNamespace})
	if code(err) != "UnknownOperationException" {
		t.Errorf("not simulated: %v", err)
	}
}
