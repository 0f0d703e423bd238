package ecs

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

const (
	// visible is how long a new task may be missing in what ECS shows.
	visible = time.Minute
	// longestTask is how long a task is awaited; the deployment's and the stage's timeouts end the wait before.
	longestTask = 30 * 24 * time.Hour

	taskStopped = "STOPPED"
)

// standalone is the side of an application that runs a task once.
type standalone struct{ target *target }

// checkAlone checks that a task of the definition can be run by itself.
func (t *target) checkAlone(r *config.Report) {
	if app := t.app.Standalone; app != nil && app.Run && t.task.NetworkMode == types.NetworkModeAwsvpc && len(app.Subnets) == 0 {
		r.Errorf("networkMode", "awsvpc needs subnets to run a standalone task in").Hint = "set input.awsvpcConfiguration.subnets of the application file"
	}
}

// Standalone returns the side of a task that is run once, nil for a service.
func (t *target) Standalone() platform.Standalone {
	if t.app.Standalone == nil {
		return nil
	}
	return &standalone{t}
}

// startedBy marks the deployment's tasks, so that they can be listed.
func (s *standalone) startedBy() string { return "pipecd/" + s.target.app.Identity.DeploymentID }

// PlanTask prepares one task of exactly the revision.
func (s *standalone) PlanTask(_ context.Context, revision, step string) (platform.Change, error) {
	app := s.target.app.Standalone
	if !app.Run {
		return change("", struct{}{}, "No task is run, because input.runStandaloneTask is false: %s is registered", revision)
	}
	in := &awsecs.RunTaskInput{
		Cluster:        aws.String(s.cluster()),
		TaskDefinition: aws.String(revision),
		Count:          aws.Int32(1),
		LaunchType:     types.LaunchType(app.LaunchType),
		StartedBy:      aws.String(s.startedBy()),
		Tags:           s.target.stepTags("", step),
	}
	if len(app.Subnets) > 0 {
		in.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: app.Subnets, SecurityGroups: app.SecurityGroups, AssignPublicIp: types.AssignPublicIp(app.AssignPublicIP),
		}}
	}
	return change("RunTask", in, "Running a task of %s in cluster %s", revision, s.cluster())
}

func (s *standalone) cluster() string {
	if name := s.target.service.cluster(); name != "" {
		return name
	}
	return defaultCluster
}

// ApplyTask sends the recorded request with the token. When an earlier attempt
// may have happened, the task of the step is adopted instead, running or not.
func (s *standalone) ApplyTask(ctx context.Context, c platform.Change, a platform.Attempt) (string, error) {
	var in awsecs.RunTaskInput
	if err := json.Unmarshal(c.Request, &in); err != nil {
		return "", model.Wrap(model.CodeInternal, err, "reading the recorded request")
	}
	if a.Resumed {
		tasks, err := s.ours(ctx)
		if err != nil {
			return "", err
		}
		step := tagValue(in.Tags, tagStep)
		if i := slices.IndexFunc(tasks, func(t types.Task) bool { return tagValue(t.Tags, tagStep) == step }); i >= 0 {
			return aws.ToString(tasks[i].TaskArn), nil
		}
	}
	in.ClientToken = aws.String(a.Token)
	out, err := call(ctx, "running a task in cluster "+s.cluster(), func(ctx context.Context) (*awsecs.RunTaskOutput, error) {
		return s.target.clients.ecs.RunTask(ctx, &in)
	})
	switch {
	case err != nil:
		return "", err
	case len(out.Tasks) == 0:
		return "", model.Errorf(model.CodeFailedPrecondition, "the task was not started: %s", failuresOf(out.Failures))
	}
	return aws.ToString(out.Tasks[0].TaskArn), nil
}

// failuresOf says why ECS did not do what it was asked.
func failuresOf(failures []types.Failure) string {
	out := make([]string, 0, len(failures))
	for _, f := range failures {
		out = append(out, strings.Join(slices.DeleteFunc([]string{aws.ToString(f.Reason), aws.ToString(f.Detail), aws.ToString(f.Arn)},
			func(s string) bool { return s == "" }), " "))
	}
	if len(out) == 0 {
		return "Amazon ECS gave no reason"
	}
	return strings.Join(out, "; ")
}

