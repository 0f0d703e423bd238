package ecs_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func tag(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

func TestTaskDefinitionComesBackWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := definitionInput("v1", map[string]string{"A": "b"})
	in.Cpu, in.Memory = aws.String(".25 vCPU"), aws.String("0.5 GB")
	in.TaskRoleArn = aws.String("arn:aws:iam::123456789012:role/shop")
	in.Tags = []types.Tag{tag("step", "register")}
	in.Volumes = []types.Volume{{Name: aws.String("data")}}
	c := &in.ContainerDefinitions[0]
	c.Command = []string{"serve", "--fast"}
	c.LinuxParameters = &types.LinuxParameters{InitProcessEnabled: aws.Bool(true)}
	c.DockerLabels = map[string]string{"team": "xyz"}
	c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(5)}
	must[*awsecs.RegisterTaskDefinitionOutput](b)(b.client.RegisterTaskDefinition(t.Context(), in))

	out := must[*awsecs.DescribeTaskDefinitionOutput](b)(b.client.DescribeTaskDefinition(t.Context(), &awsecs.DescribeTaskDefinitionInput{
		TaskDefinition: aws.String("shop"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	}))
	got := out.TaskDefinition
	if *got.TaskDefinitionArn != "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/shop:1" || got.Revision != 1 || *got.Cpu != "256" || *got.Memory != "512" {
		t.Errorf("%s revision %d cpu %s memory %s", *got.TaskDefinitionArn, got.Revision, *got.Cpu, *got.Memory)
	}
	ignore := []cmp.Option{cmpopts.IgnoreUnexported(types.ContainerDefinition{}, types.LinuxParameters{}, types.HealthCheck{}, types.PortMapping{}, types.KeyValuePair{}, types.Tag{}), cmpopts.EquateEmpty()}
	want := in.ContainerDefinitions[0]
	want.Essential = aws.Bool(true)
	want.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(80), Protocol: types.TransportProtocolTcp}}
	if diff := cmp.Diff(want, got.ContainerDefinitions[0], ignore...); diff != "" {
		t.Errorf("container (-sent +got):\n%s", diff)
	}
	if diff := cmp.Diff(in.Tags, out.Tags, ignore...); diff != "" {
		t.Errorf("tags (-sent +got):\n%s", diff)
	}
	plain := must[*awsecs.DescribeTaskDefinitionOutput](b)(b.client.DescribeTaskDefinition(t.Context(), &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("shop:1")}))
	if len(plain.Tags) != 0 {
		t.Errorf("tags %v without asking", plain.Tags)
	}
}

func TestListTaskDefinitions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all []string
	for i := range 12 {
		all = append([]string{b.register(fmt.Sprintf("v%d", i), nil)}, all...)
	}
	other := definitionInput("v1", nil)
	other.Family = aws.String("shop-worker")
	must[*awsecs.RegisterTaskDefinitionOutput](b)(b.client.RegisterTaskDefinition(t.Context(), other))
	must[*awsecs.DeregisterTaskDefinitionOutput](b)(b.client.DeregisterTaskDefinition(t.Context(), &awsecs.DeregisterTaskDefinitionInput{TaskDefinition: &all[0]}))

	list := func(status types.TaskDefinitionStatus) []string {
		pages := awsecs.NewListTaskDefinitionsPaginator(b.client, &awsecs.ListTaskDefinitionsInput{
			FamilyPrefix: aws.String("shop"), Status: status, Sort: types.SortOrderDesc, MaxResults: aws.Int32(5),
		})
		var arns []string
		for pages.HasMorePages() {
			arns = append(arns, must[*awsecs.ListTaskDefinitionsOutput](b)(pages.NextPage(t.Context())).TaskDefinitionArns...)
		}
		return arns
	}
	if diff := cmp.Diff(all[1:], list("")); diff != "" {
		t.Errorf("active, newest first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all[:1], list(types.TaskDefinitionStatusInactive)); diff != "" {
		t.Errorf("inactive (-want +got):\n%s", diff)
	}
	families := must[*awsecs.ListTaskDefinitionFamiliesOutput](b)(b.client.ListTaskDefinitionFamilies(t.Context(), &awsecs.ListTaskDefinitionFamiliesInput{FamilyPrefix: aws.String("shop")}))
	if diff := cmp.Diff([]string{"shop", "shop-worker"}, families.Families); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
	latest := must[*awsecs.DescribeTaskDefinitionOutput](b)(b.client.DescribeTaskDefinition(t.Context(), &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("shop")}))
	if *latest.TaskDefinition.TaskDefinitionArn != all[1] {
		t.Errorf("the family alone is %s, want the newest active %s", *latest.TaskDefinition.TaskDefinitionArn, all[1])
	}
}

func TestClustersAndServices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register("v1", nil)
	b.service(0)
	clusters := must[*awsecs.ListClustersOutput](b)(b.client.ListClusters(t.Context(), &awsecs.ListClustersInput{}))
	if len(clusters.ClusterArns) != 2 {
		t.Errorf("clusters %v, want two", clusters.ClusterArns)
	}
	out := must[*awsecs.DescribeClustersOutput](b)(b.client.DescribeClusters(t.Context(), &awsecs.DescribeClustersInput{
		Clusters: []string{clusters.ClusterArns[0], "nope"}, Include: []types.ClusterField{types.ClusterFieldTags},
	}))
	if len(out.Clusters) != 1 || out.Clusters[0].ActiveServicesCount != 1 || len(out.Clusters[0].Tags) != 1 {
		t.Errorf("clusters %+v", out.Clusters)
	}
	if len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
		t.Errorf("failures %+v, want MISSING", out.Failures)
	}
	services := must[*awsecs.ListServicesOutput](b)(b.client.ListServices(t.Context(), &awsecs.ListServicesInput{Cluster: aws.String("prod")}))
	described := must[*awsecs.DescribeServicesOutput](b)(b.client.DescribeServices(t.Context(), &awsecs.DescribeServicesInput{
		Cluster: aws.String("prod"), Services: append(services.ServiceArns, "nope"),
	}))
	if len(described.Services) != 1 || len(described.Failures) != 1 || *described.Failures[0].Reason != "MISSING" {
		t.Errorf("services %d failures %+v", len(described.Services), described.Failures)
	}
	if arn := *described.Services[0].ServiceArn; arn != "arn:aws:ecs:ap-northeast-1:123456789012:service/prod/shop" {
		t.Errorf("service ARN %s", arn)
	}
}

