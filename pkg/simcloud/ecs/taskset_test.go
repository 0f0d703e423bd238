package ecs_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/task"
)

func TestTaskSetRunsAndBecomesSteady(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(3)
	id := b.taskSet(def, 34) // 1.02 tasks: rounded up
	b.steady(id)

	set := b.sets(id)[0]
	if set.ComputedDesiredCount != 2 || set.RunningCount != 2 || set.PendingCount != 0 {
		t.Errorf("desired %d running %d pending %d, want 2 2 0", set.ComputedDesiredCount, set.RunningCount, set.PendingCount)
	}
	if *set.Status != "ACTIVE" || *set.TaskDefinition != def || set.Scale.Value != 34 {
		t.Errorf("status %s, definition %s, scale %v", *set.Status, *set.TaskDefinition, set.Scale)
	}
	targets := b.groups.registered()
	if len(targets) != 2 {
		t.Fatalf("%d targets registered, want 2", len(targets))
	}
	for _, target := range targets {
		if target.ID[:5] != "10.0." || target.Port != 80 || target.Fault != "" {
			t.Errorf("target %+v: want a private address, the container port and no fault", target)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+target.Addr, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if v := response.Header.Get(task.VersionHeader); v != "v1" {
			t.Errorf("the task answers as version %q, want v1", v)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, text := range []string{"has started 2 tasks", "registered 1 targets", "has reached a steady state"} {
		if !b.eventsHave(text) {
			t.Errorf("no event has %q", text)
		}
	}
	for _, running := range b.tasks(id, types.DesiredStatusRunning) {
		if *running.LastStatus != "RUNNING" || *running.Group != "service:shop" || *running.StartedBy != id {
			t.Errorf("task %s: status %s group %s started by %s", *running.TaskArn, *running.LastStatus, *running.Group, *running.StartedBy)
		}
	}
}

func TestTaskSetIsNotSteadyWhileTargetsAreNotHealthy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.groups.set("initial")
	def := b.register("v1", nil)
	b.service(1)
	id := b.taskSet(def, 100)
	b.until("the task runs", func() bool { return b.sets(id)[0].RunningCount == 1 })
	if got := b.sets(id)[0].StabilityStatus; got != types.StabilityStatusStabilizing {
		t.Errorf("stability %s, want STABILIZING", got)
	}
	b.groups.set("healthy")
	b.steady(id)
}

func TestPrimaryTaskSet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.register("v1", nil)
	b.service(1)
	if s := b.describe(); s.TaskDefinition != nil || len(s.LoadBalancers) != 0 {
		t.Errorf("a service without a primary set shows definition %v", s.TaskDefinition)
	}
	old, fresh := b.taskSet(first, 100), b.taskSet(b.register("v2", nil), 100)
	promote := func(id string) {
		must[*awsecs.UpdateServicePrimaryTaskSetOutput](b)(b.client.UpdateServicePrimaryTaskSet(t.Context(), &awsecs.UpdateServicePrimaryTaskSetInput{
			Cluster: aws.String("prod"), Service: aws.String("shop"), PrimaryTaskSet: aws.String(id),
		}))
	}
	promote(old)
	if s := b.describe(); aws.ToString(s.TaskDefinition) != first || s.LaunchType != types.LaunchTypeFargate || len(s.LoadBalancers) != 1 {
		t.Errorf("the service does not show its primary set: %v %v %v", s.TaskDefinition, s.LaunchType, s.LoadBalancers)
	}
	promote(fresh)
	promote(fresh) // again: no change
	if sets := b.sets(old, fresh); *sets[0].Status != "ACTIVE" || *sets[1].Status != "PRIMARY" {
		t.Errorf("statuses %s and %s, want ACTIVE and PRIMARY", *sets[0].Status, *sets[1].Status)
	}

	remove := &awsecs.DeleteTaskSetInput{Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSet: aws.String(fresh)}
	_, err := b.client.DeleteTaskSet(t.Context(), remove)
	wantError(t, err, "InvalidParameterException", "PRIMARY")
	remove.Force = aws.Bool(true)
	must[*awsecs.DeleteTaskSetOutput](b)(b.client.DeleteTaskSet(t.Context(), remove))
	b.until("the set is gone", func() bool { return len(b.sets()) == 1 })
}

func TestScaleDownDrainsBeforeStopping(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(2)
	id := b.taskSet(def, 100)
	b.steady(id)
	b.groups.holdDraining()
	update := &awsecs.UpdateTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSet: aws.String(id),
		Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 50},
	}
	out := must[*awsecs.UpdateTaskSetOutput](b)(b.client.UpdateTaskSet(t.Context(), update))
	if out.TaskSet.ComputedDesiredCount != 1 {
		t.Errorf("computed desired count %d, want 1", out.TaskSet.ComputedDesiredCount)
	}
	b.until("a task is deactivating", func() bool {
		stopping := b.tasks(id, types.DesiredStatusStopped)
		return len(stopping) == 1 && *stopping[0].LastStatus == "DEACTIVATING"
	})
	if got := b.sets(id)[0].StabilityStatus; got != types.StabilityStatusStabilizing {
		t.Errorf("stability %s while a target drains, want STABILIZING", got)
	}
	b.groups.release()
	b.steady(id)
	stopped := b.tasks(id, types.DesiredStatusStopped)[0]
	if *stopped.LastStatus != "STOPPED" || stopped.StopCode != types.TaskStopCodeServiceSchedulerInitiated || stopped.StoppedAt == nil {
		t.Errorf("stopped task: %s %s %v", *stopped.LastStatus, stopped.StopCode, stopped.StoppedAt)
	}
}

