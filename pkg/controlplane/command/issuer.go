package command

import (
	"context"
	"slices"
	"strings"

	"pipecd/pkg/controlplane/clock"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// approversKey is the stage metadata that lists who may approve, separated by
// commas; a stage without it, and without authorized operators, may be approved
// by everybody.
const approversKey = "Approvers"

// store is what is needed of the datastore.
type store interface {
	GetPiped(ctx context.Context, id string) (*model.Piped, error)
	GetApplication(ctx context.Context, id string) (*model.Application, error)
	GetDeployment(ctx context.Context, id string) (*model.Deployment, error)
	AddCommand(ctx context.Context, c *model.Command) error
}

// Issuer issues commands. It is safe for concurrent use.
type Issuer struct {
	store    store
	hub      *notify.Hub
	clock    *clock.Clock
	observer observe.Observer
}

// IssuerOptions is what an Issuer works with.
type IssuerOptions struct {
	Store    store
	Hub      *notify.Hub      // wakes agents
	Clock    *clock.Clock     // nil for the process's own
	Observer observe.Observer // nil means nobody looks
}

// NewIssuer returns an issuer.
func NewIssuer(o IssuerOptions) *Issuer {
	return &Issuer{store: o.Store, hub: o.Hub, clock: o.Clock, observer: observe.Or(o.Observer)}
}

// Commander is the person who asks. Things of another project do not exist for
// them.
type Commander struct {
	Username  string
	ProjectID string
}

// Sync asks for a deployment of the branch's head. It returns the command's id.
func (i *Issuer) Sync(ctx context.Context, by Commander, applicationID string, strategy model.SyncStrategy) (string, error) {
	app, err := i.store.GetApplication(ctx, applicationID)
	switch {
	case err != nil:
		return "", err
	case app.ProjectID != by.ProjectID || app.Deleted:
		return "", model.Errorf(model.CodeNotFound, "application %q does not exist", applicationID)
	case app.Disabled:
		return "", model.Errorf(model.CodeFailedPrecondition, "application %q is disabled; enable it first", app.Name)
	}
	return i.issue(ctx, by, model.Command{
		Type: model.CommandSyncApplication, PipedID: app.PipedID, ApplicationID: app.ID, SyncStrategy: strategy,
	})
}

// Cancel asks to end a deployment; one that waits for its turn can be cancelled
// too. It returns the command's id.
func (i *Issuer) Cancel(ctx context.Context, by Commander, deploymentID string, rollback model.RollbackChoice) (string, error) {
	d, err := i.open(ctx, by, deploymentID)
	if err != nil {
		return "", err
	}
	return i.issue(ctx, by, model.Command{
		Type: model.CommandCancelDeployment, PipedID: d.PipedID, ApplicationID: d.ApplicationID, DeploymentID: d.ID, Rollback: rollback,
	})
}

// RollBack asks for a deployment of what an earlier deployment brought out. It
// returns the command's id.
func (i *Issuer) RollBack(ctx context.Context, by Commander, deploymentID string, strategy model.SyncStrategy) (string, error) {
	d, err := i.store.GetDeployment(ctx, deploymentID)
	switch {
	case err != nil:
		return "", err
	case d.ProjectID != by.ProjectID:
		return "", model.Errorf(model.CodeNotFound, "deployment %q does not exist", deploymentID)
	case d.Status != model.DeploymentSuccess:
		return "", model.Errorf(model.CodeFailedPrecondition, "deployment %s is %s; only one that succeeded brought out a version that can be rolled back to", d.ID, d.Status)
	}
	app, err := i.store.GetApplication(ctx, d.ApplicationID)
	switch {
	case err != nil:
		return "", err
	case app.Deleted:
		return "", model.Errorf(model.CodeNotFound, "application %q does not exist any more", d.ApplicationName)
	case app.Disabled:
		return "", model.Errorf(model.CodeFailedPrecondition, "application %q is disabled; enable it first", app.Name)
	case app.LastSuccessful != nil && app.LastSuccessful.DeploymentID == d.ID:
		return "", model.Errorf(model.CodeFailedPrecondition, "deployment %s is the last one that succeeded, so its version is what application %q already runs", d.ID, app.Name)
	}
	return i.issue(ctx, by, model.Command{
		Type: model.CommandRollBack, PipedID: app.PipedID, ApplicationID: app.ID, DeploymentID: d.ID, SyncStrategy: strategy,
	})
}

// Approve lets a WAIT_APPROVAL stage go on. It returns the command's id.
func (i *Issuer) Approve(ctx context.Context, by Commander, deploymentID, stageID string) (string, error) {
	d, err := i.open(ctx, by, deploymentID)
	if err != nil {
		return "", err
	}
	s, err := openStage(d, stageID, model.StageWaitApproval, "approved")
	if err != nil {
		return "", err
	}
	if who := approvers(s); len(who) > 0 && !slices.Contains(who, by.Username) {
		return "", model.Errorf(model.CodePermissionDenied, "%s is not among those who may approve this stage: %s", by.Username, strings.Join(who, ", "))
	}
	return i.issue(ctx, by, model.Command{
		Type: model.CommandApproveStage, PipedID: d.PipedID, ApplicationID: d.ApplicationID, DeploymentID: d.ID, StageID: s.ID,
	})
}

// Skip ends an ANALYSIS stage early, as passed. It returns the command's id.
func (i *Issuer) Skip(ctx context.Context, by Commander, deploymentID, stageID string) (string, error) {
	d, err := i.open(ctx, by, deploymentID)
	if err != nil {
		return "", err
	}
	s, err := openStage(d, stageID, model.StageAnalysis, "skipped")
	if err != nil {
		return "", err
	}
	return i.issue(ctx, by, model.Command{
		Type: model.CommandSkipStage, PipedID: d.PipedID, ApplicationID: d.ApplicationID, DeploymentID: d.ID, StageID: s.ID,
	})
}

// open returns a deployment of the commander's project that is not completed.
func (i *Issuer) open(ctx context.Context, by Commander, deploymentID string) (*model.Deployment, error) {
	d, err := i.store.GetDeployment(ctx, deploymentID)
	switch {
	case err != nil:
		return nil, err
	case d.ProjectID != by.ProjectID:
		return nil, model.Errorf(model.CodeNotFound, "deployment %q does not exist", deploymentID)
	case d.Status.IsCompleted():
		return nil, model.Errorf(model.CodeFailedPrecondition, "deployment %s is already %s", d.ID, d.Status)
	}
	return d, nil
}

// openStage returns the deployment's stage if it has the name and is not
// completed. done says what was to be done with it.
func openStage(d *model.Deployment, stageID string, name model.StageName, done string) (*model.Stage, error) {
	s := d.Stage(stageID)
	switch {
	case s == nil:
		return nil, model.Errorf(model.CodeNotFound, "deployment %s has no stage %q", d.ID, stageID)
	case s.Name != name:
		return nil, model.Errorf(model.CodeFailedPrecondition, "stage %s is a %s; only a %s stage can be %s", s.ID, s.Name, name, done)
	case s.Status.IsCompleted():
		return nil, model.Errorf(model.CodeFailedPrecondition, "stage %s is already %s", s.ID, s.Status)
	}
	return s, nil
}

// approvers returns who may approve; empty means everybody.
func approvers(s *model.Stage) []string {
	if len(s.AuthorizedOperators) > 0 {
		return s.AuthorizedOperators
	}
	var out []string
	for name := range strings.SplitSeq(s.Metadata[approversKey], ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

func (i *Issuer) issue(ctx context.Context, by Commander, c model.Command) (string, error) {
	piped, err := i.store.GetPiped(ctx, c.PipedID)
	if err != nil {
		return "", err
	}
	if piped.Disabled {
		return "", model.Errorf(model.CodeFailedPrecondition, "piped %q is disabled, so nobody would act on this; enable it first", piped.Name)
	}
	now := i.clock.Now()
	c.ID, c.ProjectID, c.Commander = model.NewID(), by.ProjectID, by.Username
	c.CreatedAt, c.UpdatedAt = now, now
	if err := i.store.AddCommand(ctx, &c); err != nil {
		return "", err
	}
	i.observer.Count(ctx, observe.Commands, 1, c.Type.String(), c.Status.String())
	i.hub.Notify(notify.Commands(c.PipedID))
	return c.ID, nil
}
