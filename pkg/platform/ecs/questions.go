package ecs

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// questions are the few calls of services that are only asked, in the preflight.
//
// They are functions, not the clients: what holds a client of the SDK as a value
// makes the linker keep all its operations, which are some 170 of IAM alone, and
// the agent larger by megabytes of memory for three of them.
type questions struct {
	role             question[iam.GetRoleInput, iam.GetRoleOutput, iam.Options]
	images           question[ecr.DescribeImagesInput, ecr.DescribeImagesOutput, ecr.Options]
	pullThroughRules pullThroughRules
	caller           question[sts.GetCallerIdentityInput, sts.GetCallerIdentityOutput, sts.Options]
}

type question[In, Out, Options any] func(context.Context, *In, ...func(*Options)) (*Out, error)

// pullThroughRules is what the SDK's paginator turns the pages of.
type pullThroughRules question[ecr.DescribePullThroughCacheRulesInput, ecr.DescribePullThroughCacheRulesOutput, ecr.Options]

// DescribePullThroughCacheRules implements ecr.DescribePullThroughCacheRulesAPIClient.
func (q pullThroughRules) DescribePullThroughCacheRules(
	ctx context.Context, in *ecr.DescribePullThroughCacheRulesInput, options ...func(*ecr.Options),
) (*ecr.DescribePullThroughCacheRulesOutput, error) {
	return q(ctx, in, options...)
}

// newQuestions returns the calls. They have a pace of their own, and an error is
// an answer: it is not tried again.
func newQuestions(loaded aws.Config) questions {
	asked := loaded.Copy()
	asked.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	roles, registry, identity := iam.NewFromConfig(asked), ecr.NewFromConfig(asked), sts.NewFromConfig(asked)
	return questions{
		role: roles.GetRole, images: registry.DescribeImages,
		pullThroughRules: registry.DescribePullThroughCacheRules, caller: identity.GetCallerIdentity,
	}
}