func TestDeletedSetDrainsAndDisappears(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(1)
	id := b.taskSet(def, 100)
	b.steady(id)
	remove := &awsecs.DeleteTaskSetInput{Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSet: aws.String(id)}
	_, err := b.client.DeleteTaskSet(t.Context(), remove)
	wantError(t, err, "InvalidParameterException", "scaled above 0")

	b.groups.holdDraining()
	remove.Force = aws.Bool(true)
	out := must[*awsecs.DeleteTaskSetOutput](b)(b.client.DeleteTaskSet(t.Context(), remove))
	if *out.TaskSet.Status != "DRAINING" {
		t.Errorf("status %s, want DRAINING", *out.TaskSet.Status)
	}
	b.until("the event", func() bool { return b.eventsHave("has begun draining connections") })
	if sets := b.sets(id); len(sets) != 1 || *sets[0].Status != "DRAINING" {
		t.Errorf("a draining set is not shown: %v", sets)
	}
	_, err = b.client.UpdateServicePrimaryTaskSet(t.Context(), &awsecs.UpdateServicePrimaryTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), PrimaryTaskSet: aws.String(id),
	})
	wantError(t, err, "InvalidParameterException", "DRAINING")
	b.groups.release()
	b.until("the set is gone", func() bool { return len(b.sets()) == 0 })
	_, err = b.client.DeleteTaskSet(t.Context(), remove)
	wantError(t, err, "TaskSetNotFoundException", "")
}

func TestDeleteScaledSetsIsASetting(t *testing.T) {
	t.Parallel()
	b := setup(t, func(cfg *ecs.Config) { cfg.DeleteScaledSets = true })
	def := b.register("v1", nil)
	b.service(1)
	id := b.taskSet(def, 100)
	must[*awsecs.DeleteTaskSetOutput](b)(b.client.DeleteTaskSet(t.Context(), &awsecs.DeleteTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSet: aws.String(id),
	}))
	b.until("the set is gone", func() bool { return len(b.sets()) == 0 })
}

func TestFiveTaskSetsAreTheLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.groups.holdDraining()
	def := b.register("v1", nil)
	b.service(1)
	first := b.taskSet(def, 100)
	b.steady(first)
	for range 4 {
		b.taskSet(def, 0)
	}
	must[*awsecs.DeleteTaskSetOutput](b)(b.client.DeleteTaskSet(t.Context(), &awsecs.DeleteTaskSetInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSet: aws.String(first), Force: aws.Bool(true),
	}))
	_, err := b.client.CreateTaskSet(t.Context(), setInput(def, 100)) // the draining one still counts
	wantError(t, err, "InvalidParameterException", "5 deployments exist on the service")
	b.groups.release()
	b.until("the first set is gone", func() bool { return len(b.sets()) == 4 })
	b.taskSet(def, 0)
}

func TestDesiredCountMovesEverySet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(0)
	whole, part := b.taskSet(def, 100), b.taskSet(def, 30)
	must[*awsecs.UpdateServiceOutput](b)(b.client.UpdateService(t.Context(), &awsecs.UpdateServiceInput{
		Cluster: aws.String("prod"), Service: aws.String("shop"), DesiredCount: aws.Int32(4),
	}))
	b.until("both have grown", func() bool {
		sets := b.sets(whole, part)
		return sets[0].RunningCount == 4 && sets[1].RunningCount == 2
	})
	if s := b.describe(); s.RunningCount != 6 || s.DesiredCount != 4 || len(s.TaskSets) != 2 {
		t.Errorf("service: running %d desired %d sets %d, want 6 4 2", s.RunningCount, s.DesiredCount, len(s.TaskSets))
	}
}

func TestTagsAreShownOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(0)
	in := setInput(def, 100)
	in.Tags = []types.Tag{{Key: aws.String("pipecd-dev-managed-by"), Value: aws.String("piped")}}
	out := must[*awsecs.CreateTaskSetOutput](b)(b.client.CreateTaskSet(t.Context(), in))
	describe := &awsecs.DescribeTaskSetsInput{Cluster: aws.String("prod"), Service: aws.String("shop"), TaskSets: []string{*out.TaskSet.TaskSetArn}}
	if set := must[*awsecs.DescribeTaskSetsOutput](b)(b.client.DescribeTaskSets(t.Context(), describe)).TaskSets[0]; len(set.Tags) != 0 {
		t.Errorf("tags %v without asking", set.Tags)
	}
	if set := b.describe().TaskSets[0]; len(set.Tags) != 0 {
		t.Errorf("DescribeServices shows tags of the set: %v", set.Tags)
	}
	describe.Include = []types.TaskSetField{types.TaskSetFieldTags}
	if set := must[*awsecs.DescribeTaskSetsOutput](b)(b.client.DescribeTaskSets(t.Context(), describe)).TaskSets[0]; len(set.Tags) != 1 || *set.Tags[0].Value != "piped" {
		t.Errorf("tags %v, want the one given", set.Tags)
	}
}

func TestCreateTaskSetIsIdempotentByToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	def := b.register("v1", nil)
	b.service(1)
	in := setInput(def, 100)
	in.ClientToken = aws.String("b5a5c8e6-0c5e-5b9c-8c0e-5f3f0f6d0f11")
	one := must[*awsecs.CreateTaskSetOutput](b)(b.client.CreateTaskSet(t.Context(), in))
	two := must[*awsecs.CreateTaskSetOutput](b)(b.client.CreateTaskSet(t.Context(), in))
	if *one.TaskSet.TaskSetArn != *two.TaskSet.TaskSetArn || len(b.sets()) != 1 {
		t.Errorf("the same token made %s and %s", *one.TaskSet.TaskSetArn, *two.TaskSet.TaskSetArn)
	}
	in.Scale.Value = 50
	_, err := b.client.CreateTaskSet(t.Context(), in)
	wantError(t, err, "InvalidParameterException", "not idempotent")
}
