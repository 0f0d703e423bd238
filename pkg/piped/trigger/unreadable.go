package trigger

import (
	"context"
	"errors"
	"time"

	"pipecd/pkg/model"
)

// unreadable is an error of Git, as opposed to one of the control plane.
type unreadable struct{ error }

// Unwrap returns what Git said.
func (u unreadable) Unwrap() error { return u.error }

func asUnreadable(err error) error {
	if err == nil {
		return nil
	}
	return unreadable{err}
}

const (
	// grace is how long looks may fail before people are told: a network that was
	// away for a moment is nobody's business.
	grace = 15 * time.Second

	// cannotRead is the short reason of an application whose repository cannot be read.
	cannotRead = "Git cannot be read"
)

// tell lets people see that the repository cannot be read: whether its
// applications are as Git says is not known then. It takes that back when a look
// succeeds. err is what the last look came to.
func (r *Repository) tell(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if !errors.As(err, &unreadable{}) {
		r.failing = time.Time{}
		r.takeBack(ctx)
		return
	}
	if r.failing.IsZero() {
		r.failing = time.Now()
	}
	if time.Since(r.failing) < grace {
		return
	}
	for _, app := range r.apps {
		if s := app.SyncState; s.Status != model.SyncSynced && s.Status != model.SyncUnknown || s.ShortReason == cannotRead {
			continue // what needs a person anyway is still true as far as is known
		}
		r.before[app.ID] = app.SyncState
		r.create.report(ctx, app, model.SyncState{
			Status: model.SyncUnknown, ShortReason: cannotRead, Timestamp: time.Now().UTC(),
			Reason: limit("Nothing new is deployed while the repository cannot be read; it is tried again about every " +
				r.pause().Round(time.Second).String() + ". " + err.Error()),
		})
	}
}

// takeBack gives applications the state that they had before their repository
// could not be read. An agent that has not seen that one concludes it.
func (r *Repository) takeBack(ctx context.Context) {
	for _, app := range r.apps {
		if app.SyncState.Status != model.SyncUnknown || app.SyncState.ShortReason != cannotRead {
			continue
		}
		state, ok := r.before[app.ID]
		if !ok {
			state = concluded(app)
		}
		state.Timestamp = time.Now().UTC()
		r.create.report(ctx, app, state)
		delete(r.before, app.ID)
	}
}

// concluded is the state of an application as its deployments tell it.
func concluded(app *model.Application) model.SyncState {
	triggered, succeeded := app.LastTriggered, app.LastSuccessful
	if triggered == nil || succeeded == nil || triggered.DeploymentID != succeeded.DeploymentID {
		return model.SyncState{Status: model.SyncUnknown, ShortReason: "Git can be read again"}
	}
	status, reason := succeeded.SyncedState()
	return model.SyncState{Status: status, ShortReason: reason, HeadDeploymentID: succeeded.DeploymentID}
}
