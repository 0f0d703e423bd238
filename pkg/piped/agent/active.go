package agent

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/discovery"
	"pipecd/pkg/piped/trigger"
	"pipecd/pkg/pipeline/engine"
)

// reconcileInterval is how often commands are listed although the stream brings
// them: one may have been dropped while the agent was busy.
const reconcileInterval = 30 * time.Second

// period is one time in which this process acts, from being granted the lease
// to losing it.
type period struct {
	agent      *Agent
	apps       *applications
	controller *controller
	repos      map[string]*trigger.Repository
	inbox      *inbox
	discovery  *discovery.Reporter
	searches   []*search
}

// newPeriod wires what works while the lease is held.
func (a *Agent) newPeriod(lost func()) *period {
	p := &period{agent: a, repos: map[string]*trigger.Repository{}, inbox: newInbox()}
	p.apps = newApplications(a.client, a.logger, p.pokeAll)
	p.discovery = discovery.NewReporter(discovery.Options{
		Report: a.client.ReportUnregisteredApplications, Update: p.updateInfo, Applications: p.apps.all, PipedID: a.options.Config.PipedID, Logger: a.logger,
	})
	repos := map[string]git.Repository{}
	for _, r := range a.options.Config.Repositories {
		repos[r.RepoID] = git.Repository{ID: r.RepoID, Remote: r.Remote, Branch: r.Branch}
	}
	p.controller = &controller{
		client: a.client, git: a.git, repos: repos, providers: a.providers, registry: a.registry(), logs: a.logs,
		apps: p.apps, inbox: p.inbox, pipedID: a.options.Config.PipedID, logger: a.logger, observer: a.options.Observer, fenced: lost,
		wake: make(chan struct{}, 1), busy: map[string]string{}, running: map[string]*engine.Execution{}, boxes: map[string]*mailbox{}, cancels: map[string]model.Command{}, over: map[string]struct{}{},
	}
	for id, repo := range repos {
		p.repos[id] = trigger.New(trigger.Options{
			Repository: repo, Source: a.git, Providers: a.providers, ControlPlane: settling{a.client, p.inbox}, PipedID: a.options.Config.PipedID,
			Applications: func() []*model.Application { return p.apps.of(id) },
			Interval:     time.Duration(a.options.Config.SyncInterval), Logger: a.logger, Observer: a.options.Observer, Created: p.controller.poke,
			Discover: p.searchOf(repo).want,
		})
	}
	return p
}

func (p *period) pokeAll() {
	p.discovery.Compare()
	for _, r := range p.repos {
		r.Poke()
	}
}

// run works until ctx ends and returns when everything it started has stopped.
func (p *period) run(ctx context.Context) {
	for {
		err := p.apps.load(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		p.agent.logger.WarnContext(ctx, "the list of applications could not be read; it is tried again", slog.Any("error", err))
		pause(ctx, jitter(time.Second))
	}
	p.settle(ctx) // first: what starts below sets the mark
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { p.apps.run(ctx) })
	all.Go(func() { p.controller.run(ctx) })
	all.Go(func() { p.dispatch(ctx) })
	all.Go(func() { p.discovery.Run(ctx) })
	for _, s := range p.searches {
		all.Go(func() { s.run(ctx, p) })
	}
	for _, r := range p.repos {
		all.Go(func() { r.Run(ctx) })
	}
}

// updateInfo tells the control plane what the files of applications say.
func (p *period) updateInfo(ctx context.Context, apps []*model.Application) error {
	if err := p.agent.client.UpdateApplicationInfo(ctx, apps); err != nil {
		return err
	}
	for _, told := range apps {
		p.apps.update(told.ID, func(a *model.Application) {
			a.Name, a.Description, a.Labels = told.Name, told.Description, told.Labels
		})
	}
	return nil
}

// settle takes back the mark of a running deployment from applications that
// have none: the agent may have died between the two reports.
func (p *period) settle(ctx context.Context) {
	open, err := p.agent.client.ListOpenDeployments(ctx)
	if err != nil {
		return // the next process, or the next deployment, does it
	}
	deploying := map[string]bool{}
	for _, d := range open {
		deploying[d.ApplicationID] = true
	}
	for _, app := range p.apps.all() {
		if app.Deploying && !deploying[app.ID] {
			if err := p.agent.client.ReportDeploying(ctx, app.ID, false); err == nil {
				p.apps.update(app.ID, func(a *model.Application) { a.Deploying = false })
			}
		}
	}
}

// dispatch hands commands to what they are for.
func (p *period) dispatch(ctx context.Context) {
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	p.reconcile(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case cmd := <-p.agent.commands:
			p.take(ctx, cmd)
		case <-ticker.C:
			p.reconcile(ctx)
		}
	}
}

// reconcile takes the commands that the control plane still waits for.
func (p *period) reconcile(ctx context.Context) {
	commands, err := p.agent.client.ListUnhandledCommands(ctx)
	if err != nil {
		return // the stream and the next look bring them
	}
	for _, cmd := range commands {
		p.take(ctx, cmd)
	}
}

func (p *period) take(ctx context.Context, cmd *model.Command) {
	if !p.inbox.accept(cmd.ID, time.Now()) {
		return
	}
	p.agent.logger.InfoContext(ctx, "command", slog.String("command", cmd.ID), slog.String("type", cmd.Type.String()), slog.String("by", cmd.Commander))
	switch cmd.Type {
	case model.CommandSyncApplication, model.CommandRollBack:
		p.sync(ctx, cmd)
	case model.CommandCancelDeployment, model.CommandApproveStage, model.CommandSkipStage:
		p.controller.handle(ctx, *cmd)
	case model.CommandRestartPiped:
		p.answer(ctx, cmd, model.CommandSucceeded, "")
		p.agent.stop()
	default:
		p.answer(ctx, cmd, model.CommandFailed, "this agent does not know commands of this kind")
	}
}

func (p *period) sync(ctx context.Context, cmd *model.Command) {
	app := p.apps.get(cmd.ApplicationID)
	if app == nil {
		// It may have been added a moment ago.
		if err := p.apps.load(ctx); err != nil {
			p.inbox.forget(cmd.ID)
			return
		}
		app = p.apps.get(cmd.ApplicationID)
	}
	if app == nil {
		p.answer(ctx, cmd, model.CommandFailed, "the agent has no such application")
		return
	}
	repo, ok := p.repos[app.GitPath.Repo.ID]
	if !ok {
		p.answer(ctx, cmd, model.CommandFailed, "the agent is not configured with repository "+app.GitPath.Repo.ID)
		return
	}
	if !repo.Sync(*cmd) {
		p.inbox.forget(cmd.ID)
	}
}

func (p *period) answer(ctx context.Context, cmd *model.Command, status model.CommandStatus, reason string) {
	h := model.Handled{Status: status, At: time.Now().UTC()}
	if reason != "" {
		h.Metadata = map[string]string{model.CommandMetadataReason: reason}
	}
	if err := p.agent.client.ReportCommandHandled(ctx, cmd.ID, h); err != nil {
		p.inbox.forget(cmd.ID)
		return
	}
	p.inbox.done(cmd.ID, time.Now())
}
