package ecs

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"pipecd/pkg/platform"
)

// askingTimeout bounds the questions to services that an agent need not reach:
// in a closed network they give no answer, which is no reason to wait.
const askingTimeout = 5 * time.Second

// tasksPrincipal is who assumes the roles of tasks.
const tasksPrincipal = "ecs-tasks.amazonaws.com"

// checkRoles asks for the roles of the task definition that the running one does
// not have. A definite answer is a problem; what cannot be asked is told.
func (t *target) checkRoles(ctx context.Context, _ *platform.Baseline, r *report, log platform.Log) error {
	running, err := t.runningDefinition(ctx)
	if err != nil {
		return err
	}
	var known []string
	if running != nil {
		known = []string{aws.ToString(running.ExecutionRoleArn), aws.ToString(running.TaskRoleArn)}
	}
	asking, cancel := context.WithTimeout(ctx, askingTimeout)
	defer cancel()
	for _, role := range []struct{ field, name string }{
		{"executionRoleArn", aws.ToString(t.task.ExecutionRoleArn)}, {"taskRoleArn", aws.ToString(t.task.TaskRoleArn)},
	} {
		if role.name == "" || slices.Contains(known, role.name) {
			continue
		}
		known = append(known, role.name)
		problem, err := t.lookAtRole(asking, role.name)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			log.Infof("%s of the task definition was not looked at: %s", role.field, err)
		case problem != "":
			r.addf("%s of the task definition: %s", role.field, problem)
		}
	}
	return nil
}

// runningDefinition is the definition that the primary set runs, nil when that
// is not known without doubt.
func (t *target) runningDefinition(ctx context.Context) (*ecstypes.TaskDefinition, error) {
	svc, known := t.session.knownService()
	if !known || svc == nil {
		return nil, nil //nolint:nilnil // there is nothing to compare with
	}
	return t.liveRevision(ctx)
}

// lookAtRole returns what is wrong with a role. The error says that it cannot be
// told.
func (t *target) lookAtRole(ctx context.Context, named string) (problem string, err error) {
	name := roleName(named)
	out, err := t.clients.asks.role(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if _, missing := errors.AsType[*types.NoSuchEntityException](err); missing {
		return t.missingRole(ctx, named)
	}
	if err != nil {
		return "", translate(err, "reading role "+name)
	}
	switch arn := aws.ToString(out.Role.Arn); {
	case named != name && accountOf(named) != accountOf(arn):
		return "", errors.New("role " + named + " belongs to another account")
	case named != name && named != arn:
		return "role " + named + " does not exist, but " + arn + " does: write that", nil
	case !assumable(aws.ToString(out.Role.AssumeRolePolicyDocument)):
		return "role " + named + " cannot be used by tasks, because its trust policy does not name " + tasksPrincipal +
			": allow it sts:AssumeRole there", nil
	}
	return "", nil
}

// missingRole tells a role that does not exist from one of another account,
// which cannot be looked at.
func (t *target) missingRole(ctx context.Context, named string) (problem string, err error) {
	if account := accountOf(named); account != "" {
		caller, err := t.clients.asks.caller(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", translate(err, "asking in which account the agent is")
		}
		if aws.ToString(caller.Account) != account {
			return "", errors.New("role " + named + " belongs to another account")
		}
	}
	return "role " + named + " does not exist: correct the name, or create the role", nil
}

// accountOf returns the account of an ARN, "" for a plain name.
func accountOf(arn string) string {
	const account = 4
	if parts := strings.Split(arn, ":"); len(parts) > account {
		return parts[account]
	}
	return ""
}

// trustPolicy is what matters here of a trust policy.
type trustPolicy struct {
	Statement listOf[struct {
		Effect    string          `json:"Effect"`
		Principal json.RawMessage `json:"Principal"`
	}] `json:"Statement"`
}

// listOf is one value, or a list, as policies write both.
type listOf[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *listOf[T]) UnmarshalJSON(data []byte) error {
	var many []T
	if json.Unmarshal(data, &many) == nil {
		*l = many
		return nil
	}
	var one T
	err := json.Unmarshal(data, &one)
	*l = listOf[T]{one}
	return err
}

// assumable reports whether a trust policy may let tasks assume its role: it says
// no only where no statement names them. Conditions are for AWS to judge.
func assumable(document string) bool {
	text, err := url.QueryUnescape(document)
	var policy trustPolicy
	if err != nil || json.Unmarshal([]byte(text), &policy) != nil {
		return true // not for us to read
	}
	for _, s := range policy.Statement {
		var principal struct {
			Service listOf[string] `json:"Service"`
		}
		anyone := json.Unmarshal(s.Principal, &principal) != nil // "*", which is no mapping
		if s.Effect == "Allow" && (anyone || slices.ContainsFunc(principal.Service, func(p string) bool { return p == "*" || strings.HasPrefix(p, tasksPrincipal) })) {
			return true
		}
	}
	return false
}
