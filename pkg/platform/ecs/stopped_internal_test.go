package ecs

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestJudge: what cannot get better is told apart from what can.
func TestJudge(t *testing.T) {
	t.Parallel()
	const (
		failed = types.TaskStopCodeTaskFailedToStart
		exited = types.TaskStopCodeEssentialContainerExited
		byECS  = types.TaskStopCodeServiceSchedulerInitiated
	)
	for name, tt := range map[string]struct {
		code   types.TaskStopCode
		reason string
		exit   int32
		want   prospect
		says   string
	}{
		"no such tag":          {failed, "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref x/shop:v9: x/shop:v9: not found", 0, hopeless, "check the image's name and tag"},
		"no such image, EC2":   {failed, "CannotPullContainerError: Error response from daemon: manifest for shop:v9 not found: manifest unknown", 0, hopeless, ""},
		"may not pull":         {failed, "CannotPullContainerError: ... unexpected status code 403 Forbidden", 0, hopeless, "execution role"},
		"may not pull, ECR":    {failed, "ResourceInitializationError: unable to pull secrets or registry auth: ... AccessDeniedException: User is not authorized to perform: ecr:GetAuthorizationToken", 0, hopeless, "execution role"},
		"no such secret":       {failed, "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret.", 0, hopeless, "what secrets names exists"},
		"no such parameter":    {failed, "ResourceInitializationError: unable to pull secrets or registry auth: invalid ssm parameters: /shop/x", 0, hopeless, ""},
		"no such role":         {failed, "ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.", 0, hopeless, "trusts ecs-tasks"},
		"no such log group":    {failed, "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: ResourceNotFoundException: The specified log group does not exist.", 0, hopeless, ""},
		"no such program":      {failed, "CannotStartContainerError: ... exec: \"servr\": executable file not found in $PATH: unknown", 0, hopeless, "entryPoint"},
		"another architecture": {failed, "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'", 0, hopeless, "runtimePlatform"},
		"no way to the net":    {failed, "ResourceInitializationError: unable to pull secrets or registry auth: RequestError: send request failed: dial tcp 10.0.0.1:443: i/o timeout", 0, strike, "i/o timeout"},
		"no capacity":          {failed, "Capacity is unavailable at this time. Please try again later or in a different availability zone", 0, passing, "no capacity"},
		"registry's limit":     {failed, "CannotPullContainerError: ... 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit", 0, passing, "limits the rate"},
		"no network interface": {failed, "Timeout waiting for network interface provisioning to complete.", 0, passing, "on its side"},
		"it crashed":           {exited, "Essential container in task exited", 1, strike, "container web exited with code 1"},
		"it was killed":        {exited, "Essential container in task exited", 137, strike, "SIGKILL"},
		"it talks of access":   {exited, "Essential container in task exited", 3, strike, ""},
		"unhealthy":            {byECS, "Task failed ELB health checks in (target-group arn:x)", 0, strike, ""},
		"scaled in":            {byECS, "Scaling activity initiated by (deployment ecs-svc/1)", 143, unrelated, ""},
		"a person":             {types.TaskStopCodeUserInitiated, "Task stopped by user", 0, unrelated, ""},
		"spot":                 {types.TaskStopCodeSpotInterruption, "Your Spot Task was interrupted.", 0, unrelated, ""},
	} {
		task := &types.Task{StopCode: tt.code, StoppedReason: &tt.reason, Containers: []types.Container{{Name: aws.String("web")}}}
		if tt.code != failed {
			task.StartedAt = aws.Time(time.Unix(1, 0))
		}
		if tt.exit != 0 {
			task.Containers[0].ExitCode = &tt.exit
		}
		got, why := judge(task)
		if got != tt.want || !strings.Contains(why, tt.says) || !strings.HasPrefix(why, tt.reason) {
			t.Errorf("%s: %d, %q; want %d, with %q", name, got, why, tt.want, tt.says)
		}
	}
}

func TestHopelessEvent(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{
		"(service shop) failed to launch a task with (error The subnet ID 'subnet-1' does not exist).":                                        true,
		"(service shop) failed to launch a task with (error ECS was unable to assume the role 'arn:x').":                                      true,
		"(service shop) failed to register targets in (target-group arn:x) with (error AccessDenied: not authorized to perform: x).":          true,
		"(service shop) failed to launch a task with (error You've reached the limit on the number of tasks you can run concurrently).":       false,
		"(service shop) was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances": false,
		"(service shop) has started 1 tasks: (task 1).":                                                                                       false,
	} {
		if _, got := hopelessEvent(message); got != want {
			t.Errorf("%s: hopeless is %t", message, got)
		}
	}
}
