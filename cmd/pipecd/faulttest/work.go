package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

const (
	stageWait     = "WAIT"
	stageAnalysis = "ANALYSIS"
)

// worker does an agent's work under one epoch: deployments, one after the other,
// those first that people ask for.
type worker struct{ *process }

// run works until it is told to stop or refused because a newer process acts.
func (k *worker) run(ctx context.Context) {
	err := k.takeOver(ctx)
	for ctx.Err() == nil && model.CodeOf(err) != model.CodeFenced {
		err = k.next(ctx)
	}
}

// takeOver brings what an earlier process began to its end.
func (k *worker) takeOver(ctx context.Context) error {
	open, err := k.client.ListOpenDeployments(ctx)
	if err != nil {
		return err
	}
	for _, d := range open {
		if k.agent.world.ledger.tried(d.ID) == nil {
			k.agent.world.ledger.isDoubledf("deployment %s, which nobody created, is to be carried on by %s", d.ID, k.agent.name)
			continue
		}
		if err := k.carryOn(ctx, d, true); model.CodeOf(err) == model.CodeFenced {
			return err
		}
	}
	return nil
}

// next does what a command asks for, or deploys without one.
func (k *worker) next(ctx context.Context) error {
	_ = k.client.ReportStat(ctx) // the next one makes up for it
	c := k.nextCommand()
	if c == nil {
		return k.deploy(ctx, model.NewID())
	}
	id := model.DeploymentIDForCommand(c.ApplicationID, c.ID)
	d, err := k.create(ctx, id)
	if err != nil {
		return err
	}
	answer := model.Handled{Status: model.CommandSucceeded, Metadata: map[string]string{model.CommandMetadataDeploymentID: id}}
	err = k.write(ctx, func(ctx context.Context) error { return k.client.ReportCommandHandled(ctx, c.ID, answer) })
	if err != nil {
		return err
	}
	k.agent.world.ledger.order(c.ID, k.agent, func(o *order) { o.answered, o.deployment = time.Now(), id })
	k.forget(c)
	return k.carryOn(ctx, d, true) // if another process answered, it may have begun
}

func (k *worker) deploy(ctx context.Context, id string) error {
	d, err := k.create(ctx, id)
	if err != nil {
		return err
	}
	return k.carryOn(ctx, d, false)
}

