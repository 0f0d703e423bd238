package ecs

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Keys of the tags on everything we make. The first four are PipeCD's.
const (
	tagManagedBy   = "pipecd-dev-managed-by"
	tagPiped       = "pipecd-dev-piped"
	tagApplication = "pipecd-dev-application"
	tagCommit      = "pipecd-dev-commit-hash"
	tagDeployment  = "pipecd-dev-deployment"
	tagRole        = "pipecd-dev-role"
	tagStep        = "pipecd-dev-step"
	tagKeepUntil   = "pipecd-dev-keep-until"

	managedByPiped = "piped"
)

// target is one application at one commit. Apart from the session its fields
// are not changed after it was opened.
type target struct {
	clients clients
	timing  Timing
	app     platform.Application
	service serviceDefinition
	task    awsecs.RegisterTaskDefinitionInput
	notes   config.Problems
	session session
}

// managedTags are the tags every resource of the application carries.
func (t *target) managedTags() []types.Tag {
	return []types.Tag{
		tag(tagManagedBy, managedByPiped),
		tag(tagPiped, t.app.Identity.PipedID),
		tag(tagApplication, t.app.Identity.ApplicationID),
		tag(tagCommit, t.app.Identity.CommitHash),
	}
}

// stepTags are managedTags and what finds a resource of one step again.
func (t *target) stepTags(role platform.Role, step string) []types.Tag {
	tags := append(t.managedTags(), tag(tagDeployment, t.app.Identity.DeploymentID), tag(tagStep, step))
	if role != "" {
		tags = append(tags, tag(tagRole, string(role)))
	}
	return tags
}

// withTags returns the file's tags with ours added; a key of ours wins.
func withTags(file, ours []types.Tag) []types.Tag {
	out := slices.Clone(ours)
	for _, f := range file {
		if !slices.ContainsFunc(ours, func(o types.Tag) bool { return aws.ToString(o.Key) == aws.ToString(f.Key) }) {
			out = append(out, f)
		}
	}
	return out
}

func tag(key, value string) types.Tag {
	return types.Tag{Key: aws.String(key), Value: aws.String(value)}
}

func tagValue(tags []types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// describeService returns the service, nil when there is none that is active.
func (t *target) describeService(ctx context.Context) (*types.Service, error) {
	all, err := call(ctx, "reading service "+t.service.ServiceName, func(ctx context.Context) ([]types.Service, error) {
		return t.clients.services.describe(ctx, t.service.cluster(), t.service.ServiceName)
	})
	if err != nil {
		return nil, err
	}
	var found *types.Service
	for i := range all {
		if aws.ToString(all[i].Status) == statusActive {
			found = &all[i]
		}
	}
	t.session.learnService(found)
	return found, nil
}

// knownService is describeService without a call when the answer is at hand.
func (t *target) knownService(ctx context.Context) (*types.Service, error) {
	if svc, ok := t.session.knownService(); ok {
		return svc, nil
	}
	return t.describeService(ctx)
}

const statusActive = "ACTIVE"

// Observe reads the service's sets, draining ones included.
func (t *target) Observe(ctx context.Context) (platform.Service, error) {
	sets, err := t.describeSets(ctx)
	if model.CodeOf(err) == model.CodeNotFound {
		return platform.Service{}, nil
	}
	if err != nil {
		return platform.Service{}, err
	}
	return t.observed(sets), nil
}

func (t *target) observed(sets []types.TaskSet) platform.Service {
	out := platform.Service{Exists: true, Sets: make([]platform.Set, 0, len(sets))}
	for i := range sets {
		out.Sets = append(out.Sets, t.setOf(&sets[i]))
	}
	return out
}

// describeSets reads the task sets with their tags: the given ones, or all of
// the service's.
func (t *target) describeSets(ctx context.Context, ids ...string) ([]types.TaskSet, error) {
	out, err := call(ctx, "reading the task sets of service "+t.service.ServiceName, func(ctx context.Context) (*awsecs.DescribeTaskSetsOutput, error) {
		return t.clients.ecs.DescribeTaskSets(ctx, &awsecs.DescribeTaskSetsInput{
			Cluster: aws.String(t.service.cluster()), Service: aws.String(t.service.ServiceName), TaskSets: ids,
			Include: []types.TaskSetField{types.TaskSetFieldTags},
		})
	})
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		t.session.learnSets(out.TaskSets)
	}
	return out.TaskSets, nil
}

// knownSets are all sets, without a call when they were read just now.
func (t *target) knownSets(ctx context.Context) ([]types.TaskSet, error) {
	if sets, ok := t.session.knownSets(); ok {
		return sets, nil
	}
	return t.describeSets(ctx)
}

const (
	setPrimary  = "PRIMARY"
	setDraining = "DRAINING"
)

func (t *target) setOf(s *types.TaskSet) platform.Set {
	out := platform.Set{
		ID:         aws.ToString(s.TaskSetArn),
		Revision:   aws.ToString(s.TaskDefinition),
		Primary:    aws.ToString(s.Status) == setPrimary,
		Draining:   aws.ToString(s.Status) == setDraining,
		Steady:     s.StabilityStatus == types.StabilityStatusSteadyState,
		Desired:    int(s.ComputedDesiredCount),
		Running:    int(s.RunningCount),
		Pending:    int(s.PendingCount),
		Ours:       tagValue(s.Tags, tagManagedBy) == managedByPiped && tagValue(s.Tags, tagApplication) == t.app.Identity.ApplicationID,
		Deployment: tagValue(s.Tags, tagDeployment),
		Role:       platform.Role(tagValue(s.Tags, tagRole)),
		Step:       tagValue(s.Tags, tagStep),
		Commit:     tagValue(s.Tags, tagCommit),
	}
	if until, err := time.Parse(time.RFC3339, tagValue(s.Tags, tagKeepUntil)); err == nil {
		out.Until = until
	}
	if s.Scale != nil {
		out.Scale = s.Scale.Value
	}
	if groups := groupsOfSet(s); len(groups) > 0 {
		out.Group, out.Also = groups[0], slices.Clone(groups[1:])
	}
	return out
}

// Traffic returns the load balancer's side, nil when the application has none.
func (t *target) Traffic() platform.Traffic {
	if t.app.TargetGroups.Primary == nil {
		return nil
	}
	return &traffic{target: t}
}
