package ecs_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const badParameter = "InvalidParameterException"

func TestCreateServiceRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := map[string]struct {
		change     func(*awsecs.CreateServiceInput)
		code, text string
	}{
		"task definition":       {func(in *awsecs.CreateServiceInput) { in.TaskDefinition = aws.String("shop") }, badParameter, "TaskDefinition must be blank"},
		"empty task definition": {func(in *awsecs.CreateServiceInput) { in.TaskDefinition = aws.String("") }, badParameter, "Family should not be null or empty"},
		"load balancers": {func(in *awsecs.CreateServiceInput) {
			in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: aws.String(blue)}}
		}, badParameter, "LoadBalancers must be empty or null"},
		"launch type": {func(in *awsecs.CreateServiceInput) { in.LaunchType = types.LaunchTypeFargate }, badParameter, "LaunchType"},
		"network": {func(in *awsecs.CreateServiceInput) {
			in.NetworkConfiguration = setInput("", 1).NetworkConfiguration
		}, badParameter, "NetworkConfiguration"},
		"platform version": {func(in *awsecs.CreateServiceInput) { in.PlatformVersion = aws.String("LATEST") }, badParameter, "PlatformVersion"},
		"capacity providers": {func(in *awsecs.CreateServiceInput) {
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE")}}
		}, badParameter, "CapacityProviderStrategy"},
		"service registries": {func(in *awsecs.CreateServiceInput) {
			in.ServiceRegistries = []types.ServiceRegistry{{RegistryArn: aws.String("arn")}}
		}, badParameter, "ServiceRegistries"},
		"role":             {func(in *awsecs.CreateServiceInput) { in.Role = aws.String("ecsRole") }, badParameter, "Role"},
		"daemon":           {func(in *awsecs.CreateServiceInput) { in.SchedulingStrategy = types.SchedulingStrategyDaemon }, badParameter, "DAEMON"},
		"no desired count": {func(in *awsecs.CreateServiceInput) { in.DesiredCount, in.DeploymentController = nil, nil }, badParameter, "Desired count"},
		"negative count":   {func(in *awsecs.CreateServiceInput) { in.DesiredCount = aws.Int32(-1) }, badParameter, "negative"},
		"name":             {func(in *awsecs.CreateServiceInput) { in.ServiceName = aws.String("a b") }, badParameter, "Invalid service name"},
		"controller":       {func(in *awsecs.CreateServiceInput) { in.DeploymentController.Type = "MAGIC" }, badParameter, "MAGIC"},
		"ECS controller":   {func(in *awsecs.CreateServiceInput) { in.DeploymentController = nil }, badParameter, "TaskDefinition can not be blank"},
		"long token": {func(in *awsecs.CreateServiceInput) {
			in.ClientToken = aws.String("0123456789012345678901234567890123456")
		}, badParameter, "36"},
		"token with spaces": {func(in *awsecs.CreateServiceInput) { in.ClientToken = aws.String("a b") }, badParameter, "clientToken"},
		"reserved tag": {func(in *awsecs.CreateServiceInput) {
			in.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}
		}, badParameter, "reserved"},
		"cluster":         {func(in *awsecs.CreateServiceInput) { in.Cluster = aws.String("nope") }, "ClusterNotFoundException", ""},
		"default cluster": {func(in *awsecs.CreateServiceInput) { in.Cluster = nil }, "ClusterNotFoundException", ""},
		"foreign account": {func(in *awsecs.CreateServiceInput) {
			in.Cluster = aws.String("arn:aws:ecs:ap-northeast-1:999999999999:cluster/prod")
		}, badParameter, "999999999999"},
		"foreign region": {func(in *awsecs.CreateServiceInput) {
			in.Cluster = aws.String("arn:aws:ecs:us-east-1:123456789012:cluster/prod")
		}, badParameter, "us-east-1"},
		"ARN of no cluster": {func(in *awsecs.CreateServiceInput) {
			in.Cluster = aws.String("arn:aws:ecs:ap-northeast-1:123456789012:service/prod/x")
		}, badParameter, "service/prod/x"},
		"ARN of no ECS": {func(in *awsecs.CreateServiceInput) { in.Cluster = aws.String("arn:aws:s3:::bucket") }, badParameter, "not an ECS ARN"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := serviceInput(1)
			test.change(in)
			_, err := b.client.CreateService(t.Context(), in)
			wantError(t, err, test.code, test.text)
		})
	}
}

func TestCreateServiceAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service(2)
	b.service(2) // the same parameters: idempotent
	_, err := b.client.CreateService(t.Context(), serviceInput(3))
	wantError(t, err, badParameter, "not idempotent")
	in := serviceInput(2)
	in.ServiceName, in.ClientToken = aws.String("other"), aws.String("token")
	must[*awsecs.CreateServiceOutput](b)(b.client.CreateService(t.Context(), in))
	in.ServiceName = aws.String("another")
	_, err = b.client.CreateService(t.Context(), in)
	wantError(t, err, badParameter, "not idempotent")
}

func TestUpdateServiceRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service(1)
	tests := map[string]func(*awsecs.UpdateServiceInput){
		"taskDefinition":       func(in *awsecs.UpdateServiceInput) { in.TaskDefinition = aws.String("shop") },
		"networkConfiguration": func(in *awsecs.UpdateServiceInput) { in.NetworkConfiguration = setInput("", 1).NetworkConfiguration },
		"platformVersion":      func(in *awsecs.UpdateServiceInput) { in.PlatformVersion = aws.String("1.4.0") },
		"loadBalancers":        func(in *awsecs.UpdateServiceInput) { in.LoadBalancers = []types.LoadBalancer{} },
		"serviceRegistries":    func(in *awsecs.UpdateServiceInput) { in.ServiceRegistries = []types.ServiceRegistry{} },
		"capacityProviderStrategy": func(in *awsecs.UpdateServiceInput) {
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{}
		},
		"deploymentConfiguration": func(in *awsecs.UpdateServiceInput) { in.DeploymentConfiguration = &types.DeploymentConfiguration{} },
		"forceNewDeployment":      func(in *awsecs.UpdateServiceInput) { in.ForceNewDeployment = true },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &awsecs.UpdateServiceInput{Cluster: aws.String("prod"), Service: aws.String("shop")}
			change(in)
			_, err := b.client.UpdateService(t.Context(), in)
			wantError(t, err, badParameter, name)
		})
	}
	out := must[*awsecs.UpdateServiceOutput](b)(b.client.UpdateService(t.Context(), &awsecs.UpdateServiceInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"),
		HealthCheckGracePeriodSeconds: aws.Int32(60), EnableECSManagedTags: aws.Bool(true), EnableExecuteCommand: aws.Bool(true),
		PropagateTags:     types.PropagateTagsService,
		PlacementStrategy: []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}},
	}))
	s := out.Service
	if *s.HealthCheckGracePeriodSeconds != 60 || !s.EnableECSManagedTags || !s.EnableExecuteCommand || s.PropagateTags != types.PropagateTagsService || len(s.PlacementStrategy) != 1 {
		t.Errorf("what EXTERNAL services take was not taken: %+v", s)
	}
	_, err := b.client.UpdateService(t.Context(), &awsecs.UpdateServiceInput{Cluster: aws.String("prod"), Service: aws.String("nope")})
	wantError(t, err, "ServiceNotFoundException", "")
	_, err = b.client.UpdateService(t.Context(), &awsecs.UpdateServiceInput{Cluster: aws.String("prod"), Service: aws.String("arn:aws:ecs:ap-northeast-1:123456789012:service/metal/shop")})
	wantError(t, err, badParameter, "metal")
}

func TestCreateTaskSetRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(1)
	bridge := definitionInput("v1", nil)
	bridge.Family, bridge.NetworkMode, bridge.RequiresCompatibilities = aws.String("bridge"), types.NetworkModeBridge, nil
	must[*awsecs.RegisterTaskDefinitionOutput](b)(b.client.RegisterTaskDefinition(t.Context(), bridge))
	inactive := b.register("v2", nil)
	must[*awsecs.DeregisterTaskDefinitionOutput](b)(b.client.DeregisterTaskDefinition(t.Context(), &awsecs.DeregisterTaskDefinitionInput{TaskDefinition: &inactive}))
	rolling := &awsecs.CreateServiceInput{Cluster: aws.String("prod"), ServiceName: aws.String("rolling"), DesiredCount: aws.Int32(1), TaskDefinition: &def}
	must[*awsecs.CreateServiceOutput](b)(b.client.CreateService(t.Context(), rolling))

	tests := map[string]struct {
		change     func(*awsecs.CreateTaskSetInput)
		code, text string
	}{
		"cluster":             {func(in *awsecs.CreateTaskSetInput) { in.Cluster = aws.String("nope") }, "ClusterNotFoundException", ""},
		"service":             {func(in *awsecs.CreateTaskSetInput) { in.Service = aws.String("nope") }, "ServiceNotFoundException", ""},
		"ECS controller":      {func(in *awsecs.CreateTaskSetInput) { in.Service = aws.String("rolling") }, badParameter, "external deployment controllers"},
		"definition":          {func(in *awsecs.CreateTaskSetInput) { in.TaskDefinition = aws.String("nope:1") }, "ClientException", "not found"},
		"inactive definition": {func(in *awsecs.CreateTaskSetInput) { in.TaskDefinition = &inactive }, "ClientException", "inactive"},
		"scale above 100":     {func(in *awsecs.CreateTaskSetInput) { in.Scale.Value = 100.5 }, badParameter, "between 0 and 100"},
		"negative scale":      {func(in *awsecs.CreateTaskSetInput) { in.Scale.Value = -1 }, badParameter, "between 0 and 100"},
		"scale unit":          {func(in *awsecs.CreateTaskSetInput) { in.Scale.Unit = "COUNT" }, badParameter, "PERCENT"},
		"no network":          {func(in *awsecs.CreateTaskSetInput) { in.NetworkConfiguration = nil }, badParameter, "Network Configuration must be provided"},
		"no subnets": {func(in *awsecs.CreateTaskSetInput) {
			in.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{}
		}, badParameter, "subnets can not be empty"},
		"not for Fargate": {func(in *awsecs.CreateTaskSetInput) { in.TaskDefinition = aws.String("bridge") }, badParameter, "does not support launch_type FARGATE"},
		"network without awsvpc": {func(in *awsecs.CreateTaskSetInput) {
			in.TaskDefinition, in.LaunchType = aws.String("bridge"), types.LaunchTypeEc2
		}, badParameter, "not valid for the given networkMode"},
		"public IP on EC2": {func(in *awsecs.CreateTaskSetInput) {
			in.LaunchType = types.LaunchTypeEc2
			in.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp = types.AssignPublicIpEnabled
		}, badParameter, "Assign public IP"},
		"platform on EC2": {func(in *awsecs.CreateTaskSetInput) {
			in.LaunchType, in.PlatformVersion = types.LaunchTypeEc2, aws.String("1.4.0")
		}, badParameter, "platform version"},
		"launch type and strategy": {func(in *awsecs.CreateTaskSetInput) {
			in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE")}}
		}, badParameter, "Remove one"},
		"launch type":        {func(in *awsecs.CreateTaskSetInput) { in.LaunchType = "MOON" }, badParameter, "MOON"},
		"target group":       {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers[0].TargetGroupArn = aws.String(blue + "0") }, badParameter, "does not exist"},
		"detached group":     {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers[0].TargetGroupArn = aws.String(detached) }, badParameter, "does not have an associated load balancer"},
		"no target group":    {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers[0].TargetGroupArn = nil }, badParameter, "Target group ARN"},
		"two load balancers": {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers = append(in.LoadBalancers, in.LoadBalancers[0]) }, badParameter, "at most 1"},
		"classic":            {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers[0].LoadBalancerName = aws.String("lb") }, badParameter, "Classic"},
		"container":          {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers[0].ContainerName = aws.String("nope") }, badParameter, "container nope does not exist"},
		"container port":     {func(in *awsecs.CreateTaskSetInput) { in.LoadBalancers[0].ContainerPort = aws.Int32(81) }, badParameter, "container port 81"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := setInput(def, 100)
			test.change(in)
			_, err := b.client.CreateTaskSet(t.Context(), in)
			wantError(t, err, test.code, test.text)
		})
	}
}

func TestRegisterTaskDefinitionRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	tests := map[string]struct {
		change func(*awsecs.RegisterTaskDefinitionInput)
		text   string
	}{
		"family":         {func(in *awsecs.RegisterTaskDefinitionInput) { in.Family = aws.String("") }, "Family should not be null or empty"},
		"family letters": {func(in *awsecs.RegisterTaskDefinitionInput) { in.Family = aws.String("a/b") }, "Family contains invalid"},
		"no containers":  {func(in *awsecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions = []types.ContainerDefinition{} }, "Container list cannot be empty"},
		"no name":        {func(in *awsecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Name = nil }, "Container.name"},
		"no image":       {func(in *awsecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Image = nil }, "Container.image"},
		"same name twice": {func(in *awsecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions = append(in.ContainerDefinitions, in.ContainerDefinitions[0])
		}, "Duplicate"},
		"nothing essential": {func(in *awsecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Essential = aws.Bool(false) }, "essential"},
		"no memory at all": {func(in *awsecs.RegisterTaskDefinitionInput) {
			in.RequiresCompatibilities, in.Memory = nil, nil
		}, "At least one of 'memory' or 'memoryReservation'"},
		"network mode": {func(in *awsecs.RegisterTaskDefinitionInput) { in.NetworkMode = types.NetworkModeBridge }, "awsvpc"},
		"no cpu":       {func(in *awsecs.RegisterTaskDefinitionInput) { in.Cpu = nil }, "'cpu' be defined"},
		"no memory": {func(in *awsecs.RegisterTaskDefinitionInput) {
			in.Memory, in.ContainerDefinitions[0].Memory = nil, aws.Int32(128)
		}, "'memory' be defined"},
		"size":              {func(in *awsecs.RegisterTaskDefinitionInput) { in.Memory = aws.String("4096") }, "No Fargate configuration"},
		"nonsense size":     {func(in *awsecs.RegisterTaskDefinitionInput) { in.Cpu = aws.String("much") }, "No Fargate configuration"},
		"too big container": {func(in *awsecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Memory = aws.Int32(1024) }, "container 'web'"},
		"host port": {func(in *awsecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].PortMappings[0].HostPort = aws.Int32(8080)
		}, "must match"},
		"awslogs without role": {func(in *awsecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs}
		}, "execution role"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := definitionInput("v1", nil)
			test.change(in)
			_, err := b.client.RegisterTaskDefinition(t.Context(), in)
			if err == nil {
				t.Fatal("accepted")
			}
			wantError(t, err, "ClientException", test.text)
		})
	}
}

func TestRequestsTheSDKDoesNotSend(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.service(0)
	tests := map[string]struct{ operation, body, code string }{
		"unknown operation":    {"CreateUniverse", `{}`, "UnknownOperationException"},
		"no JSON":              {"ListClusters", `{`, "SerializationException"},
		"a list":               {"ListClusters", `[]`, "SerializationException"},
		"wrong type":           {"ListClusters", `{"maxResults":"ten"}`, "SerializationException"},
		"too large a number":   {"ListClusters", `{"maxResults":99999999999}`, "SerializationException"},
		"no service name":      {"CreateService", `{"cluster":"prod"}`, badParameter},
		"no cluster":           {"CreateTaskSet", `{"service":"shop","taskDefinition":"x"}`, badParameter},
		"no service":           {"CreateTaskSet", `{"cluster":"prod","taskDefinition":"x"}`, badParameter},
		"no definition":        {"CreateTaskSet", `{"cluster":"prod","service":"shop"}`, badParameter},
		"no scale":             {"UpdateTaskSet", `{"cluster":"prod","service":"shop","taskSet":"x"}`, badParameter},
		"no task set":          {"DeleteTaskSet", `{"cluster":"prod","service":"shop"}`, badParameter},
		"no services":          {"DescribeServices", `{"cluster":"prod"}`, badParameter},
		"eleven services":      {"DescribeServices", `{"cluster":"prod","services":["1","2","3","4","5","6","7","8","9","10","11"]}`, badParameter},
		"no tasks":             {"DescribeTasks", `{"cluster":"prod","tasks":[]}`, badParameter},
		"startedBy and more":   {"ListTasks", `{"cluster":"prod","startedBy":"x","family":"y"}`, badParameter},
		"page of none":         {"ListTasks", `{"cluster":"prod","maxResults":0}`, badParameter},
		"page token":           {"ListTasks", `{"cluster":"prod","nextToken":"?"}`, badParameter},
		"no revision":          {"DeregisterTaskDefinition", `{"taskDefinition":"shop"}`, badParameter},
		"no definition to see": {"DescribeTaskDefinition", `{"taskDefinition":"nope"}`, "ClientException"},
		"tags of nothing":      {"ListTagsForResource", `{"resourceArn":"x"}`, badParameter},
		"eleven tasks":         {"RunTask", `{"cluster":"prod","taskDefinition":"x","count":11}`, badParameter},
		"reserved group":       {"RunTask", `{"cluster":"prod","taskDefinition":"x","group":"service:shop"}`, badParameter},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, code := b.raw(test.operation, test.body); status != http.StatusBadRequest || code != test.code {
				t.Errorf("status %d %s, want 400 %s", status, code, test.code)
			}
		})
	}
}
