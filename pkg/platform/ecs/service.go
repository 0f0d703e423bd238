package ecs

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// stepService names the service's creation in its tags, so that only a service
// this deployment created is ever deleted by its rollback.
const stepService = "service"

// serviceRequest is the recorded intent: one of the two calls, and the tags an
// existing service gets.
type serviceRequest struct {
	Create  *awsecs.CreateServiceInput `json:"create,omitempty"`
	Update  *awsecs.UpdateServiceInput `json:"update,omitempty"`
	TagArn  string                     `json:"tagArn,omitempty"`
	TagWith []types.Tag                `json:"tagWith,omitempty"`
}

// PlanService decides whether the service is created, updated, or left alone.
func (t *target) PlanService(ctx context.Context, log platform.Log) (platform.Change, error) {
	live, err := t.knownService(ctx)
	if err != nil {
		return platform.Change{}, err
	}
	if live == nil {
		return change("CreateService", serviceRequest{Create: t.createRequest()}, "Creating service %s in cluster %s", t.service.ServiceName, t.service.cluster())
	}
	update := t.updateRequest(live)
	if err := t.leaveOwnedCount(ctx, update, live.DesiredCount, log); err != nil {
		return platform.Change{}, err
	}
	req := serviceRequest{Update: t.unlessEmpty(update)}
	if want := withTags(t.service.Tags, t.managedTags()); !tagged(live.Tags, want) {
		req.TagArn, req.TagWith = aws.ToString(live.ServiceArn), want
	}
	if req.Update == nil && req.TagArn == "" {
		return platform.Change{}, nil
	}
	return change("UpdateService", req, "Bringing the settings and tags of service %s up to date", t.service.ServiceName)
}

// createRequest carries what a service under an external controller takes; the
// rest goes with each task set.
func (t *target) createRequest() *awsecs.CreateServiceInput {
	d := &t.service
	return &awsecs.CreateServiceInput{
		Cluster:                       aws.String(d.cluster()),
		ServiceName:                   aws.String(d.ServiceName),
		DesiredCount:                  d.DesiredCount,
		DeploymentConfiguration:       d.DeploymentConfiguration,
		DeploymentController:          d.DeploymentController,
		EnableECSManagedTags:          aws.ToBool(d.EnableECSManagedTags),
		EnableExecuteCommand:          aws.ToBool(d.EnableExecuteCommand),
		HealthCheckGracePeriodSeconds: d.HealthCheckGracePeriodSeconds,
		PlacementConstraints:          d.PlacementConstraints,
		PlacementStrategy:             d.PlacementStrategy,
		PropagateTags:                 d.PropagateTags,
		SchedulingStrategy:            d.SchedulingStrategy,
		AvailabilityZoneRebalancing:   d.AvailabilityZoneRebalancing,
		Tags:                          withTags(d.Tags, t.stepTags("", stepService)),
	}
}

// updateRequest holds the settings that differ. What is absent in the file is
// left alone.
func (t *target) updateRequest(live *types.Service) *awsecs.UpdateServiceInput {
	d := &t.service
	in := &awsecs.UpdateServiceInput{}
	if d.DesiredCount != nil && *d.DesiredCount != live.DesiredCount {
		in.DesiredCount = d.DesiredCount
	}
	if d.HealthCheckGracePeriodSeconds != nil && *d.HealthCheckGracePeriodSeconds != aws.ToInt32(live.HealthCheckGracePeriodSeconds) {
		in.HealthCheckGracePeriodSeconds = d.HealthCheckGracePeriodSeconds
	}
	if d.EnableECSManagedTags != nil && *d.EnableECSManagedTags != live.EnableECSManagedTags {
		in.EnableECSManagedTags = d.EnableECSManagedTags
	}
	if d.EnableExecuteCommand != nil && *d.EnableExecuteCommand != live.EnableExecuteCommand {
		in.EnableExecuteCommand = d.EnableExecuteCommand
	}
	if d.PropagateTags != "" && d.PropagateTags != live.PropagateTags {
		in.PropagateTags = d.PropagateTags
	}
	if d.PlacementConstraints != nil && !reflect.DeepEqual(d.PlacementConstraints, live.PlacementConstraints) {
		in.PlacementConstraints = d.PlacementConstraints
	}
	if d.PlacementStrategy != nil && !reflect.DeepEqual(d.PlacementStrategy, live.PlacementStrategy) {
		in.PlacementStrategy = d.PlacementStrategy
	}
	return in
}

// unlessEmpty addresses an update to the service; nil when it would change
// nothing.
func (t *target) unlessEmpty(in *awsecs.UpdateServiceInput) *awsecs.UpdateServiceInput {
	if reflect.DeepEqual(in, &awsecs.UpdateServiceInput{}) {
		return nil
	}
	in.Cluster, in.Service = aws.String(t.service.cluster()), aws.String(t.service.ServiceName)
	return in
}

