package server_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
)

// wantAllowed checks that a report was taken only if the rules of the model allow
// the step.
func wantAllowed(t *testing.T, what string, err error, allowed bool) {
	t.Helper()
	want := codes.OK
	if !allowed {
		want = codes.FailedPrecondition
	}
	if status.Code(err) != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

// Requests carry no expected state, so the server compares with what is stored:
// from every status to every other.
func TestDeploymentTransitionsAreChecked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	for from := model.DeploymentPending; from <= model.DeploymentCancelled; from++ {
		for to := model.DeploymentPlanned; to <= model.DeploymentCancelled; to++ {
			id := w.deployment("dev", a, app)
			w.force(id, func(d *model.Deployment) { d.Status = from })
			var err error
			switch {
			case to == model.DeploymentPlanned:
				_, err = a.ReportDeploymentPlanned(a.ctx, &pipedservice.ReportDeploymentPlannedRequest{DeploymentId: id})
			case to.IsCompleted():
				_, err = a.ReportDeploymentCompleted(a.ctx, &pipedservice.ReportDeploymentCompletedRequest{
					DeploymentId: id, Status: modelpb.DeploymentStatus(to), CompletedAt: someTime,
				})
			default:
				_, err = a.ReportDeploymentStatusChanged(a.ctx, &pipedservice.ReportDeploymentStatusChangedRequest{
					DeploymentId: id, Status: modelpb.DeploymentStatus(to),
				})
			}
			wantAllowed(t, fmt.Sprintf("a deployment from %s to %s", from, to), err, from.CanBecome(to))
		}
	}
}

func TestStageTransitionsAreChecked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
	for from := model.StageNotStarted; from <= model.StageExited; from++ {
		for to := model.StageNotStarted; to <= model.StageExited; to++ {
			w.force(id, func(d *model.Deployment) { d.Stages[0].Status = from })
			_, err := a.ReportStageStatusChanged(a.ctx, &pipedservice.ReportStageStatusChangedRequest{
				DeploymentId: id, StageId: string(model.StageWait), Status: modelpb.StageStatus(to), CompletedAt: someTime,
			})
			wantAllowed(t, fmt.Sprintf("a stage from %s to %s", from, to), err, from.CanBecome(to))
		}
	}
}

func TestCommandTransitionsAreChecked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	for from := model.CommandNotHandled; from <= model.CommandTimeout; from++ {
		for to := model.CommandSucceeded; to <= model.CommandTimeout; to++ {
			c := &model.Command{ID: model.NewID(), PipedID: a.id, ProjectID: "dev", ApplicationID: app, Commander: "x", Status: from, CreatedAt: time.Now(), UpdatedAt: time.Now()}
			if err := w.store.AddCommand(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			_, err := a.ReportCommandHandled(a.ctx, &pipedservice.ReportCommandHandledRequest{CommandId: c.ID, Status: modelpb.CommandStatus(to), HandledAt: someTime})
			wantAllowed(t, fmt.Sprintf("a command from %s to %s", from, to), err, from == model.CommandNotHandled || from == to)
		}
	}
}

// force changes a stored deployment past all rules.
func (w *world) force(id string, change func(*model.Deployment)) {
	w.t.Helper()
	_, err := w.store.UpdateDeployment(w.t.Context(), model.Fence{}, id, func(d *model.Deployment) error {
		change(d)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
