package simcloud

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"pipecd/pkg/simcloud/wire"
)

// ecrTarget is what the X-Amz-Target header of the registry starts with.
const ecrTarget = "AmazonEC2ContainerRegistry_V20150921."

// Registry is the account's registry of images.
type Registry struct {
	// Images are what was pushed, such as "team/shop:v1".
	Images []string
	// PullThrough are the prefixes of repositories that a cache fills when an
	// image is first pulled.
	PullThrough []string
}

// digest is that of an image: here it follows from the name.
func (Registry) digest(image string) string {
	sum := sha256.Sum256([]byte(image))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// find returns the image that an identifier means.
func (r Registry) find(repository string, id types.ImageIdentifier) (image string, ok bool) {
	i := slices.IndexFunc(r.Images, func(image string) bool {
		name, tag, _ := strings.Cut(image, ":")
		switch {
		case name != repository:
			return false
		case id.ImageDigest != nil:
			return r.digest(image) == *id.ImageDigest
		default:
			return tag == aws.ToString(id.ImageTag)
		}
	})
	if i < 0 {
		return "", false
	}
	return r.Images[i], true
}

func (r Registry) hasRepository(name string) bool {
	return slices.ContainsFunc(r.Images, func(image string) bool { return strings.HasPrefix(image, name+":") })
}

// serveECR answers the operations of the registry that agents use.
func (c *Cloud) serveECR(w http.ResponseWriter, r *http.Request, req request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err != nil {
		refuse(w, req, wire.Errorf("InvalidParameterException", "The request could not be read."))
		return
	}
	var out any
	var refusal *wire.Error
	switch req.operation {
	case "DescribeImages":
		out, refusal = c.describeImages(body)
	case "DescribePullThroughCacheRules":
		out = c.pullThroughRules()
	default:
		refusal = wire.Errorf("UnknownOperationException", "The operation %s is not simulated.", req.operation)
	}
	if refusal != nil {
		refuse(w, req, refusal)
		return
	}
	wire.WriteJSON(w, out)
}

func (c *Cloud) describeImages(body []byte) (*ecr.DescribeImagesOutput, *wire.Error) {
	var in ecr.DescribeImagesInput
	if err := wire.Decode(body, &in); err != nil {
		return nil, wire.Errorf("InvalidParameterException", "%v", err)
	}
	registry, repository := aws.ToString(in.RegistryId), aws.ToString(in.RepositoryName)
	if registry == "" {
		registry = c.cfg.Account
	}
	known := c.cfg.Registry
	if known != nil && (registry != c.cfg.Account || !known.hasRepository(repository)) {
		return nil, wire.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", repository, registry)
	}
	out := &ecr.DescribeImagesOutput{}
	for _, id := range in.ImageIds {
		detail := types.ImageDetail{RegistryId: aws.String(registry), RepositoryName: aws.String(repository), ImageDigest: id.ImageDigest}
		if known != nil {
			image, ok := known.find(repository, id)
			if !ok {
				return nil, wire.Errorf("ImageNotFoundException",
					"The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
					orNull(id.ImageDigest), orNull(id.ImageTag), repository, registry)
			}
			detail.ImageDigest = aws.String(known.digest(image))
		}
		if id.ImageTag != nil {
			detail.ImageTags = []string{*id.ImageTag}
		}
		out.ImageDetails = append(out.ImageDetails, detail)
	}
	return out, nil
}

func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

func (c *Cloud) pullThroughRules() *ecr.DescribePullThroughCacheRulesOutput {
	out := &ecr.DescribePullThroughCacheRulesOutput{PullThroughCacheRules: []types.PullThroughCacheRule{}}
	if c.cfg.Registry == nil {
		return out
	}
	for _, prefix := range c.cfg.Registry.PullThrough {
		out.PullThroughCacheRules = append(out.PullThroughCacheRules, types.PullThroughCacheRule{
			EcrRepositoryPrefix: aws.String(prefix), RegistryId: aws.String(c.cfg.Account), UpstreamRegistryUrl: aws.String("registry.example.com"),
		})
	}
	return out
}
