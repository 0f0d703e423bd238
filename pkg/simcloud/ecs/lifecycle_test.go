package ecs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/ecs"
)

func TestCrashLoop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", map[string]string{"FAULT": "crash", "FAULT_EXIT_CODE": "42", "FAULT_AFTER": "1"})
	b.service(1)
	id := b.taskSet(def, 100)
	b.until("three tasks have died", func() bool { return len(b.tasks(id, types.DesiredStatusStopped)) >= 3 })
	for _, dead := range b.tasks(id, types.DesiredStatusStopped) {
		if *dead.LastStatus != "STOPPED" {
			continue
		}
		if dead.StopCode != types.TaskStopCodeEssentialContainerExited || *dead.StoppedReason != "Essential container in task exited" {
			t.Errorf("stop code %s reason %q", dead.StopCode, *dead.StoppedReason)
		}
		if code := aws.ToInt32(dead.Containers[0].ExitCode); code != 42 {
			t.Errorf("exit code %d, want 42", code)
		}
	}
}

func TestImageThatCannotBePulled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("missing", nil)
	b.service(1)
	id := b.taskSet(def, 100)
	b.until("the service complains", func() bool { return b.eventsHave("unable to consistently start tasks") })
	dead := b.tasks(id, types.DesiredStatusStopped)[0]
	if dead.StopCode != types.TaskStopCodeTaskFailedToStart || !strings.HasPrefix(*dead.StoppedReason, "CannotPullContainerError") || dead.StartedAt != nil {
		t.Errorf("stop code %s reason %q started %v", dead.StopCode, *dead.StoppedReason, dead.StartedAt)
	}
	if set := b.sets(id)[0]; set.StabilityStatus != types.StabilityStatusStabilizing || set.RunningCount != 0 {
		t.Errorf("stability %s with %d running", set.StabilityStatus, set.RunningCount)
	}
}

func TestUnhealthyTaskIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(1)
	id := b.taskSet(def, 100)
	b.steady(id)
	first := *b.tasks(id, types.DesiredStatusRunning)[0].TaskArn
	b.groups.set("unhealthy")
	b.until("the task was stopped", func() bool { return len(b.tasks(id, types.DesiredStatusStopped)) > 0 })
	b.groups.set("healthy")
	b.steady(id)
	if now := *b.tasks(id, types.DesiredStatusRunning)[0].TaskArn; now == first {
		t.Error("the unhealthy task still runs")
	}
	if reason := *b.tasks(id, types.DesiredStatusStopped)[0].StoppedReason; !strings.Contains(reason, "Task failed ELB health checks") {
		t.Errorf("stopped reason %q", reason)
	}
	if !b.eventsHave("is unhealthy in (target-group") {
		t.Error("no event tells of the unhealthy target")
	}
}

func TestGracePeriodKeepsUnhealthyTask(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.groups.set("unhealthy")
	def := b.register("v1", nil)
	in := serviceInput(1)
	in.HealthCheckGracePeriodSeconds = aws.Int32(3600)
	must[*awsecs.CreateServiceOutput](b)(b.client.CreateService(t.Context(), in))
	id := b.taskSet(def, 100)
	b.until("the task runs", func() bool { return b.sets(id)[0].RunningCount == 1 })
	b.sets(id) // looks at the health
	if stopped := b.tasks(id, types.DesiredStatusStopped); len(stopped) != 0 {
		t.Errorf("%d tasks were stopped within the grace period", len(stopped))
	}
}

func TestNoInstancesNoTasks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := definitionInput("v1", nil)
	in.RequiresCompatibilities = nil
	def := must[*awsecs.RegisterTaskDefinitionOutput](b)(b.client.RegisterTaskDefinition(t.Context(), in))
	b.service(1)
	set := setInput(*def.TaskDefinition.TaskDefinitionArn, 100)
	set.LaunchType = types.LaunchTypeEc2
	must[*awsecs.CreateTaskSetOutput](b)(b.client.CreateTaskSet(t.Context(), set))
	if !b.eventsHave("unable to place a task") {
		t.Error("no event says that no instance is there")
	}
}

func TestStopTaskIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(1)
	id := b.taskSet(def, 100)
	b.steady(id)
	victim := b.tasks(id, types.DesiredStatusRunning)[0]
	must[*awsecs.StopTaskOutput](b)(b.client.StopTask(t.Context(), &awsecs.StopTaskInput{
		Cluster: aws.String("prod"), Task: victim.TaskArn, Reason: aws.String("maintenance"),
	}))
	b.until("it has stopped", func() bool {
		stopped := b.tasks(id, types.DesiredStatusStopped)
		return len(stopped) == 1 && *stopped[0].LastStatus == "STOPPED"
	})
	stopped := b.tasks(id, types.DesiredStatusStopped)[0]
	if stopped.StopCode != types.TaskStopCodeUserInitiated || *stopped.StoppedReason != "maintenance" {
		t.Errorf("stop code %s reason %q", stopped.StopCode, *stopped.StoppedReason)
	}
	b.steady(id)
	_, err := b.client.StopTask(t.Context(), &awsecs.StopTaskInput{Cluster: aws.String("prod"), Task: aws.String("nope")})
	wantError(t, err, "InvalidParameterException", "not found")
}

func TestRunTaskFinishes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", map[string]string{"EXIT_AFTER": "1", "EXIT_CODE": "0"})
	in := &awsecs.RunTaskInput{
		Cluster: aws.String("prod"), TaskDefinition: aws.String(def), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: setInput(def, 1).NetworkConfiguration, StartedBy: aws.String("piped"),
		ClientToken: aws.String("token-1"),
		Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
			Name: aws.String("web"), Environment: []types.KeyValuePair{{Name: aws.String("EXIT_CODE"), Value: aws.String("7")}},
		}}},
	}
	out := must[*awsecs.RunTaskOutput](b)(b.client.RunTask(t.Context(), in))
	again := must[*awsecs.RunTaskOutput](b)(b.client.RunTask(t.Context(), in))
	if *out.Tasks[0].TaskArn != *again.Tasks[0].TaskArn {
		t.Error("the same token started a second task")
	}
	var done types.Task
	b.until("the job has ended", func() bool {
		tasks := b.tasks("piped", types.DesiredStatusStopped)
		if len(tasks) == 1 {
			done = tasks[0]
		}
		return len(tasks) == 1
	})
	if code := aws.ToInt32(done.Containers[0].ExitCode); code != 7 || *done.Group != "family:shop" {
		t.Errorf("exit code %d group %s, want 7 family:shop", code, *done.Group)
	}
	in.Count = aws.Int32(2)
	_, err := b.client.RunTask(t.Context(), in)
	conflict, ok := errors.AsType[*types.ConflictException](err)
	if !ok || len(conflict.ResourceIds) != 1 {
		t.Errorf("the same token with other parameters: %v, want a ConflictException that names the task", err)
	}
}

func TestLifecycleTakesItsTime(t *testing.T) {
	t.Parallel()
	b := setup(t, func(cfg *ecs.Config) { cfg.Timing.TaskStart = time.Hour })
	def := b.register("v1", nil)
	b.service(2)
	id := b.taskSet(def, 100)
	if set := b.sets(id)[0]; set.PendingCount != 2 || set.RunningCount != 0 {
		t.Errorf("pending %d running %d, want 2 0", set.PendingCount, set.RunningCount)
	}
	for _, fresh := range b.tasks(id, types.DesiredStatusRunning) {
		if *fresh.LastStatus != "PROVISIONING" {
			t.Errorf("status %s, want PROVISIONING", *fresh.LastStatus)
		}
	}
	must[*awsecs.DeleteTaskSetOutput](b)(b.client.DeleteTaskSet(t.Context(), &awsecs.DeleteTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSet: aws.String(id), Force: aws.Bool(true),
	}))
	b.until("tasks that never ran are given up at once", func() bool { return len(b.sets()) == 0 })
}

func TestDeleteService(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(1)
	b.steady(b.taskSet(def, 100))
	remove := &awsecs.DeleteServiceInput{Cluster: aws.String("prod"), Service: aws.String("shop")}
	_, err := b.client.DeleteService(t.Context(), remove)
	wantError(t, err, "InvalidParameterException", "scaled above 0")
	remove.Force = aws.Bool(true)
	out := must[*awsecs.DeleteServiceOutput](b)(b.client.DeleteService(t.Context(), remove))
	if *out.Service.Status != "DRAINING" {
		t.Errorf("status %s, want DRAINING", *out.Service.Status)
	}
	b.until("the service is inactive", func() bool { return *b.describe().Status == "INACTIVE" })
	_, err = b.client.UpdateService(t.Context(), &awsecs.UpdateServiceInput{Cluster: aws.String("prod"), Service: aws.String("shop")})
	wantError(t, err, "ServiceNotActiveException", "")
	b.service(1) // the name is free again
	if *b.describe().Status != "ACTIVE" {
		t.Error("the service was not created anew")
	}
}
