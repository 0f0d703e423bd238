package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/stage"
)

// openInterval is how often the open deployments are listed although nothing
// said that there is a new one.
const openInterval = 10 * time.Second

// controller runs the open deployments, one at a time per application.
type controller struct {
	client    *apiclient.Client
	git       git.Source
	repos     map[string]git.Repository
	providers *providers
	registry  stage.Registry
	logs      engine.Logs
	apps      *applications
	inbox     *inbox
	pipedID   string
	logger    *slog.Logger
	observer  observe.Observer
	fenced    func() // called when a write was refused because another process took over

	wake chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex
	busy    map[string]string            // application id → deployment id
	running map[string]*engine.Execution // by deployment id
	boxes   map[string]*mailbox          // by deployment id
	cancels map[string]string            // deployment id → who cancelled it before it ran
}

// poke makes the controller look for open deployments now.
func (c *controller) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run starts deployments until ctx ends and returns when all have let go.
func (c *controller) run(ctx context.Context) {
	defer c.done.Wait()
	ticker := time.NewTicker(openInterval)
	defer ticker.Stop()
	for {
		if err := c.start(ctx); err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "the open deployments could not be listed; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-ticker.C:
		}
	}
}

// start starts the next deployment of every application that has none running.
func (c *controller) start(ctx context.Context) error {
	open, err := c.client.ListOpenDeployments(ctx)
	if err != nil {
		return err
	}
	// What already began goes first, then the oldest.
	slices.SortStableFunc(open, func(a, b *model.Deployment) int {
		return cmp.Or(cmp.Compare(began(b), began(a)), a.CreatedAt.Compare(b.CreatedAt))
	})
	for _, d := range open {
		if c.reserve(d) {
			c.done.Go(func() { c.deploy(ctx, d) })
		}
	}
	return nil
}

func began(d *model.Deployment) int {
	if d.Status == model.DeploymentPending {
		return 0
	}
	return 1
}

// reserve takes the application's one place for the deployment. A deployment
// that was cancelled while it waited may end out of turn.
func (c *controller) reserve(d *model.Deployment) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.busy[d.ApplicationID]; taken {
		return false
	}
	c.busy[d.ApplicationID] = d.ID
	return true
}

func (c *controller) release(d *model.Deployment) {
	c.mu.Lock()
	delete(c.busy, d.ApplicationID)
	delete(c.running, d.ID)
	delete(c.cancels, d.ID)
	c.mu.Unlock()
	c.poke()
}

// box returns the deployment's mailbox, making it if there is none.
func (c *controller) box(deploymentID string) *mailbox {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.boxes[deploymentID]
	if !ok {
		b = newMailbox(c.client, c.inbox, c.logger)
		c.boxes[deploymentID] = b
	}
	return b
}

// handle takes a command for a deployment.
func (c *controller) handle(ctx context.Context, cmd model.Command) {
	d, err := c.client.GetDeployment(ctx, cmd.DeploymentID)
	switch {
	case err != nil && model.CodeOf(err) != model.CodeNotFound && model.CodeOf(err) != model.CodePermissionDenied:
		c.inbox.forget(cmd.ID)
		return
	case err != nil:
		c.answer(ctx, cmd, model.CommandFailed, "the agent has no such deployment")
		return
	case d.Status.IsCompleted() || stageIsOver(d, cmd.StageID):
		c.answerByRecord(ctx, d, cmd)
		return
	}
	if !c.box(cmd.DeploymentID).put(cmd) { // the deployment ended this moment
		c.answerLate(ctx, cmd)
		return
	}
	if cmd.Type == model.CommandCancelDeployment {
		c.cancel(cmd.DeploymentID, cmd.Commander)
	}
}

func (c *controller) cancel(deploymentID, by string) {
	c.mu.Lock()
	x := c.running[deploymentID]
	if x == nil {
		c.cancels[deploymentID] = by
	}
	c.mu.Unlock()
	if x != nil {
		x.Cancel(by)
	}
	c.poke()
}

// begin registers the execution and passes on a cancel that came before it.
func (c *controller) begin(d *model.Deployment, x *engine.Execution) {
	c.mu.Lock()
	c.running[d.ID] = x
	by, cancelled := c.cancels[d.ID]
	c.mu.Unlock()
	if cancelled {
		x.Cancel(by)
	}
}

func (c *controller) cancelledBy(deploymentID string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by, ok := c.cancels[deploymentID]
	return by, ok
}

func stageIsOver(d *model.Deployment, stageID string) bool {
	s := d.Stage(stageID)
	return s != nil && s.Status.IsCompleted()
}