func TestTagging(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(0)
	set := b.taskSet(def, 100)
	setARN := *b.sets(set)[0].TaskSetArn
	for _, arn := range []string{*b.describe().ServiceArn, setARN, def, "arn:aws:ecs:ap-northeast-1:123456789012:cluster/metal"} {
		must[*awsecs.TagResourceOutput](b)(b.client.TagResource(t.Context(), &awsecs.TagResourceInput{
			ResourceArn: &arn, Tags: []types.Tag{tag("a", "1"), tag("b", "2")},
		}))
		must[*awsecs.TagResourceOutput](b)(b.client.TagResource(t.Context(), &awsecs.TagResourceInput{
			ResourceArn: &arn, Tags: []types.Tag{tag("a", "3")},
		}))
		must[*awsecs.UntagResourceOutput](b)(b.client.UntagResource(t.Context(), &awsecs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"b", "c"}}))
		out := must[*awsecs.ListTagsForResourceOutput](b)(b.client.ListTagsForResource(t.Context(), &awsecs.ListTagsForResourceInput{ResourceArn: &arn}))
		if len(out.Tags) != 1 || *out.Tags[0].Key != "a" || *out.Tags[0].Value != "3" {
			t.Errorf("%s: tags %v, want a=3", arn, out.Tags)
		}
	}
	missing := "arn:aws:ecs:ap-northeast-1:123456789012:service/prod/nope"
	_, err := b.client.ListTagsForResource(t.Context(), &awsecs.ListTagsForResourceInput{ResourceArn: &missing})
	wantError(t, err, "ServiceNotFoundException", "")
}

func TestTagsArePropagatedToTasks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", map[string]string{"FAULT": "errors"})
	in := serviceInput(1)
	in.PropagateTags, in.EnableECSManagedTags, in.Tags = types.PropagateTagsService, true, []types.Tag{tag("team", "xyz")}
	must[*awsecs.CreateServiceOutput](b)(b.client.CreateService(t.Context(), in))
	id := b.taskSet(def, 100)
	b.steady(id)
	running := b.tasks(id, types.DesiredStatusRunning)[0]
	out := must[*awsecs.DescribeTasksOutput](b)(b.client.DescribeTasks(t.Context(), &awsecs.DescribeTasksInput{
		Cluster: aws.String("prod"), Tasks: []string{*running.TaskArn, "nope"}, Include: []types.TaskField{types.TaskFieldTags},
	}))
	got := map[string]string{}
	for _, tag := range out.Tasks[0].Tags {
		got[*tag.Key] = *tag.Value
	}
	want := map[string]string{"team": "xyz", "aws:ecs:clusterName": "prod", "aws:ecs:serviceName": "shop"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if len(running.Tags) != 0 || len(out.Failures) != 1 {
		t.Errorf("tags %v without asking, failures %v", running.Tags, out.Failures)
	}
	if fault := b.groups.registered()[0].Fault; fault != "errors" {
		t.Errorf("the target's fault is %q, want errors", fault)
	}
	eni := map[string]string{}
	for _, detail := range running.Attachments[0].Details {
		eni[*detail.Name] = *detail.Value
	}
	if eni["privateIPv4Address"] != b.groups.registered()[0].ID || eni["subnetId"] != "subnet-1" {
		t.Errorf("network interface %v does not have the target's address", eni)
	}
}

func TestListTasksFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(3)
	b.steady(b.taskSet(def, 100))
	for name, test := range map[string]struct {
		in   awsecs.ListTasksInput
		want int
	}{
		"all":           {awsecs.ListTasksInput{}, 3},
		"service":       {awsecs.ListTasksInput{ServiceName: aws.String("shop")}, 3},
		"service ARN":   {awsecs.ListTasksInput{ServiceName: b.describe().ServiceArn}, 3},
		"family":        {awsecs.ListTasksInput{Family: aws.String("shop")}, 3},
		"other family":  {awsecs.ListTasksInput{Family: aws.String("sho")}, 0},
		"stopped":       {awsecs.ListTasksInput{DesiredStatus: types.DesiredStatusStopped}, 0},
		"EC2":           {awsecs.ListTasksInput{LaunchType: types.LaunchTypeEc2}, 0},
		"other starter": {awsecs.ListTasksInput{StartedBy: aws.String("me")}, 0},
		"small pages":   {awsecs.ListTasksInput{MaxResults: aws.Int32(2)}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.in.Cluster = aws.String("prod")
			pages := awsecs.NewListTasksPaginator(b.client, &test.in)
			n := 0
			for pages.HasMorePages() {
				out, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				n += len(out.TaskArns)
			}
			if n != test.want {
				t.Errorf("%d tasks, want %d", n, test.want)
			}
		})
	}
	_, err := b.client.ListTasks(t.Context(), &awsecs.ListTasksInput{Cluster: aws.String("prod"), ServiceName: aws.String("nope")})
	wantError(t, err, "ServiceNotFoundException", "")
}
