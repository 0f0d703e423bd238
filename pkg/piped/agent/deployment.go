package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/piped/planner"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/platform"
)

// attempt plans the deployment if that was not done, and runs it. nil means
// that the deployment is completed.
func (c *controller) attempt(ctx context.Context, d *model.Deployment) error {
	box := c.box(d.ID)
	if by, ok := c.cancelledBy(d.ID); ok && d.Status == model.DeploymentPending {
		return c.complete(ctx, d, model.DeploymentCancelled, "Cancelled by "+by+" before it began")
	}
	src, closeTree, err := c.source(ctx, d)
	if err != nil {
		return c.giveUp(ctx, d, err)
	}
	defer closeTree()
	if d.Status == model.DeploymentPending {
		if err := c.plan(ctx, d, src); err != nil {
			return c.giveUp(ctx, d, err)
		}
	}
	target, err := src.Open(ctx, platform.Identity{
		PipedID: c.pipedID, ApplicationID: d.ApplicationID, DeploymentID: d.ID, CommitHash: d.Trigger.Commit.Hash,
	})
	if err != nil {
		return c.giveUp(ctx, d, err)
	}
	e := &engine.Engine{
		Registry: c.registry,
		Recorder: &recorder{Client: c.client, deployment: d.Clone(), mailbox: box, apps: c.apps},
		Logs:     c.logs,
		Logger:   c.logger,
	}
	x, err := e.Execution(d, inputOf(src, target, box))
	if err != nil {
		return c.giveUp(ctx, d, err)
	}
	c.begin(d, x)
	_, err = x.Run(ctx)
	return err
}

// giveUp ends the deployment when trying again cannot help.
func (c *controller) giveUp(ctx context.Context, d *model.Deployment, problem error) error {
	code := model.CodeOf(problem)
	if model.IsRetryable(problem) || code == model.CodeFenced || ctx.Err() != nil {
		return problem
	}
	return c.complete(ctx, d, model.DeploymentFailure, problem.Error())
}

func (c *controller) complete(ctx context.Context, d *model.Deployment, status model.DeploymentStatus, reason string) error {
	statuses := map[string]model.StageStatus{}
	for _, s := range d.Stages {
		if !s.Status.IsCompleted() && !s.Rollback {
			statuses[s.ID] = model.StageCancelled
		}
	}
	return c.client.ReportCompleted(ctx, d.ID, model.Completion{
		Status: status, Reason: reason, StageStatuses: statuses, CompletedAt: time.Now().UTC(),
	})
}

// source opens the application's files at the deployment's commit.
func (c *controller) source(ctx context.Context, d *model.Deployment) (*appsource.Source, func(), error) {
	repo, ok := c.repos[d.GitPath.Repo.ID]
	if !ok {
		return nil, nil, model.Errorf(model.CodeInvalid, "the agent is not configured with repository %q any more: add it to repositories of the piped file", d.GitPath.Repo.ID)
	}
	hash := d.Trigger.Commit.Hash
	tree, err := c.git.Snapshot(ctx, repo, hash)
	if errors.Is(err, git.ErrUnknownCommit) {
		if err := c.git.Fetch(ctx, repo, hash); err != nil {
			return nil, nil, fmt.Errorf("fetching commit %s: %w", hash, err)
		}
		tree, err = c.git.Snapshot(ctx, repo, hash)
	}
	if err != nil {
		return nil, nil, err
	}
	closeTree := func() { _ = tree.Close() } // it was only read
	src, err := appsource.Load(tree, applicationOf(d), c.providers)
	if err != nil {
		closeTree()
		return nil, nil, err
	}
	return src, closeTree, nil
}

// applicationOf is the application as the deployment remembers it, which is how
// it must be read even when it was changed since.
func applicationOf(d *model.Deployment) *model.Application {
	return &model.Application{ID: d.ApplicationID, Name: d.ApplicationName, GitPath: d.GitPath, PlatformProvider: d.PlatformProvider, Kind: d.Kind}
}

// plan decides how the commit is brought out and reports it.
func (c *controller) plan(ctx context.Context, d *model.Deployment, src *appsource.Source) error {
	previous, err := c.client.MostRecentDeployment(ctx, d.ApplicationID, model.DeploymentSuccess)
	if err != nil && model.CodeOf(err) != model.CodeNotFound {
		return err
	}
	in := planner.Input{Deployment: d, Config: src.Config, Now: time.Now().UTC(), Previous: previous}
	if previous != nil {
		in.RunningVersions = previous.Versions
	}
	in.Versions, in.VersionsErr = src.Versions()
	plan, err := planner.Plan(in)
	if err != nil {
		return err
	}
	if err := c.client.ReportPlanned(ctx, d.ID, plan); err != nil {
		return err
	}
	return d.ReportPlanned(plan, time.Now().UTC())
}

// inputOf takes from the application's file what the engine needs.
func inputOf(src *appsource.Source, target platform.Target, box *mailbox) engine.Input {
	in := engine.Input{
		Options:      map[string]config.StageOptions{model.StageIDECSSync: &config.ECSSyncOptions{}},
		Timeouts:     map[string]time.Duration{},
		Timeout:      src.Timeout(),
		AutoRollback: src.Config.Input.AutoRollback,
		Target:       target,
		Commands:     box,
	}
	if src.Config.Pipeline != nil {
		for _, s := range src.Config.Pipeline.Stages {
			in.Options[s.ID] = s.With
			in.Timeouts[s.ID] = time.Duration(s.Timeout)
		}
	}
	return in
}

// pause waits, or returns when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// jitter returns d, up to a fifth more.
func jitter(d time.Duration) time.Duration {
	return d + rand.N(d/5+1) //nolint:gosec // spreads load
}
