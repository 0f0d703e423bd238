package ecs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// prospect is what a stopped task says about those that follow it.
type prospect int

const (
	// unrelated: somebody or something stopped the task for a reason of its own.
	unrelated prospect = iota
	// passing: the cause goes away by itself, such as a shortage of capacity.
	passing
	// strike: the next task may fare better; if some do not, none will.
	strike
	// hopeless: every task will stop for the same reason until a person acts.
	hopeless
)

// cause is a kind of failure, found by words of AWS, in lower case, and what a
// person can do about it.
type cause struct {
	words  []string
	advice string
}

// passingCauses are what AWS says when waiting helps.
func passingCauses() []cause {
	return []cause{
		{[]string{"capacity is unavailable", "insufficient capacity", "resource:"}, "AWS has no capacity for the task at this moment"},
		{[]string{"toomanyrequests", "too many requests", "rate limit", "pull rate", "throttl", "rate exceeded"}, "a registry or AWS limits the rate"},
		{[]string{"limit on the number of tasks", "limit on the number of vcpu", "reached the limit"}, "a quota of the account is used up"},
		{[]string{"unexpected ec2 error", "internal error", "internal server error", "service unavailable", "network interface provisioning"}, "AWS failed on its side"},
	}
}

// hopelessCauses are what AWS says when waiting does not help.
func hopelessCauses() []cause {
	return []cause{
		{[]string{"unable to assume"}, "check that the role exists and trusts ecs-tasks.amazonaws.com"},
		{[]string{"accessdenied", "access denied", "not authorized", "unauthorized", "forbidden", "no basic auth credentials", "pull access denied"}, "allow it in the policy of the execution role"},
		{[]string{"manifest unknown", "manifest for", "repository does not exist", "name unknown", "failed to resolve ref", "invalid reference format"}, "check the image's name and tag"},
		{[]string{"descriptor matching platform", "exec format error"}, "build the image for the CPU architecture of runtimePlatform"},
		{[]string{"secretsmanager", "can't find the specified secret", "did not contain json key", "invalid ssm parameters", "parameternotfound", "resourcenotfoundexception"}, "check that what secrets names exists"},
		{[]string{"log group does not exist", "failed to validate logger args"}, "create the log group, or set awslogs-create-group"},
		{[]string{"executable file not found", "no such file or directory", "permission denied: unknown"}, "check command, entryPoint and the image"},
		{[]string{"subnet id", "security group", "does not exist"}, "check the subnets and security groups of networkConfiguration"},
	}
}

// match returns the cause whose words are in the text.
func match(causes []cause, text string) (cause, bool) {
	text = strings.ToLower(text)
	i := slices.IndexFunc(causes, func(c cause) bool {
		return slices.ContainsFunc(c.words, func(w string) bool { return strings.Contains(text, w) })
	})
	if i < 0 {
		return cause{}, false
	}
	return causes[i], true
}

// judge returns what a stopped task means for those that follow it, and why it
// stopped, with what can be done where that is known.
func judge(t *types.Task) (prospect, string) {
	reason := stopReason(t)
	switch t.StopCode {
	case types.TaskStopCodeUserInitiated, types.TaskStopCodeSpotInterruption, types.TaskStopCodeTerminationNotice, types.TaskStopCodeInfrastructureHealth:
		return unrelated, reason
	case types.TaskStopCodeServiceSchedulerInitiated:
		if strings.Contains(strings.ToLower(reason), "health check") {
			return strike, reason
		}
		return unrelated, reason // scaled in, or its set was removed
	case types.TaskStopCodeEssentialContainerExited, types.TaskStopCodeTaskFailedToStart:
	}
	if c, ok := match(passingCauses(), reason); ok && t.StopCode != types.TaskStopCodeEssentialContainerExited {
		return passing, reason + " (" + c.advice + ")"
	}
	if c, ok := match(hopelessCauses(), reason); ok && failedToStart(t) {
		return hopeless, reason + ": " + c.advice
	}
	if isMissingImage(t) {
		return hopeless, reason + ": check the image's name and tag"
	}
	return strike, reason
}

// failedToStart reports whether the task never came to run its application.
func failedToStart(t *types.Task) bool {
	return t.StopCode == types.TaskStopCodeTaskFailedToStart || t.StartedAt == nil || strings.Contains(stopReason(t), "CannotStartContainer")
}

func isMissingImage(t *types.Task) bool {
	reason := stopReason(t)
	return strings.Contains(reason, "CannotPullContainer") && strings.Contains(strings.ToLower(reason), "not found")
}

// stopReason is why a task stopped: AWS's code and words, and how its containers
// ended.
func stopReason(t *types.Task) string {
	parts := []string{strings.TrimSpace(aws.ToString(t.StoppedReason))}
	if parts[0] == "" {
		parts[0] = string(t.StopCode)
	}
	for i := range t.Containers {
		c := &t.Containers[i]
		why := aws.ToString(c.Reason)
		switch {
		case why != "" && !strings.Contains(parts[0], why) && c.ExitCode != nil:
			parts = append(parts, fmt.Sprintf("container %s exited with code %d: %s", aws.ToString(c.Name), *c.ExitCode, why))
		case why != "" && !strings.Contains(parts[0], why):
			parts = append(parts, fmt.Sprintf("container %s: %s", aws.ToString(c.Name), why))
		case c.ExitCode != nil:
			parts = append(parts, fmt.Sprintf("container %s exited with code %d%s", aws.ToString(c.Name), *c.ExitCode, meaningOf(*c.ExitCode)))
		}
	}
	return strings.Join(parts, "; ")
}

// meaningOf explains the exit codes that are a signal's.
func meaningOf(code int32) string {
	switch code {
	case 137: // 128 + SIGKILL
		return " (killed, by SIGKILL: out of memory, or it did not stop in time)"
	case 139: // 128 + SIGSEGV
		return " (crashed, by SIGSEGV)"
	case 143: // 128 + SIGTERM
		return " (asked to stop, by SIGTERM)"
	default:
		return ""
	}
}

// hopelessEvent returns what can be done about a service event that says that no
// task of the service can be started, as long as nobody acts.
func hopelessEvent(message string) (advice string, ok bool) {
	says := func(words string) bool { return strings.Contains(message, words) }
	if !says("failed to launch a task with (error") && !says("unable to assume") && !says("failed to register targets in") {
		return "", false
	}
	if _, ok := match(passingCauses(), message); ok {
		return "", false
	}
	c, ok := match(hopelessCauses(), message)
	return c.advice, ok
}
