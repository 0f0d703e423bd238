package ecs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// revisionRequest is the recorded intent: a revision to reuse, or one to
// register.
type revisionRequest struct {
	Reuse    string                              `json:"reuse,omitempty"`
	Register *awsecs.RegisterTaskDefinitionInput `json:"register,omitempty"`
	Step     string                              `json:"step"`
}

// PlanRevision reuses the live revision when the file says the same, and registers a new one otherwise.
func (t *target) PlanRevision(ctx context.Context, step string) (platform.Change, error) {
	family := aws.ToString(t.task.Family)
	live, err := t.liveRevision(ctx)
	if err != nil {
		return platform.Change{}, err
	}
	if live != nil && sameDefinition(&t.task, live) {
		arn := aws.ToString(live.TaskDefinitionArn)
		return change("", revisionRequest{Reuse: arn, Step: step}, "Task definition %s is unchanged: revision %s is used", family, arn)
	}
	in := t.task
	in.Tags = withTags(t.task.Tags, t.stepTags("", step))
	return change("RegisterTaskDefinition", revisionRequest{Register: &in, Step: step}, "Registering a revision of task definition %s", family)
}

// liveRevision is the definition the primary set runs, or the newest one of a
// standalone task; nil when there is none.
func (t *target) liveRevision(ctx context.Context) (*types.TaskDefinition, error) {
	if t.app.Standalone != nil { // what the family's name stands for is its newest revision
		return t.describeRevision(ctx, aws.ToString(t.task.Family))
	}
	svc, err := t.knownService(ctx)
	if err != nil || svc == nil {
		return nil, err
	}
	for _, s := range svc.TaskSets {
		if aws.ToString(s.Status) == setPrimary {
			return t.describeRevision(ctx, aws.ToString(s.TaskDefinition))
		}
	}
	return nil, nil //nolint:nilnil // no primary set is an answer
}

// describeRevision reads a revision, nil when it cannot be run any more.
func (t *target) describeRevision(ctx context.Context, arn string) (*types.TaskDefinition, error) {
	if d, ok := t.session.knownDefinition(arn); ok {
		return d, nil
	}
	out, err := call(ctx, "reading task definition "+arn, func(ctx context.Context) (*awsecs.DescribeTaskDefinitionOutput, error) {
		return t.clients.ecs.DescribeTaskDefinition(ctx, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(arn)})
	})
	if model.CodeOf(err) == model.CodeNotFound || model.CodeOf(err) == model.CodeInvalid {
		return nil, nil //nolint:nilnil // a revision that was deleted cannot be reused
	}
	if err != nil {
		return nil, err
	}
	if out.TaskDefinition.Status != types.TaskDefinitionStatusActive {
		return nil, nil //nolint:nilnil // a deregistered revision cannot be reused
	}
	t.session.learnDefinition(out.TaskDefinition)
	return out.TaskDefinition, nil
}

// ApplyRevision registers the recorded definition. The call has no idempotency
// token, so before it is sent again the newest revisions are searched for the
// tags of the step; for the same reason the SDK does not repeat it by itself.
func (t *target) ApplyRevision(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
	var req revisionRequest
	if err := json.Unmarshal(c.Request, &req); err != nil {
		return "", model.Wrap(model.CodeInternal, err, "reading the recorded request")
	}
	if req.Reuse != "" {
		return req.Reuse, nil
	}
	family := aws.ToString(req.Register.Family)
	search := a.Resumed
	return call(ctx, "registering task definition "+family, func(ctx context.Context) (string, error) {
		if search {
			if arn, err := t.findRevision(ctx, family, req.Step); err != nil || arn != "" {
				return arn, err
			}
		}
		search = true
		out, err := t.clients.ecs.RegisterTaskDefinition(ctx, req.Register, once)
		if err != nil {
			return "", err
		}
		return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
	})
}

// once keeps the SDK from repeating a call that has no idempotency token.
func once(o *awsecs.Options) { o.Retryer = aws.NopRetryer{} }

// searchDepth is how many of the newest revisions are searched; more than
// others can register between an agent's death and its return.
const searchDepth = 30

