package ecs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/platform"
)

// ecrImage is an image in a private registry of Amazon ECR.
type ecrImage struct {
	account, region, repository, tag, digest string
}

var ecrPattern = regexp.MustCompile(`^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$`)

// parseECR returns the parts of an image in Amazon ECR.
func parseECR(image string) (ecrImage, bool) {
	m := ecrPattern.FindStringSubmatch(image)
	if m == nil {
		return ecrImage{}, false
	}
	return ecrImage{account: m[1], region: m[2], repository: m[3], tag: m[4], digest: m[5]}, true
}

func (i ecrImage) identifier() types.ImageIdentifier {
	if i.digest != "" {
		return types.ImageIdentifier{ImageDigest: aws.String(i.digest)}
	}
	return types.ImageIdentifier{ImageTag: aws.String(cmp.Or(i.tag, "latest"))}
}

// checkImages asks Amazon ECR for the images that the running definition does not
// have. Other registries are not asked: the credentials for them are the tasks',
// and a name in a repository shall not send the agent anywhere.
func (t *target) checkImages(ctx context.Context, _ *platform.Baseline, r *report, log platform.Log) error {
	running, err := t.runningDefinition(ctx)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, askingTimeout)
	defer cancel()
	for _, name := range newImages(&t.task, running) {
		image, ok := parseECR(name)
		if !ok {
			continue
		}
		problem, err := t.lookAtImage(asking, image)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			log.Infof("Image %s was not looked at: %s", name, err)
		case problem != "":
			r.addf("image %s does not exist: %s: push it before the commit that names it, or correct the name", name, problem)
		}
	}
	return nil
}

// lookAtImage returns why an image does not exist. The error says that it cannot
// be told.
func (t *target) lookAtImage(ctx context.Context, i ecrImage) (problem string, err error) {
	_, err = t.clients.asks.images(ctx, &ecr.DescribeImagesInput{
		RegistryId: aws.String(i.account), RepositoryName: aws.String(i.repository), ImageIds: []types.ImageIdentifier{i.identifier()},
	}, i.there)
	if err == nil {
		return "", nil
	}
	if _, missing := errors.AsType[*types.RepositoryNotFoundException](err); missing {
		problem = fmt.Sprintf("Amazon ECR has no repository %s in account %s and region %s", i.repository, i.account, i.region)
	} else if _, missing := errors.AsType[*types.ImageNotFoundException](err); missing {
		problem = "Amazon ECR has the repository, but not this image"
	} else {
		return "", translate(err, "asking Amazon ECR for it")
	}
	cached, err := t.pulledThrough(ctx, i)
	if err != nil {
		return "", fmt.Errorf("%s; whether a pull through cache would bring it is not known: %w", problem, err)
	}
	if cached {
		return "", nil
	}
	return problem, nil
}

// there makes a call in the region of the image.
func (i ecrImage) there(o *ecr.Options) { o.Region = i.region }

// pulledThrough reports whether the repository is one that a pull through cache
// fills when an image is first pulled.
func (t *target) pulledThrough(ctx context.Context, i ecrImage) (bool, error) {
	pages := ecr.NewDescribePullThroughCacheRulesPaginator(t.clients.asks.pullThroughRules, &ecr.DescribePullThroughCacheRulesInput{RegistryId: aws.String(i.account)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, i.there)
		if err != nil {
			return false, translate(err, "reading the pull through cache rules")
		}
		for _, rule := range page.PullThroughCacheRules {
			prefix := aws.ToString(rule.EcrRepositoryPrefix)
			if prefix == "ROOT" || strings.HasPrefix(i.repository, prefix+"/") {
				return true, nil
			}
		}
	}
	return false, nil
}

// newImages returns the images of a definition that another one does not have.
func newImages(want *awsecs.RegisterTaskDefinitionInput, running *ecstypes.TaskDefinition) []string {
	var known, out []string
	if running != nil {
		for i := range running.ContainerDefinitions {
			known = append(known, aws.ToString(running.ContainerDefinitions[i].Image))
		}
	}
	for i := range want.ContainerDefinitions {
		if image := aws.ToString(want.ContainerDefinitions[i].Image); image != "" && !slices.Contains(known, image) {
			known = append(known, image)
			out = append(out, image)
		}
	}
	return out
}
