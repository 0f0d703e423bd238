package ecs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
	"pipecd/pkg/simcloud"
	"pipecd/pkg/simcloud/task"
)

const jobFile = `
family: job
containerDefinitions:
  - name: job
    image: example.com/job:%s
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
memory: 512
cpu: 256
`

func job(version string) files { return files{"taskdef.yaml": fmt.Sprintf(jobFile, version)} }

// jobs runs tasks that end by themselves after a minute, with the code that the
// image's tag is.
type jobs struct{}

type finite struct{ exited chan task.Exit }

func (jobs) Start(_ context.Context, spec task.Spec) (task.Instance, error) {
	f := finite{make(chan task.Exit, 1)}
	code := 0
	if _, tag, _ := strings.Cut(spec.Image, ":fails-"); tag != "" {
		code = int(tag[0] - '0')
	}
	time.AfterFunc(time.Minute, func() { f.exited <- task.Exit{Code: code} })
	return f, nil
}

func (f finite) Addr() string             { return "in-memory" }
func (f finite) Exited() <-chan task.Exit { return f.exited }
func (f finite) Stop()                    {}

// alone is the world of an application that is a standalone task.
func alone(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	virtually(t, func(cfg *simcloud.Config) { cfg.Runner = jobs{} }, func(t *testing.T, w *world) {
		w.app = func(a *platform.Application) {
			a.ServiceFile, a.TargetGroups = "", platform.TargetGroups{}
			a.Standalone = &platform.StandaloneTask{Cluster: "prod", LaunchType: "FARGATE", Subnets: []string{"subnet-1"}, Run: true}
		}
		test(t, w)
	})
}

// tasks are all that ran or run.
func (w *world) tasks() []types.Task {
	w.t.Helper()
	var arns []string
	for _, desired := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
		out, err := w.aws().ListTasks(w.t.Context(), &awsecs.ListTasksInput{Cluster: aws.String("prod"), DesiredStatus: desired})
		if err != nil {
			w.t.Fatal(err)
		}
		arns = append(arns, out.TaskArns...)
	}
	if len(arns) == 0 {
		return nil
	}
	out, err := w.aws().DescribeTasks(w.t.Context(), &awsecs.DescribeTasksInput{Cluster: aws.String("prod"), Tasks: arns, Include: []types.TaskField{types.TaskFieldTags}})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Tasks
}

func TestStandaloneTaskRunsToItsEnd(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		begin := time.Now()
		w.deployment("d1", job("v1"), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		tasks := w.tasks()
		if took := time.Since(begin); len(tasks) != 1 || *tasks[0].LastStatus != "STOPPED" || took < time.Minute {
			t.Fatalf("after %s: %+v", took, tasks)
		}
		if !strings.HasSuffix(*tasks[0].TaskDefinitionArn, "job:1") || tasks[0].LaunchType != types.LaunchTypeFargate {
			t.Errorf("it ran %s on %s", *tasks[0].TaskDefinitionArn, tasks[0].LaunchType)
		}
		tags := map[string]string{}
		for _, tag := range tasks[0].Tags {
			tags[*tag.Key] = *tag.Value
		}
		if tags["pipecd-dev-application"] != "app-1" || tags["pipecd-dev-deployment"] != "d1" || tags["pipecd-dev-commit-hash"] != "c-d1" {
			t.Errorf("its tags are %v", tags)
		}
		w.deployment("d2", job("v1"), quickSync()...).mustRun(nil, model.DeploymentSuccess)
		for _, task := range w.tasks() {
			if !strings.HasSuffix(*task.TaskDefinitionArn, "job:1") {
				t.Errorf("an unchanged definition was registered again: %s", *task.TaskDefinitionArn)
			}
		}
	})
}