// create stores a deployment, and returns it as it is stored when it was there.
func (k *worker) create(ctx context.Context, id string) (*model.Deployment, error) {
	k.agent.world.ledger.tries(k.agent, id)
	d := k.newDeployment(id)
	there := false
	err := k.write(ctx, func(ctx context.Context) error {
		err := k.client.CreateDeployment(ctx, d)
		if model.CodeOf(err) == model.CodeAlreadyExists { // the answer to an earlier try was lost
			there = true
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	k.note(id, func(p *promise) { p.created = true })
	if there {
		return k.client.GetDeployment(ctx, id)
	}
	return d, nil
}

func (k *worker) newDeployment(id string) *model.Deployment {
	now := time.Now()
	return &model.Deployment{
		ID: id, ApplicationID: k.agent.app, ApplicationName: k.agent.name, PipedID: k.agent.id, ProjectID: projectID, Kind: model.KindECS,
		GitPath:          model.GitPath{Repo: model.GitRepository{ID: repository, Branch: "main"}, Path: k.agent.name, ConfigFilename: model.DefaultConfigFilename},
		PlatformProvider: provider,
		Trigger: model.DeploymentTrigger{
			Commit: model.Commit{Hash: id, Message: "a change", Author: "someone", Branch: "main", CreatedAt: now}, Timestamp: now,
		},
		CreatedAt: now, UpdatedAt: now,
	}
}

// carryOn does what is not done yet of a deployment. again says that another
// process may have done a part or do it now.
func (k *worker) carryOn(ctx context.Context, d *model.Deployment, again bool) error {
	for _, step := range []func(context.Context, *model.Deployment) error{k.plan, k.begin, k.wait, k.analyse} {
		err := step(ctx, d)
		if model.CodeOf(err) == model.CodeFailedPrecondition && !again && !k.agent.contested {
			k.agent.world.ledger.isLostf("%s was refused though nobody else acts for it: %v", k.agent.name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *worker) plan(ctx context.Context, d *model.Deployment) error {
	if d.Status != model.DeploymentPending {
		return nil
	}
	now := time.Now()
	plan := model.Plan{Summary: "two stages", StatusReason: "as planned"}
	for i, id := range []string{stageWait, stageAnalysis} {
		plan.Stages = append(plan.Stages, model.Stage{ID: id, Name: model.StageName(id), Index: int32(i), Visible: true, CreatedAt: now, UpdatedAt: now})
	}
	err := k.write(ctx, func(ctx context.Context) error { return k.client.ReportPlanned(ctx, d.ID, plan) })
	if err == nil {
		k.note(d.ID, func(p *promise) { p.reached(model.DeploymentPlanned, nil) })
		d.Status, d.Stages = model.DeploymentPlanned, plan.Stages
	}
	return err
}

func (k *worker) begin(ctx context.Context, d *model.Deployment) error {
	if d.Status != model.DeploymentPlanned {
		return nil
	}
	metadata := map[string]string{"begun by": fmt.Sprintf("epoch %d", k.client.Epoch())}
	err := k.record(ctx, d.ID,
		apiclient.StatusReport(d.ID, model.DeploymentRunning, "the stages run"), apiclient.MetadataReport(d.ID, metadata),
		apiclient.StageReport(d.ID, model.StageReport{StageID: stageWait, Status: model.StageRunning}), apiclient.DeployingReport(d.ApplicationID, true))
	if err == nil {
		k.note(d.ID, func(p *promise) {
			p.reached(model.DeploymentRunning, map[string]model.StageStatus{stageWait: model.StageRunning})
			p.metadata["begun by"] = metadata["begun by"]
		})
		d.Status = model.DeploymentRunning
	}
	return err
}

// wait is a stage that writes a journal and a log.
func (k *worker) wait(ctx context.Context, d *model.Deployment) error {
	if s := d.Stage(stageWait); s == nil || s.Status.IsCompleted() {
		return nil
	}
	log := newStageLog(k, d.ID, stageWait)
	for i := range 4 {
		if err := log.send(ctx, false); err != nil {
			return err
		}
		step, name := strconv.Itoa(i), "step-"+strconv.Itoa(i)
		err := k.write(ctx, func(ctx context.Context) error {
			return k.client.SaveStageMetadata(ctx, d.ID, stageWait, map[string]string{name: step})
		})
		if err != nil {
			return err
		}
		k.note(d.ID, func(p *promise) { p.steps[name] = step })
	}
	if err := log.send(ctx, true); err != nil {
		return err
	}
	err := k.record(ctx, d.ID,
		apiclient.StageReport(d.ID, model.StageReport{StageID: stageWait, Status: model.StageSuccess}),
		apiclient.StageReport(d.ID, model.StageReport{StageID: stageAnalysis, Status: model.StageRunning}))
	if err == nil {
		k.note(d.ID, func(p *promise) {
			p.reached(model.DeploymentRunning, map[string]model.StageStatus{stageWait: model.StageSuccess, stageAnalysis: model.StageRunning})
		})
	}
	return err
}

// analyse is a stage that measures, and the end of the deployment.
func (k *worker) analyse(ctx context.Context, d *model.Deployment) error {
	if d.Status.IsCompleted() {
		return nil
	}
	log := newStageLog(k, d.ID, stageAnalysis)
	for i := range 2 {
		if err := log.send(ctx, i == 1); err != nil {
			return err
		}
		now := time.Now()
		report := model.AnalysisReport{DeploymentID: d.ID, StageID: stageAnalysis, Checks: []model.AnalysisCheck{{
			Metric: "metrics-0", Index: i, From: now.Add(-time.Minute), To: now, AskedAt: now, Query: "avg:errors{*}", Verdict: "PASS", Message: "0 is below 1",
		}}}
		if err := k.write(ctx, func(ctx context.Context) error { return k.client.ReportAnalysisChecks(ctx, report) }); err != nil {
			return err
		}
		k.note(d.ID, func(p *promise) { p.checks[i] = true })
	}
	end := model.Completion{Status: model.DeploymentSuccess, Reason: "it is well", StageStatuses: map[string]model.StageStatus{stageAnalysis: model.StageSuccess}}
	err := k.record(ctx, d.ID,
		apiclient.StageReport(d.ID, model.StageReport{StageID: stageAnalysis, Status: model.StageSuccess}),
		apiclient.MostRecentReport(d.ApplicationID, model.DeploymentSuccess, d.Ref()),
		apiclient.CompletedReport(d.ID, end), apiclient.DeployingReport(d.ApplicationID, false))
	if err == nil {
		k.note(d.ID, func(p *promise) {
			p.reached(model.DeploymentSuccess, map[string]model.StageStatus{stageAnalysis: model.StageSuccess})
		})
	}
	return err
}

func (k *worker) note(id string, change func(p *promise)) { k.agent.world.ledger.note(id, change) }

func (k *worker) record(ctx context.Context, id string, reports ...apiclient.Report) error {
	return k.write(ctx, func(ctx context.Context) error { return k.client.Record(ctx, id, reports) })
}

// write makes a write, again and again while the control plane or what it stands
// on is away. The error is why it will not be made: another process acts, or the
// time is over.
func (k *worker) write(ctx context.Context, call func(ctx context.Context) error) error {
	const again = 300 * time.Millisecond
	for {
		pause(ctx, 50*time.Millisecond+rand.N(200*time.Millisecond)) //nolint:gosec // a pace
		began, floor := time.Now(), k.agent.newestEpoch()
		err := call(ctx)
		if err == nil {
			k.agent.wrote(began, floor, k.client.Epoch())
			return nil
		}
		code := model.CodeOf(err)
		k.agent.world.refused(code)
		switch {
		case ctx.Err() != nil, code == model.CodeFenced, code == model.CodeFailedPrecondition:
			return err
		case !model.IsRetryable(err):
			k.agent.world.ledger.isLostf("%s was refused: %v", k.agent.name, err)
			return err
		}
		pause(ctx, again)
	}
}

// stageLog sends lines with growing indexes, as the agent's reporter does.
type stageLog struct {
	worker     *worker
	deployment string
	stage      string
	index      int64
	before     []model.LogBlock // of the batch before, which is sent once more
}

func newStageLog(k *worker, deployment, stage string) *stageLog {
	return &stageLog{worker: k, deployment: deployment, stage: stage, index: time.Now().UnixMilli()}
}

// send sends three new lines. The last batch also repeats the one before.
func (l *stageLog) send(ctx context.Context, last bool) error {
	const lines = 3
	blocks := make([]model.LogBlock, 0, lines)
	for range lines {
		l.index++
		blocks = append(blocks, model.LogBlock{Index: l.index, Log: fmt.Sprintf("%s of %s: line %d", l.stage, l.deployment, l.index), CreatedAt: time.Now()})
	}
	ledger := l.worker.agent.world.ledger
	ledger.tryLines(l.deployment, l.stage, blocks, false)
	batch := apiclient.LogBatch{DeploymentID: l.deployment, StageID: l.stage, Blocks: blocks, Checkpoint: true, Completed: last}
	if last {
		batch.Blocks = append(l.before, blocks...) //nolint:gocritic // in the order of their indexes
	}
	l.before = blocks
	err := l.worker.write(ctx, func(ctx context.Context) error { return l.worker.client.ReportStageLogs(ctx, batch) })
	if err == nil {
		ledger.tryLines(l.deployment, l.stage, blocks, true)
	}
	return err
}