func tagged(have, want []types.Tag) bool {
	for _, w := range want {
		if tagValue(have, aws.ToString(w.Key)) != aws.ToString(w.Value) {
			return false
		}
	}
	return true
}

// ApplyService makes the recorded call. Creation carries the token; an update
// sets absolute values, so repeating it changes nothing.
func (t *target) ApplyService(ctx context.Context, c platform.Change, a platform.Attempt) error {
	var req serviceRequest
	if err := json.Unmarshal(c.Request, &req); err != nil {
		return model.Wrap(model.CodeInternal, err, "reading the recorded request")
	}
	if req.Create != nil {
		return t.createService(ctx, req.Create, a)
	}
	if req.Update != nil {
		if err := t.updateService(ctx, req.Update); err != nil {
			return err
		}
	}
	return t.tagService(ctx, req.TagArn, req.TagWith)
}

func (t *target) createService(ctx context.Context, in *awsecs.CreateServiceInput, a platform.Attempt) error {
	if a.Resumed {
		if live, err := t.describeService(ctx); err != nil || (live != nil && tagValue(live.Tags, tagDeployment) == t.app.Identity.DeploymentID) {
			return err
		}
	}
	in.ClientToken = aws.String(a.Token)
	t.session.forgetService()
	_, err := call(ctx, "creating service "+t.service.ServiceName, func(ctx context.Context) (*awsecs.CreateServiceOutput, error) {
		return t.clients.ecs.CreateService(ctx, in)
	})
	return err
}

func (t *target) updateService(ctx context.Context, in *awsecs.UpdateServiceInput) error {
	t.session.forgetService()
	_, err := call(ctx, "updating service "+t.service.ServiceName, func(ctx context.Context) (*awsecs.UpdateServiceOutput, error) {
		return t.clients.ecs.UpdateService(ctx, in)
	})
	return err
}

func (t *target) tagService(ctx context.Context, arn string, tags []types.Tag) error {
	if arn == "" || len(tags) == 0 {
		return nil
	}
	t.session.forgetService()
	_, err := call(ctx, "tagging service "+t.service.ServiceName, func(ctx context.Context) (*awsecs.TagResourceOutput, error) {
		return t.clients.ecs.TagResource(ctx, &awsecs.TagResourceInput{ResourceArn: aws.String(arn), Tags: tags})
	})
	return err
}

// serviceBaseline is what the baseline keeps of the service: the settings a
// deployment may change.
type serviceBaseline struct {
	DesiredCount                  int32
	HealthCheckGracePeriodSeconds *int32
	EnableECSManagedTags          bool
	EnableExecuteCommand          bool
	PropagateTags                 types.PropagateTags
	PlacementConstraints          []types.PlacementConstraint
	PlacementStrategy             []types.PlacementStrategy
	Tags                          []types.Tag
}

func baselineOf(s *types.Service) serviceBaseline {
	return serviceBaseline{
		DesiredCount: s.DesiredCount, HealthCheckGracePeriodSeconds: s.HealthCheckGracePeriodSeconds,
		EnableECSManagedTags: s.EnableECSManagedTags, EnableExecuteCommand: s.EnableExecuteCommand,
		PropagateTags: s.PropagateTags, PlacementConstraints: s.PlacementConstraints,
		PlacementStrategy: s.PlacementStrategy, Tags: s.Tags,
	}
}

// RevertService brings back the settings that this deployment changed and
// nobody changed since, or deletes the service it created.
func (t *target) RevertService(ctx context.Context, b platform.Baseline, log platform.Log) error {
	live, err := t.describeService(ctx)
	if err != nil || live == nil {
		return err
	}
	if !b.ServiceExisted {
		return t.deleteCreated(ctx, live, log)
	}
	var before serviceBaseline
	if err := json.Unmarshal(b.Service, &before); err != nil {
		return model.Wrap(model.CodeInternal, err, "reading the recorded settings of the service")
	}
	in := t.revertRequest(live, before)
	if err := t.leaveOwnedCount(ctx, in, live.DesiredCount, log); err != nil {
		return err
	}
	if in = t.unlessEmpty(in); in != nil {
		log.Infof("Bringing the settings of service %s back to what they were", t.service.ServiceName)
		if err := t.updateService(ctx, in); err != nil {
			return err
		}
	}
	if err := t.untagService(ctx, live, before); err != nil {
		return err
	}
	if !tagged(live.Tags, before.Tags) {
		return t.tagService(ctx, aws.ToString(live.ServiceArn), before.Tags)
	}
	return nil
}

