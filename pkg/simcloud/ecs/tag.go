package ecs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// tagRule checks the tags a caller sends.
func tagRule(tags []types.Tag) error {
	if len(tags) > maxTags {
		return invalid("Tags can have at most %d entries.", maxTags)
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		key, value := aws.ToString(tag.Key), aws.ToString(tag.Value)
		switch {
		case key == "":
			return invalid("Tag key can not be empty.")
		case len([]rune(key)) > maxTagKey || len([]rune(value)) > maxTagValue:
			return invalid("Tag %q is longer than %d characters, or its value than %d.", key, maxTagKey, maxTagValue)
		case reserved(key) || reserved(value):
			return invalid("Tag keys and values starting with 'aws:' are reserved for system use.")
		case seen[key]:
			return invalid("Duplicate tag key %q.", key)
		}
		seen[key] = true
	}
	return nil
}

func reserved(s string) bool { return strings.HasPrefix(strings.ToLower(s), "aws:") }

// merged returns tags with the additions in place. The result shares nothing
// with its arguments, so a description taken before keeps its own.
func merged(tags, additions []types.Tag) []types.Tag {
	out := slices.Clone(tags)
	for _, add := range additions {
		at := slices.IndexFunc(out, func(t types.Tag) bool { return *t.Key == *add.Key })
		if at < 0 {
			out = append(out, add)
			continue
		}
		out[at] = add
	}
	return out
}

// listed returns tags as a description has them: never nil.
func listed(tags []types.Tag) []types.Tag { return append([]types.Tag{}, tags...) }

func tagsOf(values map[string]string) []types.Tag {
	tags := make([]types.Tag, 0, len(values))
	for key, value := range values {
		tags = append(tags, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return tags
}

func (s *Simulator) tagResource(in *awsecs.TagResourceInput) (*awsecs.TagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if err := tagRule(in.Tags); err != nil {
		return nil, err
	}
	grown := merged(*tags, in.Tags)
	if len(grown) > maxTags {
		return nil, invalid("A resource can have at most %d tags.", maxTags)
	}
	*tags = grown
	s.touch()
	return &awsecs.TagResourceOutput{}, nil
}

func (s *Simulator) untagResource(in *awsecs.UntagResourceInput) (*awsecs.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(in.TagKeys, reserved) {
		return nil, invalid("Tag keys starting with 'aws:' are reserved for system use.")
	}
	*tags = slices.DeleteFunc(slices.Clone(*tags), func(t types.Tag) bool {
		return slices.Contains(in.TagKeys, *t.Key)
	})
	s.touch()
	return &awsecs.UntagResourceOutput{}, nil
}

func (s *Simulator) listTagsForResource(in *awsecs.ListTagsForResourceInput) (*awsecs.ListTagsForResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagged(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &awsecs.ListTagsForResourceOutput{Tags: listed(*tags)}, nil
}

// tagged finds the tags of a cluster, service, task set, task or task
// definition by its ARN. The caller holds s.mu.
func (s *Simulator) tagged(arn *string) (*[]types.Tag, error) {
	id := aws.ToString(arn)
	if !strings.HasPrefix(id, "arn:") {
		return nil, invalid("Invalid ARN: %q.", id)
	}
	const parts = 6
	field := strings.SplitN(id, ":", parts)
	kind, _, _ := strings.Cut(field[len(field)-1], "/")
	if _, err := s.resource(id, kind); err != nil {
		return nil, err
	}
	if kind == "task-definition" {
		def, err := s.definition(id)
		if err != nil {
			return nil, err
		}
		return &def.tags, nil
	}
	for _, c := range s.clusters {
		if tags := c.tagged(id); tags != nil {
			return tags, nil
		}
	}
	switch kind {
	case "cluster":
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	case "service":
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	default:
		return nil, refuse("ResourceNotFoundException", "The specified resource could not be found.")
	}
}

func (c *cluster) tagged(arn string) *[]types.Tag {
	if c.arn == arn {
		return &c.tags
	}
	for _, svc := range c.services {
		if svc.arn == arn && svc.status != statusInactive {
			return &svc.tags
		}
		for _, set := range svc.sets {
			if set.arn == arn {
				return &set.tags
			}
		}
	}
	for _, t := range c.tasks {
		if t.arn == arn {
			return &t.tags
		}
	}
	return nil
}