// findRevision returns the revision that carries the tags of this deployment's
// step, "" when there is none.
func (t *target) findRevision(ctx context.Context, family, step string) (string, error) {
	list, err := t.clients.ecs.ListTaskDefinitions(ctx, &awsecs.ListTaskDefinitionsInput{
		FamilyPrefix: aws.String(family), Sort: types.SortOrderDesc, MaxResults: aws.Int32(searchDepth),
	})
	if err != nil {
		return "", err
	}
	for _, arn := range list.TaskDefinitionArns {
		out, err := t.clients.ecs.DescribeTaskDefinition(ctx, &awsecs.DescribeTaskDefinitionInput{
			TaskDefinition: aws.String(arn), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
		})
		if err != nil {
			return "", err
		}
		if tagValue(out.Tags, tagDeployment) == t.app.Identity.DeploymentID && tagValue(out.Tags, tagStep) == step {
			return arn, nil
		}
	}
	return "", nil
}

// sameDefinition reports whether registering want would make a revision with
// the content of live. It compares what either says beyond the defaults AWS
// fills in; when in doubt they differ, which costs one revision.
func sameDefinition(want *awsecs.RegisterTaskDefinitionInput, live *types.TaskDefinition) bool {
	w, errWant := normalized(want)
	l, errLive := normalized(live)
	return errWant == nil && errLive == nil && reflect.DeepEqual(w, l)
}

// normalized turns a definition into a tree without nulls, empty values,
// described-only fields and defaults.
func normalized(definition any) (map[string]any, error) {
	data, err := json.Marshal(definition)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	for _, key := range []string{
		"TaskDefinitionArn", "Revision", "Status", "RequiresAttributes", "Compatibilities",
		"RegisteredAt", "RegisteredBy", "DeregisteredAt", "Tags",
	} {
		delete(tree, key)
	}
	if containers, ok := tree["ContainerDefinitions"].([]any); ok {
		for _, c := range containers {
			if container, ok := c.(map[string]any); ok {
				normalizeContainer(container, fmt.Sprint(tree["NetworkMode"]))
			}
		}
	}
	pruned, _ := prune(tree).(map[string]any)
	return pruned, nil
}

func normalizeContainer(c map[string]any, networkMode string) {
	switch c["Essential"] {
	case true:
		delete(c, "Essential")
	case false:
		c["Essential"] = "false" // differs from the default, so it must survive pruning
	}
	for _, list := range []string{"Environment", "Secrets"} {
		sortByName(c[list])
	}
	ports, _ := c["PortMappings"].([]any)
	for _, p := range ports {
		port, ok := p.(map[string]any)
		if !ok {
			continue
		}
		if port["Protocol"] == "tcp" {
			delete(port, "Protocol")
		}
		if networkMode == string(types.NetworkModeAwsvpc) && port["HostPort"] == port["ContainerPort"] {
			delete(port, "HostPort")
		}
	}
}

func sortByName(list any) {
	items, ok := list.([]any)
	if !ok {
		return
	}
	name := func(v any) string {
		m, _ := v.(map[string]any)
		return fmt.Sprint(m["Name"])
	}
	slices.SortStableFunc(items, func(a, b any) int { return strings.Compare(name(a), name(b)) })
}

// prune removes nulls, empty strings, zeros, false, and what is empty then.
func prune(v any) any {
	switch x := v.(type) {
	case map[string]any:
		return pruneObject(x)
	case []any:
		return pruneList(x)
	case string, float64, bool:
		if reflect.ValueOf(x).IsZero() {
			return nil
		}
	}
	return v
}

// pruneObject prunes the members in place.
func pruneObject(x map[string]any) any {
	for k, item := range maps.Clone(x) {
		if item = prune(item); item == nil {
			delete(x, k)
		} else {
			x[k] = item
		}
	}
	if len(x) == 0 {
		return nil
	}
	return x
}

func pruneList(x []any) any {
	out := make([]any, 0, len(x))
	for _, item := range x {
		if _, text := item.(string); text { // an empty argument of a command is an argument
			out = append(out, item)
		} else if item = prune(item); item != nil {
			out = append(out, item)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// change records a request with its sentence.
func change(name string, request any, format string, args ...any) (platform.Change, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return platform.Change{}, model.Wrap(model.CodeInternal, err, "recording the request "+name)
	}
	return platform.Change{Call: name, Request: body, Summary: fmt.Sprintf(format, args...)}, nil
}
