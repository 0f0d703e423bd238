package ecs

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/config"
	"pipecd/pkg/platform"
)

// settleTargetGroups brings together the two places that name target groups.
// Under the EXTERNAL controller loadBalancers of the service definition belong to
// the task set, and input.targetGroups of the application file says which set is
// in which group; so the service definition may repeat the primary group, and
// must not contradict it. Where the application file names no primary group, the
// service definition's is it.
func (t *target) settleTargetGroups(r *config.Report) {
	entries := t.service.LoadBalancers
	switch {
	case t.app.ServiceDiscovery:
		t.checkDiscovery(r)
		return
	case len(entries) == 0:
		return
	}
	if len(entries) > 1 {
		r.Errorf("loadBalancers", "expected at most one entry, found %d", len(entries)).Hint = "Amazon ECS puts a task set under the EXTERNAL controller into one target group " +
			"and refuses more; let several listeners and rules of one load balancer forward to the group, or run a second service behind the other load balancer"
		return
	}
	entry := entries[0]
	if aws.ToString(entry.TargetGroupArn) == "" {
		r.Errorf("loadBalancers[0].targetGroupArn", "is required").Hint = "the EXTERNAL controller works with target groups " +
			"of an Application or Network Load Balancer only"
		return
	}
	if t.app.TargetGroups.Primary == nil {
		t.adoptTargetGroup(&entry, r)
		return
	}
	for _, d := range contradictions(&entry, t.app.TargetGroups.Primary) {
		r.Errorf("loadBalancers[0]."+d.path, "is %s, but input.targetGroups.primary of the application file says %s", d.file, d.other).Hint =
			"remove loadBalancers from the service definition, or write the same in both"
	}
}

// checkDiscovery checks that the tasks can be found without a load balancer.
func (t *target) checkDiscovery(r *config.Report) {
	if len(t.service.ServiceRegistries) == 0 {
		r.Errorf("serviceRegistries", "is required with input.accessType: SERVICE_DISCOVERY").Hint =
			"name the registry of AWS Cloud Map in which the tasks are to be found"
	}
	if len(t.service.LoadBalancers) > 0 {
		r.Errorf("loadBalancers", "excludes input.accessType: SERVICE_DISCOVERY").Hint = "remove one of the two"
	}
}

// adoptTargetGroup takes the service definition's group for the primary sets.
func (t *target) adoptTargetGroup(entry *types.LoadBalancer, r *config.Report) {
	if aws.ToString(entry.ContainerName) == "" || entry.ContainerPort == nil {
		r.Errorf("loadBalancers[0]", "expected containerName and containerPort").Hint = "they say where the requests of the target group go"
		return
	}
	t.app.TargetGroups.Primary = &platform.TargetGroup{
		ARN:              aws.ToString(entry.TargetGroupArn),
		ContainerName:    aws.ToString(entry.ContainerName),
		ContainerPort:    int(*entry.ContainerPort),
		LoadBalancerName: aws.ToString(entry.LoadBalancerName),
	}
	r.Warnf("loadBalancers", "names the target group of the primary task set, because input.targetGroups of the application file names none").Hint =
		"set input.targetGroups.primary and canary to split requests between two versions"
}

// contradictions returns what the entry says otherwise than the group. What
// either does not say does not contradict.
func contradictions(entry *types.LoadBalancer, group *platform.TargetGroup) []difference {
	var out []difference
	add := func(path, file, app string) {
		if file != "" && app != "" && file != app {
			out = append(out, difference{path: path, file: file, other: app})
		}
	}
	add("targetGroupArn", aws.ToString(entry.TargetGroupArn), group.ARN)
	add("containerName", aws.ToString(entry.ContainerName), group.ContainerName)
	if entry.ContainerPort != nil && group.ContainerPort != 0 {
		add("containerPort", strconv.Itoa(int(*entry.ContainerPort)), strconv.Itoa(group.ContainerPort))
	}
	add("loadBalancerName", aws.ToString(entry.LoadBalancerName), group.LoadBalancerName)
	return out
}
