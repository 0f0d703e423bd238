package agent

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/pipeline/canary"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/script"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform/ecs"
)

// Options are what an agent is made with.
type Options struct {
	Config  *config.Piped
	Version string
	Timing  ecs.Timing // of waiting on ECS; zero means the defaults
	Logger  *slog.Logger
	// Observer is told what the agent does; nil means nobody looks.
	Observer observe.Observer
	// HTTPClient sends what goes to AWS and to Datadog; nil means clients of
	// their own. A simulation passes one that stays in memory.
	HTTPClient *http.Client
}

// Agent is one agent process.
type Agent struct {
	options   Options
	client    *apiclient.Client
	git       git.Source
	logs      engine.Logs
	providers *providers
	logger    *slog.Logger

	commands chan *model.Command
	stop     context.CancelFunc // set by Run

	mu    sync.Mutex
	grant grant
	moved chan struct{} // closed and replaced when grant changes
	now   *period       // the period that runs, nil if none
}

// grant is whether this process may act. Each change has its own number, so
// that losing the lease and getting it back is not overlooked.
type grant struct {
	serial  int
	allowed bool
	epoch   int64
}

// New makes an agent; Run makes it work. The client and the Git source stay the
// caller's to close.
func New(ctx context.Context, o Options, client *apiclient.Client, source git.Source, logs engine.Logs) (*Agent, error) {
	o.Observer = observe.Or(o.Observer)
	p, err := newProviders(ctx, o)
	if err != nil {
		return nil, err
	}
	const commandQueue = 256
	return &Agent{
		options: o, client: client, git: source, logs: logs, providers: p,
		logger:   o.Logger.With(slog.String("piped", o.Config.PipedID)),
		commands: make(chan *model.Command, commandQueue),
		moved:    make(chan struct{}),
	}, nil
}

// registry returns the stages this agent can run.
func (a *Agent) registry() stage.Registry {
	scripts := script.Script{Disabled: a.options.Config.ScriptRun.Disabled, Pass: a.options.Config.ScriptRun.PassEnvironment}
	return stage.Registry{
		model.StageECSSync:            canary.Sync{},
		model.StageECSCanaryRollout:   canary.CanaryRollout{},
		model.StageECSPrimaryRollout:  canary.PrimaryRollout{},
		model.StageECSTrafficRouting:  canary.TrafficRouting{},
		model.StageECSCanaryClean:     canary.CanaryClean{},
		model.StageECSBaselineRollout: canary.BaselineRollout{},
		model.StageECSBaselineClean:   canary.BaselineClean{},
		model.StageRollback:           script.Rollback{Stage: canary.Rollback{}, Script: scripts},
		model.StageScriptRun:          scripts,
		model.StageWait:               gate.Wait{},
		model.StageWaitApproval:       gate.Approval{},
		model.StageAnalysis:           gate.Analysis{Sources: a.providers.source, Checks: a.client, Logger: a.logger, Observer: a.options.Observer},
	}
}

// Run works until ctx ends, or a person asks for a restart, and returns when
// every deployment has let go. Deployments go on in the next process.
func (a *Agent) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.stop = cancel
	if err := a.introduce(ctx); err != nil {
		return err
	}
	var all sync.WaitGroup
	defer all.Wait()
	session := apiclient.NewSession(a.client)
	// The session outlives the periods: the lease is given back only after every deployment has let go.
	sessionCtx, endSession := context.WithCancel(context.WithoutCancel(ctx))
	all.Go(func() {
		if err := session.Run(sessionCtx, handler{a}); err != nil {
			a.logger.ErrorContext(ctx, "the session with the control plane ended", slog.Any("error", err))
		}
	})
	a.supervise(ctx)
	endSession()
	return nil
}

// introduce reports what this agent is, and waits for the control plane if it
// is away. Refused credentials end the agent: waiting does not help.
func (a *Agent) introduce(ctx context.Context) error {
	masked, err := a.options.Config.Masked()
	if err != nil {
		return model.Wrap(model.CodeInternal, err, "preparing the configuration to be shown to people")
	}
	meta := model.PipedMeta{Version: a.options.Version, Config: string(masked)}
	for _, r := range a.options.Config.Repositories {
		meta.Repositories = append(meta.Repositories, model.GitRepository{ID: r.RepoID, Remote: git.RedactRemote(r.Remote), Branch: r.Branch})
	}
	for _, p := range a.options.Config.PlatformProviders {
		meta.PlatformProviders = append(meta.PlatformProviders, model.Provider{Name: p.Name, Type: string(p.Type)})
	}
	name, _, err := a.client.ReportMeta(ctx, meta)
	if err != nil {
		return err
	}
	a.logger.InfoContext(ctx, "the agent is registered", slog.String("name", name), slog.Int("repositories", len(meta.Repositories)))
	return nil
}

