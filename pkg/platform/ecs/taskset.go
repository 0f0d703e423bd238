package ecs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// PlanSet prepares a task set of the target's own definition.
func (t *target) PlanSet(_ context.Context, spec platform.SetSpec) (platform.Change, error) {
	d := &t.service
	in := &awsecs.CreateTaskSetInput{
		Cluster:                  aws.String(d.cluster()),
		Service:                  aws.String(d.ServiceName),
		TaskDefinition:           aws.String(spec.Revision),
		Scale:                    &types.Scale{Unit: types.ScaleUnitPercent, Value: spec.Scale},
		LaunchType:               d.LaunchType,
		PlatformVersion:          d.PlatformVersion,
		NetworkConfiguration:     d.NetworkConfiguration,
		ServiceRegistries:        d.ServiceRegistries,
		CapacityProviderStrategy: d.CapacityProviderStrategy,
		LoadBalancers:            t.loadBalancers(spec.Role),
		Tags:                     withTags(d.Tags, t.stepTags(spec.Role, spec.Step)),
	}
	return change("CreateTaskSet", in, "Starting a %s task set at %v%% of the service's desired count", spec.Role, spec.Scale)
}

func (t *target) loadBalancers(role platform.Role) []types.LoadBalancer {
	g := t.app.TargetGroups.Primary
	if role == platform.RoleCanary || role == platform.RolePrevious {
		g = t.app.TargetGroups.Canary
	}
	if g == nil {
		return nil
	}
	lb := types.LoadBalancer{
		TargetGroupArn: aws.String(g.ARN),
		ContainerName:  aws.String(g.ContainerName),
		ContainerPort:  aws.Int32(int32(g.ContainerPort)), //nolint:gosec // validated as a port
	}
	if g.LoadBalancerName != "" {
		lb.LoadBalancerName = aws.String(g.LoadBalancerName)
	}
	return []types.LoadBalancer{lb}
}

// PlanCopy prepares a copy of the set that was primary before, from what was
// recorded of it: neither Git nor the file is asked, except for the canary's
// group, in which a previous version is kept.
func (t *target) PlanCopy(_ context.Context, b platform.Baseline, spec platform.SetSpec) (platform.Change, error) {
	var before types.TaskSet
	if err := json.Unmarshal(b.PrimarySet, &before); err != nil {
		return platform.Change{}, model.Wrap(model.CodeInternal, err, "reading the recorded primary task set")
	}
	in := &awsecs.CreateTaskSetInput{
		Cluster:                  aws.String(t.service.cluster()),
		Service:                  aws.String(t.service.ServiceName),
		TaskDefinition:           before.TaskDefinition,
		Scale:                    &types.Scale{Unit: types.ScaleUnitPercent, Value: spec.Scale},
		LaunchType:               before.LaunchType,
		PlatformVersion:          before.PlatformVersion,
		NetworkConfiguration:     before.NetworkConfiguration,
		ServiceRegistries:        before.ServiceRegistries,
		CapacityProviderStrategy: before.CapacityProviderStrategy,
		LoadBalancers:            before.LoadBalancers,
		Tags:                     withTags(before.Tags, t.copyTags(before.Tags, spec)),
	}
	if len(in.CapacityProviderStrategy) > 0 {
		in.LaunchType = ""
	}
	if spec.Role == platform.RolePrevious {
		in.LoadBalancers = t.loadBalancers(spec.Role)
	}
	return change("CreateTaskSet", in, "Starting a %s task set of the version before the deployment at %v%%, from %s", spec.Role, spec.Scale, aws.ToString(before.TaskDefinition))
}

// copyTags mark the copy as this deployment's work, but of the old commit.
func (t *target) copyTags(before []types.Tag, spec platform.SetSpec) []types.Tag {
	tags := t.stepTags(spec.Role, spec.Step)
	if !spec.Until.IsZero() {
		tags = append(tags, tag(tagKeepUntil, spec.Until.UTC().Format(time.RFC3339)))
	}
	if commit := tagValue(before, tagCommit); commit != "" {
		for i := range tags {
			if aws.ToString(tags[i].Key) == tagCommit {
				tags[i].Value = aws.String(commit)
			}
		}
	}
	return tags
}

// ApplySet sends the recorded request with the token. When an earlier attempt
// may have happened, a set with the tags of the step is adopted instead.
func (t *target) ApplySet(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
	var in awsecs.CreateTaskSetInput
	if err := json.Unmarshal(c.Request, &in); err != nil {
		return "", model.Wrap(model.CodeInternal, err, "reading the recorded request")
	}
	if a.Resumed {
		if id, err := t.findSet(ctx, tagValue(in.Tags, tagStep)); err != nil || id != "" {
			return id, err
		}
	}
	in.ClientToken = aws.String(a.Token)
	t.session.forgetService()
	return call(ctx, "creating a task set of service "+t.service.ServiceName, func(ctx context.Context) (string, error) {
		out, err := t.clients.ecs.CreateTaskSet(ctx, &in)
		if err != nil {
			return "", err
		}
		return aws.ToString(out.TaskSet.TaskSetArn), nil
	})
}

