package ecs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
	"github.com/cenkalti/backoff/v5"

	"pipecd/pkg/model"
)

// patience is how long a call that fails for reasons on AWS's side is repeated
// before it fails its stage. A call that is refused because of the rate of calls
// is repeated for ever: that is never the deployment's fault.
const patience = 10 * time.Minute

// translate turns an error of the SDK into one of ours, once. doing says what
// was being done, in words for people.
func translate(err error, doing string) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return translateTransport(err, doing)
	}
	name, text := api.ErrorCode(), api.ErrorMessage()
	switch {
	case isDenied(name):
		return model.Errorf(model.CodePermissionDenied,
			"%s: AWS denied %s: allow that action in the policy of the agent's role (AWS says: %s)", doing, operationOf(err), text)
	case isUnauthenticated(name):
		return model.Errorf(model.CodeUnauthenticated,
			"%s: AWS does not accept the agent's credentials (%s): check the platform provider's credentialsFile, profile or role", doing, name)
	case isThrottled(name):
		return model.Wrap(model.CodeExhausted, err, doing+": AWS limits the rate of calls")
	case strings.Contains(name, "NotFound") || name == "ServiceNotActiveException":
		return model.Errorf(model.CodeNotFound, "%s: %s (%s)", doing, text, name)
	case api.ErrorFault() == smithy.FaultServer || name == "ServerException" || name == "InternalFailure" || name == "ServiceUnavailable":
		return model.Wrap(model.CodeUnavailable, err, doing+": AWS failed on its side")
	case strings.Contains(name, "LimitExceeded") || strings.Contains(name, "TooMany"):
		return model.Errorf(model.CodeExhausted, "%s: %s (%s)", doing, text, name)
	default:
		return model.Errorf(model.CodeInvalid, "%s: AWS refused: %s (%s)", doing, text, name)
	}
}

func translateTransport(err error, doing string) error {
	if ctxErr := contextError(err); ctxErr != nil {
		return fmt.Errorf("%s: %w", doing, ctxErr)
	}
	if strings.Contains(err.Error(), "failed to refresh cached credentials") || strings.Contains(err.Error(), "get identity: get credentials") {
		return model.Wrap(model.CodeUnauthenticated, err,
			doing+": no AWS credentials were found: set credentialsFile and profile of the platform provider, or give the agent a role")
	}
	return model.Wrap(model.CodeUnavailable, err, doing+": AWS could not be reached")
}

func contextError(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// operationOf returns the action as policies name it.
func operationOf(err error) string {
	op, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return "the call"
	}
	service := strings.ToLower(op.Service())
	switch op.Service() {
	case elb.ServiceID:
		service = "elasticloadbalancing"
	case scaling.ServiceID:
		service = "application-autoscaling"
	}
	return service + ":" + op.Operation()
}

func isDenied(name string) bool {
	switch name {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized":
		return true
	default:
		return false
	}
}

func isUnauthenticated(name string) bool {
	switch name {
	case "ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId",
		"SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
		"IncompleteSignature", "OptInRequired":
		return true
	default:
		return false
	}
}

func isThrottled(name string) bool {
	return strings.Contains(name, "Throttl") || name == "RequestLimitExceeded" || name == "TooManyRequestsException"
}

// limitsRate reports whether AWS refused a call because of the rate of calls.
func limitsRate(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && isThrottled(api.ErrorCode())
}

// call makes a call that may be repeated and repeats it while AWS is the cause
// of the failure. ctx ends it early.
func call[T any](ctx context.Context, doing string, f func(context.Context) (T, error)) (T, error) {
	until := time.Now().Add(patience)
	return backoff.Retry(ctx, func() (T, error) {
		out, original := f(ctx)
		err := translate(original, doing)
		switch {
		case err == nil:
			return out, nil
		case !model.IsRetryable(err), ctx.Err() != nil:
			return out, backoff.Permanent(err)
		case !limitsRate(original) && time.Now().After(until):
			return out, backoff.Permanent(err)
		}
		return out, err
	}, backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: time.Second, RandomizationFactor: 0.3, Multiplier: 2, MaxInterval: 30 * time.Second,
	}), backoff.WithMaxElapsedTime(0))
}
