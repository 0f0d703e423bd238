package ecs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"pipecd/pkg/model"
)

// refused is an error as the SDK returns it.
func refused(name, message string, fault smithy.ErrorFault) error {
	return &smithy.OperationError{ServiceID: "ECS", OperationName: "CreateTaskSet", Err: fmt.Errorf("https response error: %w",
		&smithy.GenericAPIError{Code: name, Message: message, Fault: fault})}
}

// TestTranslate: every kind of failure becomes one of ours, which decides
// whether it is tried again, with a sentence that says what was being done.
func TestTranslate(t *testing.T) {
	t.Parallel()
	const client, server, unknown = smithy.FaultClient, smithy.FaultServer, smithy.FaultUnknown
	for name, tt := range map[string]struct {
		err   error
		code  model.Code
		again bool
		says  string
	}{
		"denied":                     {refused("AccessDeniedException", "not authorized", client), model.CodePermissionDenied, false, "allow that action in the policy"},
		"denied, query protocol":     {refused("AccessDenied", "no", client), model.CodePermissionDenied, false, "ecs:CreateTaskSet"},
		"denied, EC2":                {refused("UnauthorizedOperation", "no", client), model.CodePermissionDenied, false, "AWS says: no"},
		"expired token":              {refused("ExpiredTokenException", "", client), model.CodeUnauthenticated, false, "ExpiredTokenException"},
		"expired token, query":       {refused("ExpiredToken", "", client), model.CodeUnauthenticated, false, "does not accept the agent's credentials"},
		"unknown key":                {refused("UnrecognizedClientException", "", client), model.CodeUnauthenticated, false, "profile or role"},
		"unknown key, query":         {refused("InvalidClientTokenId", "", client), model.CodeUnauthenticated, false, ""},
		"wrong secret":               {refused("SignatureDoesNotMatch", "", client), model.CodeUnauthenticated, false, ""},
		"wrong secret, JSON":         {refused("InvalidSignatureException", "", client), model.CodeUnauthenticated, false, ""},
		"no signature":               {refused("MissingAuthenticationToken", "", client), model.CodeUnauthenticated, false, ""},
		"account not subscribed":     {refused("OptInRequired", "", client), model.CodeUnauthenticated, false, ""},
		"throttled":                  {refused("ThrottlingException", "rate", client), model.CodeExhausted, true, "limits the rate"},
		"throttled, query":           {refused("Throttling", "rate", client), model.CodeExhausted, true, ""},
		"throttled, EC2":             {refused("RequestLimitExceeded", "rate", client), model.CodeExhausted, true, ""},
		"throttled, HTTP":            {refused("TooManyRequestsException", "rate", client), model.CodeExhausted, true, ""},
		"no cluster":                 {refused("ClusterNotFoundException", "no such cluster", client), model.CodeNotFound, false, "no such cluster (ClusterNotFoundException)"},
		"no task set":                {refused("TaskSetNotFoundException", "", client), model.CodeNotFound, false, ""},
		"no target group":            {refused("TargetGroupNotFound", "", client), model.CodeNotFound, false, ""},
		"service was deleted":        {refused("ServiceNotActiveException", "", client), model.CodeNotFound, false, ""},
		"server":                     {refused("ServerException", "sorry", client), model.CodeUnavailable, true, "failed on its side"},
		"server, query":              {refused("InternalFailure", "", unknown), model.CodeUnavailable, true, ""},
		"server, by its fault":       {refused("SomethingNew", "", server), model.CodeUnavailable, true, ""},
		"unavailable":                {refused("ServiceUnavailable", "", unknown), model.CodeUnavailable, true, ""},
		"a quota":                    {refused("LimitExceededException", "5 task sets", client), model.CodeExhausted, true, "5 task sets"},
		"a quota, query":             {refused("TooManyTargets", "too many", client), model.CodeExhausted, true, "too many"},
		"a wrong request":            {refused("InvalidParameterException", "bad subnet", client), model.CodeInvalid, false, "AWS refused: bad subnet (InvalidParameterException)"},
		"a wrong client":             {refused("ClientException", "bad", client), model.CodeInvalid, false, ""},
		"no route":                   {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, model.CodeUnavailable, true, "could not be reached"},
		"no credentials":             {errors.New("get identity: get credentials: none"), model.CodeUnauthenticated, false, "no AWS credentials were found"},
		"credentials cannot refresh": {errors.New("failed to refresh cached credentials, x"), model.CodeUnauthenticated, false, "credentialsFile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := translate(tt.err, "creating the task set")
			if model.CodeOf(err) != tt.code || model.IsRetryable(err) != tt.again {
				t.Errorf("code %s, tried again %t; want %s, %t (%v)", model.CodeOf(err), model.IsRetryable(err), tt.code, tt.again, err)
			}
			if !strings.HasPrefix(err.Error(), "creating the task set: ") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the sentence is %q, want %q in it", err, tt.says)
			}
		})
	}
	if err := translate(nil, "anything"); err != nil {
		t.Errorf("no error became %v", err)
	}
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if err := translate(fmt.Errorf("canceled, %w", ended), "waiting"); !errors.Is(err, ended) {
			t.Errorf("%v became %v", ended, err)
		}
	}
}
