package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
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
	cancels map[string]model.Command     // by deployment id: the first that cancelled it before it ran
	over    map[string]struct{}          // deployments that ended here and that a list may still have
	waiting bool                         // an open deployment was seen whose application has one running
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
		open, err := c.start(ctx)
		if err != nil && ctx.Err() == nil {
			c.logger.WarnContext(ctx, "the open deployments could not be listed; it is tried again", slog.Any("error", err))
		}
		restAfter(ctx, open)
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-ticker.C:
		}
	}
}

// start starts the next deployment of every application that has none running,
// and returns how many are open.
func (c *controller) start(ctx context.Context) (int, error) {
	c.mu.Lock()
	c.waiting = false // before the list, so that what is created after it is not overlooked
	c.mu.Unlock()
	open, err := c.client.ListOpenDeployments(ctx)
	if err != nil {
		return 0, err
	}
	c.forget(open)
	// What already began goes first, then the oldest.
	slices.SortStableFunc(open, func(a, b *model.Deployment) int {
		return cmp.Or(cmp.Compare(began(b), began(a)), a.CreatedAt.Compare(b.CreatedAt))
	})
	c.supersede(open)
	for _, d := range open {
		if c.reserve(d) {
			c.done.Go(func() { c.deploy(ctx, d) })
		}
	}
	return len(open), nil
}

// forget forgets the deployments that ended here and that the list does not have
// any more.
func (c *controller) forget(open []*model.Deployment) {
	listed := make(map[string]struct{}, len(open))
	for _, d := range open {
		listed[d.ID] = struct{}{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.over, func(id string, _ struct{}) bool { _, still := listed[id]; return !still })
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
	if _, over := c.over[d.ID]; over {
		return false
	}
	if by, taken := c.busy[d.ApplicationID]; taken {
		c.waiting = c.waiting || by != d.ID
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
	next := c.waiting || !d.Status.IsCompleted()
	if d.Status.IsCompleted() {
		c.over[d.ID] = struct{}{}
	}
	c.mu.Unlock()
	if next {
		c.poke()
	}
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
		c.cancel(cmd)
	}
}

func (c *controller) cancel(cmd model.Command) {
	c.mu.Lock()
	x := c.running[cmd.DeploymentID]
	if _, earlier := c.cancels[cmd.DeploymentID]; x == nil && !earlier {
		c.cancels[cmd.DeploymentID] = cmd
	}
	c.mu.Unlock()
	if x != nil {
		x.Cancel(cmd.Commander, cmd.Rollback)
	}
	c.poke()
}

// begin registers the execution and passes on a cancel that came before it.
func (c *controller) begin(d *model.Deployment, x *engine.Execution) {
	c.mu.Lock()
	c.running[d.ID] = x
	cmd, cancelled := c.cancels[d.ID]
	c.mu.Unlock()
	if cancelled {
		x.Cancel(cmd.Commander, cmd.Rollback)
	}
}

func (c *controller) cancelledBy(deploymentID string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd, ok := c.cancels[deploymentID]
	return cmd.Commander, ok
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
	out := newOutbox(ctx, c.client, d.ID)
	err := c.attempt(ctx, d, out)
	out.close(ctx)
	end(outcomeOf(d, err), err)
	switch {
	case err == nil:
		c.closeBox(ctx, d)
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

// mark tells that the application is deploying, which the deployment's end takes
// back.
func (c *controller) mark(d *model.Deployment, out *outbox) error {
	err := out.add(apiclient.DeployingReport(d.ApplicationID, true))
	if err == nil {
		c.apps.update(d.ApplicationID, func(a *model.Application) { a.Deploying = true })
	}
	return err
}