// findSet returns the set of this deployment's step that is not on its way out.
func (t *target) findSet(ctx context.Context, step string) (string, error) {
	sets, err := t.describeSets(ctx)
	if err != nil {
		return "", err
	}
	for i := range sets {
		s := t.setOf(&sets[i])
		if s.Deployment == t.app.Identity.DeploymentID && s.Step == step && !s.Draining {
			return s.ID, nil
		}
	}
	return "", nil
}

// Promote makes the set the service's primary one. The answer of the call shows
// the set as it is then; where it does not show it as the primary one yet, it is
// read back until it is.
func (t *target) Promote(ctx context.Context, id string, log platform.Log) (platform.Set, error) {
	t.session.forgetService()
	out, err := call(ctx, "making task set "+id+" the primary one", func(ctx context.Context) (*awsecs.UpdateServicePrimaryTaskSetOutput, error) {
		return t.clients.ecs.UpdateServicePrimaryTaskSet(ctx, &awsecs.UpdateServicePrimaryTaskSetInput{
			Cluster: aws.String(t.service.cluster()), Service: aws.String(t.service.ServiceName), PrimaryTaskSet: aws.String(id),
		})
	})
	if err != nil {
		return platform.Set{}, err
	}
	var set platform.Set
	if out.TaskSet != nil {
		set = t.setOf(out.TaskSet)
	}
	if !set.Primary {
		if set, err = t.awaitPrimary(ctx, id); err != nil {
			return platform.Set{}, err
		}
	}
	log.Infof("Task set %s is the primary one", id)
	return set, nil
}

func (t *target) awaitPrimary(ctx context.Context, id string) (platform.Set, error) {
	var set platform.Set
	w := t.waiting("the service shows the task set as its primary one", t.timing.ReadBackTimeout).afterChange()
	err := w.until(ctx, func(ctx context.Context) (bool, error) {
		sets, err := t.describeSets(ctx, id)
		if err != nil {
			return false, err
		}
		if len(sets) == 0 {
			return false, model.Errorf(model.CodeNotFound, "task set %s, which was to become the primary one, does not exist any more", id)
		}
		set = t.setOf(&sets[0])
		return set.Primary, nil
	})
	return set, err
}

// Scale makes the set as large as that, unless it is, and waits until tasks that
// are too many have drained and stopped.
func (t *target) Scale(ctx context.Context, id string, percent float64, log platform.Log) error {
	t.session.forgetService()
	told := false
	return t.waiting(fmt.Sprintf("task set %s has no more tasks than %v%%", id, percent), t.timing.DrainTimeout).until(ctx, func(ctx context.Context) (bool, error) {
		sets, err := t.describeSets(ctx, id)
		if err != nil {
			return false, err
		}
		if len(sets) == 0 {
			return false, model.Errorf(model.CodeNotFound, "task set %s, which was to be scaled, does not exist any more", id)
		}
		if set := &sets[0]; set.Scale == nil || set.Scale.Value != percent {
			log.Infof("Scaling task set %s to %v%% of the service's desired count", id, percent)
			return false, t.scale(ctx, id, percent)
		}
		left := sets[0].RunningCount - sets[0].ComputedDesiredCount
		if left > 0 && !told {
			told = true
			log.Infof("Waiting for %d task(s) to finish their last requests and stop", left)
		}
		return left <= 0 && (percent > 0 || sets[0].RunningCount+sets[0].PendingCount == 0), nil
	})
}

func (t *target) scale(ctx context.Context, id string, percent float64) error {
	_, err := call(ctx, "scaling task set "+id, func(ctx context.Context) (*awsecs.UpdateTaskSetOutput, error) {
		return t.clients.ecs.UpdateTaskSet(ctx, &awsecs.UpdateTaskSetInput{
			Cluster: aws.String(t.service.cluster()), Service: aws.String(t.service.ServiceName), TaskSet: aws.String(id),
			Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: percent},
		})
	})
	return err
}

// Remove deletes the sets and waits until ECS shows none of them any more: it
// deregisters their targets, the load balancer lets requests under way finish
// within its deregistration delay, and then the tasks stop.
func (t *target) Remove(ctx context.Context, sets []platform.Set, log platform.Log) error {
	if len(sets) == 0 {
		return nil
	}
	t.session.forgetService()
	ids := make([]string, 0, len(sets))
	for _, s := range sets {
		id := s.ID
		ids = append(ids, id)
		if s.Draining {
			continue
		}
		log.Infof("Removing task set %s", id)
		_, err := call(ctx, "deleting task set "+id, func(ctx context.Context) (*awsecs.DeleteTaskSetOutput, error) {
			return t.clients.ecs.DeleteTaskSet(ctx, &awsecs.DeleteTaskSetInput{
				Cluster: aws.String(t.service.cluster()), Service: aws.String(t.service.ServiceName), TaskSet: aws.String(id), Force: aws.Bool(true),
			})
		})
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return err
		}
	}
	return t.awaitGone(ctx, ids, log)
}
