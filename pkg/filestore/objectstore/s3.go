package objectstore

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"pipecd/pkg/model"
)

// S3 is a bucket of Amazon S3.
type S3 struct {
	Bucket          string
	Region          string // defaults to that of the profile or the environment
	Profile         string
	CredentialsFile string
	RoleARN         string // assumed with TokenFile, a web identity token
	TokenFile       string
}

// OpenS3 opens the bucket and sees that it can be written to. What S3 does not
// say comes from the credential chain of the AWS SDK: environment, shared
// files, the container's or the machine's role. AWS_ENDPOINT_URL_S3 and
// AWS_ENDPOINT_URL are heeded. Errors as OpenMinIO.
func OpenS3(ctx context.Context, s S3) (*Store, error) {
	if err := s.checkCredentialsFile(ctx); err != nil {
		return nil, err
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, s.loadOptions()...)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "reading the AWS configuration of the file store (credentialsFile, profile, or the environment)")
	}
	if loaded.Region == "" {
		return nil, model.Errorf(model.CodeInvalid, "the region of the bucket %s is not known: set config.region of the filestore", s.Bucket)
	}
	if s.RoleARN != "" && s.TokenFile != "" {
		provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(loaded), s.RoleARN, stscreds.IdentityTokenFile(s.TokenFile))
		loaded.Credentials = aws.NewCredentialsCache(provider)
	}
	set := settings{
		host: "s3." + loaded.Region + ".amazonaws.com", secure: true, bucket: s.Bucket, region: loaded.Region,
		keys: credentials.New(&awsKeys{from: loaded.Credentials}), lookup: minio.BucketLookupAuto,
	}
	base, err := endpointOf(ctx, loaded)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "reading the AWS endpoint of the file store")
	}
	if base != "" {
		endpoint, err := url.Parse(base)
		if err != nil || endpoint.Host == "" {
			return nil, model.Errorf(model.CodeInvalid, "the AWS endpoint %q is not an http or https URL", base)
		}
		set.host, set.secure, set.lookup = endpoint.Host, endpoint.Scheme == "https", minio.BucketLookupPath
	}
	transport := newTransport()
	set.transport, set.idle = transport, transport.CloseIdleConnections
	return open(ctx, set)
}

// checkCredentialsFile refuses a file without the profile: the SDK would go on
// to whatever else it finds, such as the machine's role, which is another
// identity than the one that was named.
func (s S3) checkCredentialsFile(ctx context.Context) error {
	if s.CredentialsFile == "" {
		return nil
	}
	profile := s.profile()
	found, err := awsconfig.LoadSharedConfigProfile(ctx, profile, func(o *awsconfig.LoadSharedConfigOptions) {
		o.CredentialsFiles = []string{s.CredentialsFile}
	})
	if err != nil {
		return model.Errorf(model.CodeInvalid, "credentialsFile %s of the filestore has no profile %q that can be read: %w", s.CredentialsFile, profile, err)
	}
	if !found.Credentials.HasKeys() && found.CredentialProcess == "" && found.RoleARN == "" && found.SSOAccountID == "" {
		return model.Errorf(model.CodeInvalid, "credentialsFile %s of the filestore has no keys for the profile %q", s.CredentialsFile, profile)
	}
	return nil
}

// profile is the one that is read of a credentials file.
func (s S3) profile() string { return cmp.Or(s.Profile, os.Getenv("AWS_PROFILE"), "default") }

func (s S3) loadOptions() []func(*awsconfig.LoadOptions) error {
	var opts []func(*awsconfig.LoadOptions) error
	if s.Region != "" {
		opts = append(opts, awsconfig.WithRegion(s.Region))
	}
	switch {
	case s.CredentialsFile != "": // with its profile: without one the SDK takes keys of the environment first
		opts = append(opts, awsconfig.WithSharedCredentialsFiles([]string{s.CredentialsFile}), awsconfig.WithSharedConfigProfile(s.profile()))
	case s.Profile != "":
		opts = append(opts, awsconfig.WithSharedConfigProfile(s.Profile))
	}
	return opts
}

// endpointOf returns the address that the environment or the profile gives S3, "" for its own.
func endpointOf(ctx context.Context, loaded aws.Config) (string, error) {
	for _, source := range loaded.ConfigSources {
		s3, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, service string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if address, found, err := s3.GetServiceBaseEndpoint(ctx, "S3"); err != nil || found {
			return address, err
		}
	}
	return aws.ToString(loaded.BaseEndpoint), nil
}

// awsKeys gives the client library the keys of the AWS SDK, which has its own
// cache and renews them in time.
type awsKeys struct{ from aws.CredentialsProvider }

var _ credentials.Provider = (*awsKeys)(nil)

// retrieveTimeout ends the wait for a credential server that does not answer:
// the library gives no context.
const retrieveTimeout = 20 * time.Second

// Retrieve asks the SDK's provider.
func (k *awsKeys) Retrieve() (credentials.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), retrieveTimeout)
	defer cancel()
	got, err := k.from.Retrieve(ctx)
	if err != nil {
		return credentials.Value{}, model.Wrap(model.CodePermissionDenied, err, "finding AWS credentials for the file store")
	}
	return credentials.Value{
		AccessKeyID: got.AccessKeyID, SecretAccessKey: got.SecretAccessKey, SessionToken: got.SessionToken, SignerType: credentials.SignatureV4,
	}, nil
}

// RetrieveWithCredContext is Retrieve.
func (k *awsKeys) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return k.Retrieve()
}

// IsExpired is always true: the SDK's provider has the cache.
func (k *awsKeys) IsExpired() bool { return true }