// setsLeft returns how many sets the service has. Those that were just removed
// may be shown a little longer.
func (t *target) setsLeft(ctx context.Context, live *types.Service) (int, error) {
	left := len(live.TaskSets)
	err := t.waiting("the service shows no task set", t.timing.ReadBackTimeout).until(ctx, func(ctx context.Context) (bool, error) {
		if left == 0 {
			return true, nil
		}
		now, err := t.describeService(ctx)
		switch {
		case err != nil:
			return false, err
		case now == nil:
			left = 0
		default:
			left = len(now.TaskSets)
		}
		return left == 0, nil
	})
	if model.CodeOf(err) == model.CodeFailedPrecondition {
		return left, nil
	}
	return left, err
}

// untagService takes away the tags that this deployment gave the service and
// that it had not before.
func (t *target) untagService(ctx context.Context, live *types.Service, before serviceBaseline) error {
	var keys []string
	for _, given := range withTags(t.service.Tags, t.managedTags()) {
		same := func(other types.Tag) bool { return aws.ToString(other.Key) == aws.ToString(given.Key) }
		if slices.ContainsFunc(live.Tags, same) && !slices.ContainsFunc(before.Tags, same) {
			keys = append(keys, aws.ToString(given.Key))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	t.session.forgetService()
	_, err := call(ctx, "untagging service "+t.service.ServiceName, func(ctx context.Context) (*awsecs.UntagResourceOutput, error) {
		return t.clients.ecs.UntagResource(ctx, &awsecs.UntagResourceInput{ResourceArn: live.ServiceArn, TagKeys: keys})
	})
	return err
}

// revertRequest holds the settings whose live value is the one of this
// deployment's file and was another one before.
func (t *target) revertRequest(live *types.Service, before serviceBaseline) *awsecs.UpdateServiceInput {
	d := &t.service
	in := &awsecs.UpdateServiceInput{}
	revertPlacement(in, d, live, before)
	if d.DesiredCount != nil && live.DesiredCount == *d.DesiredCount && live.DesiredCount != before.DesiredCount {
		in.DesiredCount = aws.Int32(before.DesiredCount)
	}
	if d.HealthCheckGracePeriodSeconds != nil && before.HealthCheckGracePeriodSeconds != nil &&
		aws.ToInt32(live.HealthCheckGracePeriodSeconds) != *before.HealthCheckGracePeriodSeconds {
		in.HealthCheckGracePeriodSeconds = before.HealthCheckGracePeriodSeconds
	}
	if d.EnableECSManagedTags != nil && live.EnableECSManagedTags != before.EnableECSManagedTags {
		in.EnableECSManagedTags = aws.Bool(before.EnableECSManagedTags)
	}
	if d.EnableExecuteCommand != nil && live.EnableExecuteCommand != before.EnableExecuteCommand {
		in.EnableExecuteCommand = aws.Bool(before.EnableExecuteCommand)
	}
	if d.PropagateTags != "" && before.PropagateTags != "" && live.PropagateTags != before.PropagateTags {
		in.PropagateTags = before.PropagateTags
	}
	return in
}

// revertPlacement adds where tasks were placed before, if that was another rule.
func revertPlacement(in *awsecs.UpdateServiceInput, d *serviceDefinition, live *types.Service, before serviceBaseline) {
	if d.PlacementConstraints != nil && !reflect.DeepEqual(live.PlacementConstraints, before.PlacementConstraints) {
		in.PlacementConstraints = before.PlacementConstraints
	}
	if d.PlacementStrategy != nil && !reflect.DeepEqual(live.PlacementStrategy, before.PlacementStrategy) {
		in.PlacementStrategy = before.PlacementStrategy
	}
}

// deleteCreated deletes the service if this deployment created it and no set is
// left in it.
func (t *target) deleteCreated(ctx context.Context, live *types.Service, log platform.Log) error {
	if tagValue(live.Tags, tagDeployment) != t.app.Identity.DeploymentID {
		return nil
	}
	left, err := t.setsLeft(ctx, live)
	if err != nil {
		return err
	}
	if left > 0 {
		log.Infof("Service %s stays: it still has %d task set(s)", t.service.ServiceName, left)
		return nil
	}
	log.Infof("Deleting service %s, which this deployment created", t.service.ServiceName)
	_, err = call(ctx, "deleting service "+t.service.ServiceName, func(ctx context.Context) (*awsecs.DeleteServiceOutput, error) {
		return t.clients.ecs.DeleteService(ctx, &awsecs.DeleteServiceInput{
			Cluster: aws.String(t.service.cluster()), Service: aws.String(t.service.ServiceName), Force: aws.Bool(true),
		})
	})
	if model.CodeOf(err) == model.CodeNotFound {
		return nil
	}
	return err
}
