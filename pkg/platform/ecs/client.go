package ecs

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// Config says how to reach AWS, as the piped file's platform provider does.
// What is empty comes from the SDK's standard chain: environment, shared files,
// container and instance roles. AWS_ENDPOINT_URL is honoured.
type Config struct {
	Region          string
	CredentialsFile string
	Profile         string
	RoleARN         string // only together with TokenFile
	TokenFile       string

	// Observer is told about calls; nil means nobody looks.
	Observer observe.Observer

	// Logger receives what the SDK prints by itself; nil discards it.
	Logger *slog.Logger

	// HTTPClient sends the requests; nil means the SDK's own.
	HTTPClient *http.Client

	// RequestRate is how many requests per second are sent at most over time;
	// short bursts may be larger. Defaults to 20.
	RequestRate float64
}

// ConfigOf returns the Config of a platform provider in the piped file.
func ConfigOf(p config.ECSPlatform) Config {
	return Config{
		Region: p.Region, CredentialsFile: p.CredentialsFile, Profile: p.Profile,
		RoleARN: p.RoleARN, TokenFile: p.TokenFile,
	}
}

// CheckAccess reports whether the files and the profile that cfg names can be
// used. It makes no call to AWS. The error has code invalid.
func CheckAccess(ctx context.Context, cfg Config) error {
	_, err := newClients(ctx, cfg)
	return err
}

// Requests that one provider sends at most: over time fewer than the 20 per
// second that Amazon ECS sustains for reads of a cluster, in one go as many as
// the deployments of a busy morning need. How large a burst an account may make
// differs per operation and account and is AWS's to say: a refusal slows the
// provider down (see pace).
const (
	defaultRequestRate = 20
	burst              = 2000
)

// maxAttempts is how often the SDK tries a call that was throttled or failed on
// the server's side before the caller decides.
const (
	maxAttempts = 6
	maxBackoff  = 5 * time.Second
)

type clients struct {
	ecs     *awsecs.Client
	elb     *elb.Client
	scaling *scaling.Client

	asks     questions
	services *services
}

func newClients(ctx context.Context, cfg Config) (clients, error) {
	if cfg.Region == "" {
		return clients{}, model.Errorf(model.CodeInvalid, "the ECS platform provider has no region: set config.region in the piped file")
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, loadOptions(cfg)...)
	if err != nil {
		return clients{}, explainAccess(cfg, err)
	}
	if cfg.RoleARN != "" && cfg.TokenFile != "" {
		provider := stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(loaded), cfg.RoleARN, stscreds.IdentityTokenFile(cfg.TokenFile))
		loaded.Credentials = aws.NewCredentialsCache(provider)
	}
	perSecond := cfg.RequestRate
	if perSecond <= 0 {
		perSecond = defaultRequestRate
	}
	p := newPace(perSecond)
	asks := newQuestions(loaded)
	loaded.APIOptions = append(loaded.APIOptions, p.listening)
	ecs := awsecs.NewFromConfig(loaded, func(o *awsecs.Options) { o.HTTPClient = paced{o.HTTPClient, p} })
	return clients{
		ecs:     ecs,
		elb:     elb.NewFromConfig(loaded, func(o *elb.Options) { o.HTTPClient = paced{o.HTTPClient, p} }),
		scaling: scaling.NewFromConfig(loaded, func(o *scaling.Options) { o.HTTPClient = paced{o.HTTPClient, p} }),

		asks: asks, services: newServices(ecs),
	}, nil
}

// explainAccess says what is wrong with the files and variables that say with
// which credentials AWS is called.
func explainAccess(cfg Config, err error) error {
	if missing, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok {
		where := "not in"
		if cfg.CredentialsFile != "" {
			where = "neither in " + cfg.CredentialsFile + " nor in"
		}
		return model.Errorf(model.CodeInvalid, "the AWS profile %q is %s the AWS configuration files of this user: write the name of one that is, or add it", missing.Profile, where)
	}
	if broken, ok := errors.AsType[awsconfig.SharedConfigLoadError](err); ok {
		return model.Errorf(model.CodeInvalid, "the AWS configuration or credentials file %s cannot be read: %w", broken.Filename, broken.Err)
	}
	return model.Wrap(model.CodeInvalid, err, "reading the AWS configuration (credentialsFile, profile, or the environment)")
}

func loadOptions(cfg Config) []func(*awsconfig.LoadOptions) error {
	opts := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(cfg.Region),
		awsconfig.WithLogger(sdkLogger{context.Background(), cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))}),
		awsconfig.WithAPIOptions([]func(*middleware.Stack) error{observed(observe.Or(cfg.Observer))}),
		awsconfig.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = maxAttempts, maxBackoff })
		}),
	}
	if cfg.CredentialsFile != "" {
		opts = append(opts, awsconfig.WithSharedCredentialsFiles([]string{cfg.CredentialsFile}))
	}
	if cfg.Profile != "" {
		opts = append(opts, awsconfig.WithSharedConfigProfile(cfg.Profile))
	}
	if cfg.HTTPClient != nil {
		opts = append(opts, awsconfig.WithHTTPClient(cfg.HTTPClient))
	}
	return opts
}