func TestStandaloneTaskThatFails(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		for version, why := range map[string]string{
			"fails-3": "container job exited with code 3", "missing": "CannotPullContainer",
		} {
			d := w.deployment("d-"+version, job(version), quickSync()...)
			d.mustRun(nil, model.DeploymentFailure)
			if got := d.d.Stage("stage-0").StatusReason; !strings.Contains(got, why) {
				t.Errorf("%s: the reason is %q", version, got)
			}
			if back := d.d.Stage(model.StageIDRollback); back.Status != model.StageSuccess || back.StatusReason != "A standalone task leaves nothing to restore" {
				t.Errorf("%s: the rollback is %s: %s", version, back.Status, back.StatusReason)
			}
		}
	})
}

func TestStandaloneTaskThatTakesTooLongIsStopped(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		d := w.deployment("d1", job("v1"), quickSync()...)
		d.timeouts = map[string]time.Duration{"stage-0": 10 * time.Second}
		d.mustRun(nil, model.DeploymentFailure)
		tasks := w.tasks()
		if len(tasks) != 1 || *tasks[0].LastStatus != "STOPPED" || *tasks[0].StoppedReason != "Rolled back by deployment d1" {
			t.Errorf("%+v\n%s", tasks, d.log())
		}
		if got := d.d.Stage(model.StageIDRollback).StatusReason; got != "1 task(s) that still ran are stopped; there is nothing else to restore" {
			t.Errorf("the rollback says %q", got)
		}
	})
}

func TestStandaloneTaskThatIsOnlyRegistered(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		d := w.deployment("d1", job("v1"), quickSync()...)
		d.change = func(a *platform.Application) { a.Standalone.Run = false }
		d.mustRun(nil, model.DeploymentSuccess)
		if tasks := w.tasks(); len(tasks) != 0 {
			t.Errorf("%+v", tasks)
		}
		if _, err := w.aws().DescribeTaskDefinition(t.Context(), &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("job:1")}); err != nil {
			t.Error(err)
		}
	})
}

// TestStandaloneTaskRunsOnceWhereverTheProcessDies kills the process at every
// write of the record: one task runs, and one revision is registered.
func TestStandaloneTaskRunsOnceWhereverTheProcessDies(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late=%t", late), func(t *testing.T) {
			alone(t, func(t *testing.T, w *world) {
				for kill := 1; ; kill++ {
					before := len(w.tasks())
					d := w.deployment(fmt.Sprintf("d%d", kill), job(fmt.Sprintf("v%d", kill)), quickSync()...)
					d.killAt, d.late = kill, late
					_, err := d.run(t.Context(), nil)
					killed := err != nil
					d.killAt = 0
					d.mustRun(nil, model.DeploymentSuccess)
					tasks := w.tasks()
					if len(tasks) != before+1 {
						t.Fatalf("killed at write %d: %d tasks ran\n%s", kill, len(tasks)-before, d.log())
					}
					for _, task := range tasks {
						for _, tag := range task.Tags {
							if *tag.Key == "pipecd-dev-deployment" && *tag.Value == d.d.ID && !strings.HasSuffix(*task.TaskDefinitionArn, fmt.Sprintf("job:%d", kill)) {
								t.Fatalf("killed at write %d: it ran %s\n%s", kill, *task.TaskDefinitionArn, d.log())
							}
						}
					}
					if !killed {
						t.Logf("%d crash points", kill-1)
						return
					}
				}
			})
		})
	}
}

func TestStandalonePreflight(t *testing.T) {
	alone(t, func(t *testing.T, w *world) {
		d := w.deployment("d1", job("v1"), quickSync()...)
		d.change = func(a *platform.Application) { a.Standalone.Cluster = "nowhere" }
		d.mustRun(nil, model.DeploymentFailure)
		if got := d.d.StatusReason; !strings.Contains(got, "cluster nowhere does not exist") || !strings.Contains(got, platform.NothingChanged) {
			t.Errorf("the reason is %q", got)
		}
		_, err := w.opener.Open(t.Context(), platform.Application{TaskFile: "taskdef.yaml", Standalone: &platform.StandaloneTask{Run: true}}, job("v1"))
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "input.awsvpcConfiguration.subnets") {
			t.Errorf("got %v", err)
		}
	})
}
