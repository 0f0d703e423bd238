package trigger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// ControlPlane is where deployments are created and applications are reported.
type ControlPlane interface {
	CreateDeployment(ctx context.Context, d *model.Deployment) error
	ReportMostRecentDeployment(ctx context.Context, appID string, status model.DeploymentStatus, ref model.DeploymentRef) error
	ReportSyncState(ctx context.Context, appID string, s model.SyncState) error
	GetDeployment(ctx context.Context, id string) (*model.Deployment, error)
	ReportCommandHandled(ctx context.Context, commandID string, h model.Handled) error
}

// request is one reason to deploy.
type request struct {
	app     *model.Application
	commit  git.Commit
	command *model.Command // nil for a commit
	head    string         // the branch's head; another commit than that when an earlier version is brought out

	supersedes bool // the deployments of the application that are under way make place
}

// reason is what asked for the deployment, as the metrics call it.
func (r request) reason() string {
	if r.command != nil {
		return "command"
	}
	return "commit"
}

// creator creates deployments.
type creator struct {
	controlPlane ControlPlane
	pipedID      string
	logger       *slog.Logger
	created      func() // called after each creation, must not block
	to           observe.Observer
}

// create creates the deployment the request asks for and returns its id.
// Creating it again is the same deployment, so a repeat after a crash is safe.
func (c *creator) create(ctx context.Context, r request) (string, error) {
	d := c.deploymentOf(r, time.Now().UTC())
	if last := r.app.LastTriggered; last != nil && last.DeploymentID == d.ID {
		return d.ID, nil
	}
	err := c.controlPlane.CreateDeployment(ctx, d)
	if err != nil && model.CodeOf(err) != model.CodeAlreadyExists {
		return "", err
	}
	ref := d.Ref()
	if err := c.controlPlane.ReportMostRecentDeployment(ctx, r.app.ID, model.DeploymentPending, ref); err != nil {
		return "", err
	}
	r.app.LastTriggered = &ref
	c.logger.InfoContext(ctx, "deployment created", slog.String("deployment", d.ID), slog.String("application", r.app.ID),
		slog.String("name", r.app.Name), slog.String("commit", r.commit.Hash))
	c.to.Count(ctx, observe.DeploymentsCreated, 1, r.reason())
	c.created()
	return d.ID, nil
}

func (c *creator) deploymentOf(r request, now time.Time) *model.Deployment {
	d := &model.Deployment{
		ApplicationID:    r.app.ID,
		ApplicationName:  r.app.Name,
		PipedID:          c.pipedID,
		ProjectID:        r.app.ProjectID,
		Kind:             r.app.Kind,
		GitPath:          r.app.GitPath,
		PlatformProvider: r.app.PlatformProvider,
		Labels:           r.app.Labels,
		Status:           model.DeploymentPending,
		StatusReason:     "The deployment waits to be planned",
		CreatedAt:        now,
		UpdatedAt:        now,
		Trigger: model.DeploymentTrigger{
			Timestamp: now,
			Commit: model.Commit{
				Hash: r.commit.Hash, Branch: r.commit.Branch, CreatedAt: r.commit.CreatedAt,
				Message: orElse(r.commit.Message, "(no message)"), Author: orElse(r.commit.Author, "(unknown)"),
				URL: model.CommitPage(r.app.GitPath.Repo.Remote, r.commit.Hash),
			},
		},
	}
	if last := r.app.LastTriggered; r.supersedes && last != nil {
		d.Metadata = map[string]string{model.MetadataSupersedes: last.DeploymentID}
	}
	if r.command == nil {
		previous := ""
		if r.app.LastTriggered != nil {
			previous = r.app.LastTriggered.DeploymentID
		}
		d.ID = model.DeploymentIDForCommit(r.app.ID, r.commit.Hash, previous)
		return d
	}
	d.ID = model.DeploymentIDForCommand(r.app.ID, r.command.ID)
	d.Trigger.Commander = r.command.Commander
	d.Trigger.SyncStrategy = r.command.SyncStrategy
	if r.command.Type == model.CommandRollBack {
		d.Trigger.RolledBackTo, d.Trigger.OverriddenCommit = r.command.DeploymentID, r.head
		d.Trigger.StrategySummary = "Rollback to the version of an earlier deployment, commit " + short(r.commit.Hash) + ", as asked for by " + r.command.Commander
		return d
	}
	if r.command.SyncStrategy != model.StrategyAuto {
		name := strings.ToLower(strings.ReplaceAll(r.command.SyncStrategy.String(), "_", " "))
		d.Trigger.StrategySummary = "Sync by " + name + ", as asked for by " + r.command.Commander
	}
	return d
}

// answer reports how a SYNC or ROLL_BACK command was handled.
func (c *creator) answer(ctx context.Context, cmd *model.Command, deploymentID string, problem error) error {
	h := model.Handled{Status: model.CommandSucceeded, At: time.Now().UTC()}
	if problem != nil {
		h.Status = model.CommandFailed
		h.Metadata = map[string]string{model.CommandMetadataReason: problem.Error()}
	} else {
		h.Metadata = map[string]string{model.CommandMetadataDeploymentID: deploymentID}
	}
	return c.controlPlane.ReportCommandHandled(ctx, cmd.ID, h)
}

// reportInvalid tells people that the application's files cannot be used.
func (c *creator) reportInvalid(ctx context.Context, app *model.Application, head string, problem error) {
	state := model.SyncState{
		Status:      model.SyncInvalidConfig,
		ShortReason: "At " + short(head) + ": " + firstLine(problem.Error()),
		Reason:      limit(problem.Error()),
		Timestamp:   time.Now().UTC(),
	}
	if app.SyncState.Status == state.Status && app.SyncState.Reason == state.Reason {
		return
	}
	c.report(ctx, app, state)
}

// reportValid takes an earlier INVALID_CONFIG back.
func (c *creator) reportValid(ctx context.Context, app *model.Application) {
	if app.SyncState.Status == model.SyncInvalidConfig {
		c.report(ctx, app, model.SyncState{Status: model.SyncUnknown, ShortReason: "The application's files can be used again", Timestamp: time.Now().UTC()})
	}
}

func (c *creator) report(ctx context.Context, app *model.Application, state model.SyncState) {
	if err := c.controlPlane.ReportSyncState(ctx, app.ID, state); err != nil {
		if !errors.Is(err, context.Canceled) {
			c.logger.WarnContext(ctx, "an application's state could not be reported", slog.String("application", app.ID), slog.Any("error", err))
		}
		return
	}
	app.SyncState = state
	c.logger.InfoContext(ctx, "application state", slog.String("application", app.ID), slog.String("state", state.Status.String()), slog.String("reason", state.Reason))
}

// firstLine is the first of the problems and how many more there are.
func firstLine(s string) string {
	first, rest, more := strings.Cut(s, "\n")
	if !more {
		return limit(first)
	}
	return fmt.Sprintf("%s (and %d more)", limit(first), strings.Count(rest, "\n")+1)
}

func limit(s string) string {
	if len(s) <= model.MaxReasonLength {
		return s
	}
	return strings.ToValidUTF8(s[:model.MaxReasonLength], "")
}

func short(hash string) string {
	const digits = 7
	return hash[:min(digits, len(hash))]
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
