package command

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"pipecd/pkg/controlplane/clock"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

const (
	// Patience is how long an agent may leave a command unanswered. Afterwards it
	// counts as timed out, and an agent that comes back does not act on it.
	Patience = 24 * time.Hour
	// ExpireInterval is how often forgotten commands should be looked for.
	ExpireInterval = 10 * time.Minute
)

// expirerStore is what an Expirer needs of the datastore.
type expirerStore interface {
	ListForgottenCommands(ctx context.Context, before time.Time) ([]*model.Command, error)
	UpdateCommand(ctx context.Context, fence model.Fence, id string, mutate func(*model.Command) error) (*model.Command, error)
	UpdateChain(ctx context.Context, fence model.Fence, id string, mutate func(*model.DeploymentChain) error) (*model.DeploymentChain, error)
}

// Expirer answers commands that no agent answers.
type Expirer struct {
	store    expirerStore
	hub      *notify.Hub
	clock    *clock.Clock
	logger   *slog.Logger
	observer observe.Observer
}

// ExpirerOptions is what an Expirer works with.
type ExpirerOptions struct {
	Store    expirerStore
	Hub      *notify.Hub
	Clock    *clock.Clock // nil for the process's own
	Logger   *slog.Logger
	Observer observe.Observer // nil means nobody looks
}

// NewExpirer returns an expirer.
func NewExpirer(o ExpirerOptions) *Expirer {
	return &Expirer{store: o.Store, hub: o.Hub, clock: o.Clock, logger: o.Logger, observer: observe.Or(o.Observer)}
}

// Expire ends what is forgotten now, one page after the other. Several may do so
// at the same time.
func (e *Expirer) Expire(ctx context.Context) error {
	for {
		now := e.clock.Now()
		forgotten, err := e.store.ListForgottenCommands(ctx, now.Add(-Patience))
		if err != nil || len(forgotten) == 0 {
			return err
		}
		for _, c := range forgotten {
			if err := e.endChain(ctx, c, now); err != nil {
				return err
			}
			if err := e.end(ctx, c.ID, now); err != nil {
				return err
			}
		}
	}
}

// endChain tells the deployment chain of a forgotten command that no deployment
// will come of it. It comes before the command's own end, which is not looked at
// again.
func (e *Expirer) endChain(ctx context.Context, c *model.Command, now time.Time) error {
	if c.Type != model.CommandChainSync {
		return nil
	}
	_, err := e.store.UpdateChain(ctx, model.Fence{}, c.ChainID, func(chain *model.DeploymentChain) error {
		return chain.Fail(c.ChainBlock, c.ApplicationID, now)
	})
	switch model.CodeOf(err) {
	case model.CodeNotFound, model.CodeInvalid: // nothing waits for the command
		return nil
	default:
		return err
	}
}

func (e *Expirer) end(ctx context.Context, id string, now time.Time) error {
	late := false
	c, err := e.store.UpdateCommand(ctx, model.Fence{}, id, func(c *model.Command) error {
		if late = c.Status != model.CommandNotHandled; late {
			return nil // answered in the last moment
		}
		return c.ReportHandled(model.Handled{
			Status: model.CommandTimeout, At: now,
			Metadata: map[string]string{model.CommandMetadataReason: fmt.Sprintf("the piped did not answer within %s", Patience)},
		}, now)
	})
	if err != nil || late {
		return err
	}
	e.observer.Count(ctx, observe.Commands, 1, c.Type.String(), c.Status.String())
	e.hub.Notify(notify.Command(c.ID), notify.Commands(c.PipedID))
	e.logger.InfoContext(ctx, "nobody answered a command", slog.String("command", c.ID), slog.String("type", c.Type.String()),
		slog.String("piped", c.PipedID), slog.String("project", c.ProjectID))
	return nil
}
