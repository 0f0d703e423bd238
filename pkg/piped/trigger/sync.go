package trigger

import (
	"context"

	"pipecd/pkg/model"
)

// syncNow handles a SYNC command: a deployment of the branch's head, whatever
// changed. The command is answered with the deployment's id, or with why there
// is none; while the repository or the control plane cannot be reached it is
// kept and tried again.
func (r *Repository) syncNow(ctx context.Context, cmd model.Command) error {
	id, err := r.deploy(ctx, cmd)
	if err != nil && (model.IsRetryable(err) || ctx.Err() != nil) {
		r.later = append(r.later, cmd)
		return err
	}
	err = r.create.answer(ctx, &cmd, id, err)
	if err != nil && (model.IsRetryable(err) || ctx.Err() != nil) {
		r.later = append(r.later, cmd)
	}
	return err
}

func (r *Repository) deploy(ctx context.Context, cmd model.Command) (string, error) {
	r.refresh()
	app, ok := r.apps[cmd.ApplicationID]
	if !ok {
		return "", model.Errorf(model.CodeNotFound, "the agent has no enabled application %s in repository %s", cmd.ApplicationID, r.opts.Repository.ID)
	}
	head, err := r.opts.Source.Head(ctx, r.opts.Repository)
	if err != nil {
		return "", err
	}
	tree, err := r.open(ctx, head)
	if err != nil {
		return "", err
	}
	defer tree.Close() //nolint:errcheck // a snapshot is only read
	src, _, err := r.load(tree, app)
	if err != nil {
		if !model.IsRetryable(err) {
			r.create.reportInvalid(ctx, app, head, err)
		}
		return "", err
	}
	r.create.reportValid(ctx, app)
	if src.Config.Trigger.OnCommand.Disabled {
		return "", model.Errorf(model.CodeFailedPrecondition, "the application file switches deployments on command off (spec.trigger.onCommand.disabled)")
	}
	return r.create.create(ctx, request{app: app, commit: tree.Commit(), command: &cmd})
}