// ours are the deployment's tasks that ECS still shows, which it does for about an
// hour after they stopped.
func (s *standalone) ours(ctx context.Context) ([]types.Task, error) {
	var arns []string
	for _, desired := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
		in := &awsecs.ListTasksInput{Cluster: aws.String(s.cluster()), StartedBy: aws.String(s.startedBy()), DesiredStatus: desired}
		out, err := call(ctx, "listing the tasks of the deployment", func(ctx context.Context) (*awsecs.ListTasksOutput, error) {
			return s.target.clients.ecs.ListTasks(ctx, in) // one page: a deployment starts a handful
		})
		if err != nil {
			return nil, err
		}
		arns = append(arns, out.TaskArns...)
	}
	return s.describe(ctx, arns...)
}

func (s *standalone) describe(ctx context.Context, arns ...string) ([]types.Task, error) {
	if len(arns) == 0 {
		return nil, nil
	}
	out, err := call(ctx, "reading the tasks of the deployment", func(ctx context.Context) (*awsecs.DescribeTasksOutput, error) {
		return s.target.clients.ecs.DescribeTasks(ctx, &awsecs.DescribeTasksInput{
			Cluster: aws.String(s.cluster()), Tasks: arns, Include: []types.TaskField{types.TaskFieldTags},
		})
	})
	if err != nil {
		return nil, err
	}
	return out.Tasks, nil
}

// AwaitStopped waits until the task is STOPPED, and says how it ended unless it
// ended well.
func (s *standalone) AwaitStopped(ctx context.Context, id string, log platform.Log) error {
	var last types.Task
	begin, status := time.Now(), ""
	err := s.target.waiting("the task has stopped", longestTask).until(ctx, func(ctx context.Context) (bool, error) {
		tasks, err := s.describe(ctx, id)
		switch {
		case err != nil:
			return false, err
		case len(tasks) == 0 && time.Since(begin) < visible:
			return false, nil
		case len(tasks) == 0:
			return false, model.Errorf(model.CodeFailedPrecondition,
				"how task %s ended cannot be known: Amazon ECS does not show it any more, which it does for about an hour after the end", id)
		}
		last = tasks[0]
		if now := aws.ToString(last.LastStatus); now != status {
			status = now
			log.Infof("Task %s is %s", id, now)
		}
		return status == taskStopped, nil
	})
	if err != nil {
		return err
	}
	return s.verdict(&last)
}

// verdict says why the task did not end well, nil if it did. What counts are the
// essential containers: the others end with them, with whatever code.
func (s *standalone) verdict(t *types.Task) error {
	id := aws.ToString(t.TaskArn)
	if t.StopCode != "" && t.StopCode != types.TaskStopCodeEssentialContainerExited {
		return model.Errorf(model.CodeFailedPrecondition, "task %s did not run to its end (%s): %s", id, t.StopCode, stopReason(t))
	}
	for _, c := range t.Containers {
		if s.essential(aws.ToString(c.Name)) && (c.ExitCode == nil || *c.ExitCode != 0) {
			return model.Errorf(model.CodeFailedPrecondition, "task %s failed: %s", id, stopReason(t))
		}
	}
	return nil
}

func (s *standalone) essential(name string) bool {
	for _, c := range s.target.task.ContainerDefinitions {
		if aws.ToString(c.Name) == name {
			return c.Essential == nil || *c.Essential
		}
	}
	return false // ECS added it
}

// Stop stops the deployment's tasks that still run, and waits until they have.
func (s *standalone) Stop(ctx context.Context, log platform.Log) (int, error) {
	tasks, err := s.ours(ctx)
	if err != nil {
		return 0, err
	}
	stopped := 0
	for _, t := range tasks {
		if aws.ToString(t.LastStatus) == taskStopped {
			continue
		}
		stopped++
		id := aws.ToString(t.TaskArn)
		log.Infof("Stopping task %s", id)
		_, err := call(ctx, "stopping task "+id, func(ctx context.Context) (*awsecs.StopTaskOutput, error) {
			return s.target.clients.ecs.StopTask(ctx, &awsecs.StopTaskInput{
				Cluster: aws.String(s.cluster()), Task: aws.String(id), Reason: aws.String("Rolled back by deployment " + s.target.app.Identity.DeploymentID),
			})
		})
		if err != nil && model.CodeOf(err) != model.CodeNotFound {
			return stopped, err
		}
	}
	return stopped, s.awaitAll(ctx)
}

// awaitAll waits until none of the deployment's tasks runs.
func (s *standalone) awaitAll(ctx context.Context) error {
	return s.target.waiting("the stopped tasks have ended", s.target.timing.DrainTimeout).until(ctx, func(ctx context.Context) (bool, error) {
		tasks, err := s.ours(ctx)
		runs := slices.ContainsFunc(tasks, func(t types.Task) bool { return aws.ToString(t.LastStatus) != taskStopped })
		return err == nil && !runs, err
	})
}
