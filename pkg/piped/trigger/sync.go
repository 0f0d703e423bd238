package trigger

import (
	"context"
	"errors"
	"fmt"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// syncNow handles a SYNC command, a deployment of the branch's head, whatever
// changed, and a ROLL_BACK command, one of an earlier commit. The command is answered with the deployment's id, or with why there
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
	if cmd.Type == model.CommandRollBack {
		return r.rollBack(ctx, cmd, app, head)
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

// rollBack creates a deployment of what an earlier deployment of the application
// brought out: its commit, by the application's files at that commit.
func (r *Repository) rollBack(ctx context.Context, cmd model.Command, app *model.Application, head string) (string, error) {
	earlier, err := r.create.controlPlane.GetDeployment(ctx, cmd.DeploymentID)
	if err != nil {
		return "", err
	}
	hash := earlier.Trigger.Commit.Hash
	if earlier.ApplicationID != app.ID || !git.ValidHash(hash) {
		return "", model.Errorf(model.CodeInvalid, "deployment %s is not one of application %s that can be rolled back to", earlier.ID, app.Name)
	}
	tree, err := r.openEarlier(ctx, hash)
	if err != nil {
		return "", err
	}
	defer tree.Close() //nolint:errcheck // a snapshot is only read
	src, _, err := r.load(tree, app)
	if err != nil {
		return "", fmt.Errorf("the application's files at commit %s: %w", short(hash), err)
	}
	if src.Config.Trigger.OnCommand.Disabled {
		return "", model.Errorf(model.CodeFailedPrecondition, "the application file of commit %s switches deployments on command off (spec.trigger.onCommand.disabled)", short(hash))
	}
	return r.create.create(ctx, request{app: app, commit: tree.Commit(), command: &cmd, head: head})
}

// openEarlier opens a commit that the mirror may not have any more.
func (r *Repository) openEarlier(ctx context.Context, hash string) (git.Snapshot, error) {
	tree, err := r.opts.Source.Snapshot(ctx, r.opts.Repository, hash)
	if !errors.Is(err, git.ErrUnknownCommit) {
		return tree, err
	}
	if err := r.opts.Source.Fetch(ctx, r.opts.Repository, hash); err != nil && !errors.Is(err, git.ErrUnknownCommit) {
		return nil, err
	}
	tree, err = r.opts.Source.Snapshot(ctx, r.opts.Repository, hash)
	if errors.Is(err, git.ErrUnknownCommit) {
		return nil, model.Errorf(model.CodeFailedPrecondition, "commit %s, which the earlier deployment brought out, is not in repository %s any more", short(hash), r.opts.Repository.ID)
	}
	return tree, err
}
