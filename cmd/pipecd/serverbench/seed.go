package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
)

// agent is an agent with something to do.
type agent struct {
	id, key    string
	deployment string // running
	stage      string
}

// credential is the agent's metadata.
func (a agent) credential() (string, error) {
	return auth.PipedCredential{ProjectID: projectID, PipedID: a.id, Key: a.key}.Authorization()
}

// addAgents registers agents. Each has one application, which is being deployed.
func (w *world) addAgents(ctx context.Context, n int) ([]agent, error) {
	agents := make([]agent, n)
	err := inParallel(n, func(i int) error {
		now := time.Now()
		a := agent{id: model.NewID(), key: auth.NewKey(), stage: "stage-0"}
		piped := &model.Piped{
			ID: a.id, Name: "agent-" + a.id[:8], ProjectID: projectID, StartedAt: now, CreatedAt: now, UpdatedAt: now,
			Keys:              []model.PipedKey{{Hash: auth.HashKey(a.key), Creator: username, CreatedAt: now}},
			Repositories:      []model.GitRepository{{ID: "bench", Remote: "git@github.com:example/bench.git", Branch: "main"}},
			PlatformProviders: []model.Provider{{Name: "ecs", Type: "ECS"}},
		}
		if err := w.store.AddPiped(ctx, piped); err != nil {
			return err
		}
		app := sampleApplication(a.id, i, now)
		if err := w.store.AddApplication(ctx, app); err != nil {
			return err
		}
		d := sampleDeployment(app, model.DeploymentRunning, now)
		a.deployment = d.ID
		agents[i] = a
		return w.store.CreateDeployment(ctx, model.Fence{PipedID: a.id}, d)
	})
	return agents, err
}

func sampleApplication(pipedID string, i int, now time.Time) *model.Application {
	id := model.NewID()
	return &model.Application{
		ID: id, Name: fmt.Sprintf("service-%05d", i), ProjectID: projectID, PipedID: pipedID, Kind: model.KindECS, PlatformProvider: "ecs",
		GitPath: model.GitPath{
			Repo: model.GitRepository{ID: "bench", Remote: "git@github.com:example/bench.git", Branch: "main"},
			Path: "services/" + id, ConfigFilename: model.DefaultConfigFilename,
		},
		Labels:    map[string]string{"team": fmt.Sprintf("team-%d", i%10)},
		SyncState: model.SyncState{Status: model.SyncSynced, ShortReason: "what runs is what Git says", Timestamp: now},
		CreatedAt: now, UpdatedAt: now,
	}
}

// sampleDeployment has the stages of a canary pipeline.
func sampleDeployment(app *model.Application, status model.DeploymentStatus, now time.Time) *model.Deployment {
	d := &model.Deployment{
		ID: model.NewID(), ApplicationID: app.ID, ApplicationName: app.Name, PipedID: app.PipedID, ProjectID: app.ProjectID,
		Kind: app.Kind, GitPath: app.GitPath, PlatformProvider: app.PlatformProvider, Labels: app.Labels,
		Trigger: model.DeploymentTrigger{
			Commit:    model.Commit{Hash: "c0ffee0123456789", Message: "Release the next version", Author: "someone", Branch: "main", CreatedAt: now},
			Timestamp: now,
		},
		Summary:  "The configured pipeline replaces version v1 by v2",
		Versions: []model.ArtifactVersion{{Kind: model.ArtifactContainerImage, Version: "v2", Name: "web", URL: "registry.example.com/web:v2"}},
		Status:   status, StatusReason: "as planned", CreatedAt: now, UpdatedAt: now,
	}
	for i, name := range []model.StageName{
		model.StageECSCanaryRollout, model.StageECSTrafficRouting, model.StageAnalysis, model.StageECSPrimaryRollout, model.StageECSTrafficRouting,
		model.StageECSCanaryClean,
	} {
		stage := model.Stage{ID: fmt.Sprintf("stage-%d", i), Name: name, Index: int32(i), Visible: true, Status: model.StageRunning, CreatedAt: now, UpdatedAt: now}
		if status.IsCompleted() {
			stage.Status, stage.CompletedAt = model.StageSuccess, now
		}
		d.Stages = append(d.Stages, stage)
	}
	if status.IsCompleted() {
		d.CompletedAt = now
	}
	return d
}

// writers is how many fill the database at once.
const writers = 24

// inParallel does n pieces of work and returns the first errors.
func inParallel(n int, do func(i int) error) error {
	var (
		next    atomic.Int64
		workers sync.WaitGroup
		errs    = make([]error, writers)
	)
	for worker := range writers {
		workers.Go(func() {
			for errs[worker] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[worker] = do(i)
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// quickly fills the database without waiting for its disk.
func (w *world) quickly(ctx context.Context, fill func() error) error {
	if err := w.mariadb.Do(ctx, "SET GLOBAL innodb_flush_log_at_trx_commit = 0"); err != nil {
		return err
	}
	return errors.Join(fill(), w.mariadb.Do(ctx, "SET GLOBAL innodb_flush_log_at_trx_commit = 1"))
}