// answerLate answers a command whose stage ended before it took it.
func (c *controller) answerLate(ctx context.Context, cmd model.Command) {
	d, err := c.client.GetDeployment(ctx, cmd.DeploymentID)
	if err != nil {
		c.inbox.forget(cmd.ID) // it comes again
		return
	}
	c.answerByRecord(ctx, d, cmd)
}

// answerByRecord answers a command that cannot take effect any more: that it
// worked if it did before its answer was lost, else that it came too late.
func (c *controller) answerByRecord(ctx context.Context, d *model.Deployment, cmd model.Command) {
	s := d.Stage(cmd.StageID)
	switch {
	case s != nil && gate.TookEffect(s.Metadata, cmd.ID), cmd.Type == model.CommandCancelDeployment && d.Status == model.DeploymentCancelled:
		c.answer(ctx, cmd, model.CommandSucceeded, "")
	case s != nil && s.Status.IsCompleted():
		c.answer(ctx, cmd, model.CommandFailed, fmt.Sprintf("it came too late: stage %s ended with %s", s.Name, s.Status))
	default:
		c.answer(ctx, cmd, model.CommandFailed, "it came too late: the deployment ended with "+d.Status.String())
	}
}

func (c *controller) answer(ctx context.Context, cmd model.Command, status model.CommandStatus, reason string) {
	if err := newMailbox(c.client, c.inbox, c.logger).Answer(ctx, cmd.ID, status, reason); err != nil {
		c.logger.WarnContext(ctx, "a command could not be answered; it is tried again", slog.String("command", cmd.ID), slog.Any("error", err))
	}
}

// closeBox answers what is left in the deployment's mailbox and forgets it.
func (c *controller) closeBox(ctx context.Context, d *model.Deployment) {
	for _, cmd := range c.box(d.ID).close() {
		c.answerByRecord(ctx, d, cmd)
	}
	c.mu.Lock()
	delete(c.boxes, d.ID)
	c.mu.Unlock()
}

// deploy runs one deployment to its end, or until this process must let go.
func (c *controller) deploy(ctx context.Context, d *model.Deployment) {
	logger := c.logger.With(slog.String("deployment", d.ID), slog.String("application", d.ApplicationID))
	defer c.release(d)
	ctx, end := c.observer.Begin(ctx, observe.Operation{Kind: observe.Deployment, Attrs: []slog.Attr{
		slog.String("deployment", d.ID), slog.String("application", d.ApplicationID), slog.String("commit", d.Trigger.Commit.Hash),
	}})
	c.mark(ctx, d)
	err := c.attempt(ctx, d)
	end(outcomeOf(d, err), err)
	switch {
	case err == nil:
		c.finish(ctx, d)
	case model.CodeOf(err) == model.CodeFenced:
		logger.WarnContext(ctx, "another process acts for this agent now; the deployment is left to it", slog.Any("error", err))
		c.fenced()
	case ctx.Err() != nil || errors.Is(err, stage.ErrStopping):
		logger.InfoContext(ctx, "the deployment is left as it is and goes on in the next process", slog.Any("cause", context.Cause(ctx)))
	default:
		logger.ErrorContext(ctx, "the deployment cannot go on now; it is tried again", slog.Any("error", err))
		pause(ctx, jitter(openInterval/2))
	}
}

// outcomeOf is how this process's run of the deployment ended.
func outcomeOf(d *model.Deployment, err error) string {
	if err != nil {
		return observe.OutcomeLeft
	}
	return d.Status.String()
}

// mark tells that the application is deploying. Only the controller sets and
// clears the mark, so the two cannot overtake each other.
func (c *controller) mark(ctx context.Context, d *model.Deployment) {
	if err := c.client.ReportDeploying(ctx, d.ApplicationID, true); err != nil {
		if ctx.Err() == nil {
			c.logger.WarnContext(ctx, "an application's state could not be reported", slog.String("application", d.ApplicationID), slog.Any("error", err))
		}
		return // only shown to people
	}
	c.apps.update(d.ApplicationID, func(a *model.Application) { a.Deploying = true })
}

// finish tells that the application is not deploying any more.
func (c *controller) finish(ctx context.Context, d *model.Deployment) {
	c.closeBox(ctx, d)
	if err := c.client.ReportDeploying(ctx, d.ApplicationID, false); err != nil && ctx.Err() == nil {
		c.logger.WarnContext(ctx, "an application's state could not be reported", slog.String("application", d.ApplicationID), slog.Any("error", err))
		return
	}
	c.apps.update(d.ApplicationID, func(a *model.Application) { a.Deploying = false })
}
