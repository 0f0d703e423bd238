package elb

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const (
	maxTags         = 50
	maxTagResources = 20 // of one DescribeTags
)

func (b *Balancers) describeTags(in *elbv2.DescribeTagsInput) (*elbv2.DescribeTagsOutput, error) {
	if len(in.ResourceArns) == 0 || len(in.ResourceArns) > maxTagResources {
		return nil, invalid("DescribeTags takes 1 to %d resources, not %d", maxTagResources, len(in.ResourceArns))
	}
	out := &elbv2.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		if err := b.world.known(arn); err != nil {
			return nil, err
		}
		d := types.TagDescription{ResourceArn: aws.String(arn), Tags: []types.Tag{}}
		for _, key := range sortedKeys(b.world.tags[arn]) {
			d.Tags = append(d.Tags, types.Tag{Key: aws.String(key), Value: aws.String(b.world.tags[arn][key])})
		}
		out.TagDescriptions = append(out.TagDescriptions, d)
	}
	return out, nil
}

func (b *Balancers) addTags(in *elbv2.AddTagsInput) (*elbv2.AddTagsOutput, error) {
	if len(in.ResourceArns) == 0 || len(in.Tags) == 0 {
		return nil, invalid("AddTags needs ResourceArns and Tags")
	}
	seen := map[string]bool{}
	for _, t := range in.Tags {
		key := aws.ToString(t.Key)
		if key == "" {
			return nil, invalid("a tag needs a key")
		}
		if seen[key] {
			return nil, refuse("DuplicateTagKeys", "the tag key %q is given twice", key)
		}
		seen[key] = true
	}
	for _, arn := range in.ResourceArns {
		if err := b.world.known(arn); err != nil {
			return nil, err
		}
		union := map[string]bool{}
		for key := range b.world.tags[arn] {
			union[key] = true
		}
		for key := range seen {
			union[key] = true
		}
		if len(union) > maxTags {
			return nil, refuse("TooManyTags", "a resource has at most %d tags", maxTags)
		}
	}
	for _, arn := range in.ResourceArns {
		b.world.tag(arn, in.Tags)
	}
	return &elbv2.AddTagsOutput{}, nil
}

func (b *Balancers) removeTags(in *elbv2.RemoveTagsInput) (*elbv2.RemoveTagsOutput, error) {
	if len(in.ResourceArns) == 0 || len(in.TagKeys) == 0 {
		return nil, invalid("RemoveTags needs ResourceArns and TagKeys")
	}
	for _, arn := range in.ResourceArns {
		if err := b.world.known(arn); err != nil {
			return nil, err
		}
	}
	for _, arn := range in.ResourceArns {
		for key := range b.world.tags[arn] {
			if slices.Contains(in.TagKeys, key) {
				delete(b.world.tags[arn], key)
			}
		}
	}
	return &elbv2.RemoveTagsOutput{}, nil
}

// tag adds tags to a resource.
func (w *world) tag(arn string, tags []types.Tag) {
	if len(tags) == 0 {
		return
	}
	if w.tags[arn] == nil {
		w.tags[arn] = map[string]string{}
	}
	for _, t := range tags {
		w.tags[arn][aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
}

// known refuses an ARN that names nothing, with the code of its kind.
func (w *world) known(arn string) error {
	m := arnShape.FindStringSubmatch(arn)
	switch {
	case m == nil:
		return invalid("%q is not the ARN of a load balancing resource", arn)
	case w.exists(arn):
		return nil
	}
	switch m[1] {
	case "loadbalancer":
		return loadBalancerNotFound(arn)
	case "targetgroup":
		return targetGroupNotFound(arn)
	case "listener":
		return listenerNotFound(arn)
	default:
		return ruleNotFound(arn)
	}
}
