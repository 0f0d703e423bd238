package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/piped/planner"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
)

// attempt plans the deployment if that was not done, and runs it. nil means
// that the deployment is completed.
func (c *controller) attempt(ctx context.Context, d *model.Deployment, out *outbox) error {
	box := c.box(d.ID)
	record := &recorder{out: out, deployment: d.Clone(), mailbox: box, apps: c.apps, late: c.answerLate}
	if err := c.mark(d, out); err != nil {
		return err
	}
	if by, ok := c.cancelledBy(d.ID); ok && d.Status == model.DeploymentPending {
		return complete(ctx, d, record, model.DeploymentCancelled, "Cancelled by "+by+" before it began")
	}
	src, files, err := c.source(ctx, d)
	if err != nil {
		return giveUp(ctx, d, record, err)
	}
	if d.Status == model.DeploymentPending {
		if err := c.plan(ctx, d, src); err != nil {
			return giveUp(ctx, d, record, err)
		}
	}
	target, err := src.Open(ctx, platform.Identity{
		PipedID: c.pipedID, ApplicationID: d.ApplicationID, DeploymentID: d.ID, CommitHash: d.Trigger.Commit.Hash,
	})
	if err != nil {
		return giveUp(ctx, d, record, err)
	}
	if err := c.record(ctx, d, files, out); err != nil {
		return err
	}
	record.deployment = d.Clone() // with its plan
	e := &engine.Engine{
		Registry: c.registry,
		Recorder: record,
		Logs:     c.logs,
		Logger:   c.logger,
		Observer: c.observer,
	}
	x, err := e.Execution(d, c.inputOf(d, src, target, box))
	if err != nil {
		return giveUp(ctx, d, record, err)
	}
	c.begin(d, x)
	if d.Status, err = x.Run(ctx); err == nil {
		c.sweepAfter(ctx, d, target, time.Duration(src.Config.Input.KeepPrevious))
	}
	return err
}

// giveUp ends the deployment when trying again cannot help.
func giveUp(ctx context.Context, d *model.Deployment, record *recorder, problem error) error {
	code := model.CodeOf(problem)
	if model.IsRetryable(problem) || code == model.CodeFenced || ctx.Err() != nil {
		return problem
	}
	return complete(ctx, d, record, model.DeploymentFailure, problem.Error()+leftBehind(d))
}

// leftBehind says what becomes of what the deployment made when it ends without
// a rollback, which needs the deployment's files.
func leftBehind(d *model.Deployment) string {
	if !strings.Contains(d.Metadata[stage.MetadataSteps], `"`+stage.StepPreflight+`"`) {
		return "; nothing had been changed yet"
	}
	return "; it cannot be rolled back without its files, so what it made until now stays as it is: deploy again, and the next deployment cleans up"
}

func complete(ctx context.Context, d *model.Deployment, record *recorder, status model.DeploymentStatus, reason string) error {
	statuses := map[string]model.StageStatus{}
	for _, s := range d.Stages {
		if !s.Status.IsCompleted() && !s.Rollback {
			statuses[s.ID] = model.StageCancelled
		}
	}
	err := record.ReportCompleted(ctx, d.ID, model.Completion{
		Status: status, Reason: reason, StageStatuses: statuses, CompletedAt: time.Now().UTC(),
	})
	if err == nil {
		d.Status = status
	}
	return err
}

// source reads the application's files at the deployment's commit, or as they
// were recorded when the commit is gone. files is what was read of the commit,
// nil if it was the record.
func (c *controller) source(ctx context.Context, d *model.Deployment) (*appsource.Source, *capture, error) {
	tree, err := c.snapshot(ctx, d)
	if errors.Is(err, git.ErrUnknownCommit) {
		recorded, err := vanished(d, err)
		if err != nil {
			return nil, nil, err
		}
		c.logger.WarnContext(ctx, "the deployment's commit is gone; it goes on with its recorded files",
			slog.String("deployment", d.ID), slog.String("commit", d.Trigger.Commit.Hash))
		src, err := appsource.Load(recorded, applicationOf(d), c.providers)
		return src, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	defer tree.Close() //nolint:errcheck // it was only read
	files := newCapture(tree)
	src, err := appsource.Load(files, applicationOf(d), c.providers)
	return src, files, err
}

// snapshot opens the deployment's commit, fetching it if needed.
func (c *controller) snapshot(ctx context.Context, d *model.Deployment) (git.Snapshot, error) {
	repo, ok := c.repos[d.GitPath.Repo.ID]
	if !ok {
		return nil, model.Errorf(model.CodeInvalid, "the agent is not configured with repository %q any more: add it to repositories of the piped file", d.GitPath.Repo.ID)
	}
	hash := d.Trigger.Commit.Hash
	tree, err := c.git.Snapshot(ctx, repo, hash)
	if errors.Is(err, git.ErrUnknownCommit) {
		if err := c.git.Fetch(ctx, repo, hash); err != nil {
			return nil, fmt.Errorf("fetching commit %s: %w", hash, err)
		}
		tree, err = c.git.Snapshot(ctx, repo, hash)
	}
	return tree, err
}

// directory opens the application's directory at the deployment's commit.
func (c *controller) directory(ctx context.Context, d *model.Deployment) (fs.FS, func(), error) {
	tree, err := c.snapshot(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	done := func() { _ = tree.Close() } // it was only read
	dir, err := fs.Sub(tree, d.GitPath.Dir())
	if err != nil {
		done()
		return nil, nil, model.Wrap(model.CodeInvalid, err, "opening the application's directory")
	}
	return dir, done, nil
}

// applicationOf is the application as the deployment remembers it, which is how
// it must be read even when it was changed since.
func applicationOf(d *model.Deployment) *model.Application {
	return &model.Application{ID: d.ApplicationID, Name: d.ApplicationName, Labels: d.Labels, GitPath: d.GitPath, PlatformProvider: d.PlatformProvider, Kind: d.Kind}
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
func (c *controller) inputOf(d *model.Deployment, src *appsource.Source, target platform.Target, box *mailbox) engine.Input {
	in := engine.Input{
		Options:      map[string]config.StageOptions{model.StageIDECSSync: syncOptions(src)},
		Timeouts:     map[string]time.Duration{},
		Timeout:      src.Timeout(),
		AutoRollback: src.Config.Input.AutoRollback,
		Target:       target,
		Commands:     box,
		KeepPrevious: time.Duration(src.Config.Input.KeepPrevious),
		SkipOn:       func(ctx context.Context, on config.SkipOn) (string, error) { return c.skipOn(ctx, d, on) },
		Files:        func(ctx context.Context) (fs.FS, func(), error) { return c.directory(ctx, d) },
	}
	if src.Config.Pipeline != nil {
		for _, s := range src.Config.Pipeline.Stages {
			in.Options[s.ID] = s.With
			if _, ok := s.With.(*config.ECSSyncOptions); ok {
				in.Options[s.ID] = syncOptions(src)
			}
			in.Timeouts[s.ID] = time.Duration(s.Timeout)
		}
	}
	return in
}

// syncOptions are those of every ECS_SYNC of the application: the file has them
// in one place.
func syncOptions(src *appsource.Source) *config.ECSSyncOptions {
	return &config.ECSSyncOptions{Recreate: src.Config.QuickSync.Recreate}
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