// supervise runs a period whenever this process may act.
func (a *Agent) supervise(ctx context.Context) {
	for ctx.Err() == nil {
		g, moved := a.granted()
		if !g.allowed {
			select {
			case <-ctx.Done():
			case <-moved:
			}
			continue
		}
		a.act(ctx, g)
	}
}

// errLeaseLost is the cause when another process may act from now on.
var errLeaseLost = errors.New("the lease is lost")

// act runs one period: until ctx ends or the grant changes.
func (a *Agent) act(ctx context.Context, g grant) {
	periodCtx, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stopped := context.AfterFunc(ctx, func() { end(stage.ErrStopping) })
	defer stopped()
	p := a.newPeriod(func() { a.lose(ctx, g.serial) })
	a.mu.Lock()
	a.now = p
	a.mu.Unlock()
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			now, moved := a.granted()
			if now.serial != g.serial {
				end(errLeaseLost)
				return
			}
			select {
			case <-periodCtx.Done():
				return
			case <-moved:
			}
		}
	})
	a.logger.InfoContext(ctx, "acting", slog.Int64("epoch", g.epoch))
	p.run(periodCtx)
	end(nil)
	watching.Wait()
	a.mu.Lock()
	a.now = nil
	a.mu.Unlock()
}

// granted returns the grant and a channel that is closed when it changes.
func (a *Agent) granted() (grant, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.grant, a.moved
}

// change sets whether this process may act.
func (a *Agent) change(ctx context.Context, allowed bool, epoch int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.grant.allowed == allowed && a.grant.epoch == epoch {
		return
	}
	a.grant = grant{serial: a.grant.serial + 1, allowed: allowed, epoch: epoch}
	held := 0.0
	if allowed {
		held = 1
	}
	a.options.Observer.Set(context.WithoutCancel(ctx), observe.LeaseHeld, held)
	close(a.moved)
	a.moved = make(chan struct{})
}

// lose ends the period with the serial; a later one is not affected.
func (a *Agent) lose(ctx context.Context, serial int) {
	a.mu.Lock()
	current := a.grant.serial == serial
	a.mu.Unlock()
	if current {
		a.change(ctx, false, 0)
	}
}

func (a *Agent) period() *period {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

// handler hears the control plane.
type handler struct{ agent *Agent }

// Leased implements apiclient.Handler. Repositories are looked at after every
// reconnect: a hint that was under way is not sent again.
func (h handler) Leased(ctx context.Context, epoch int64) {
	h.agent.change(ctx, true, epoch)
	if p := h.agent.period(); p != nil {
		p.pokeAll()
	}
}

// Standby implements apiclient.Handler.
func (h handler) Standby(ctx context.Context, holder apiclient.Holder) {
	h.agent.logger.WarnContext(ctx, "another process acts for this agent id; this one stands by until it is gone", slog.String("holder", holder.String()))
	h.agent.change(ctx, false, 0)
}

// Polling implements apiclient.Handler.
func (h handler) Polling(ctx context.Context) { h.agent.change(ctx, true, 0) }

// Command implements apiclient.Handler. One that finds no room comes again by
// the next reconciliation.
func (h handler) Command(_ context.Context, c *model.Command) {
	select {
	case h.agent.commands <- c:
	default:
	}
}

// RepositoryChanged implements apiclient.Handler.
func (h handler) RepositoryChanged(_ context.Context, repoID string) {
	if p := h.agent.period(); p != nil {
		if r, ok := p.repos[repoID]; ok {
			r.Poke()
		}
	}
}

// ApplicationsChanged implements apiclient.Handler.
func (h handler) ApplicationsChanged(context.Context) {
	if p := h.agent.period(); p != nil {
		p.apps.hint()
	}
}

// Disconnected implements apiclient.Handler. Work goes on: what it writes is
// refused if another process took over meanwhile.
func (h handler) Disconnected(context.Context, error) {}
