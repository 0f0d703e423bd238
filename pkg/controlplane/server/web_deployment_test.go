package server_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func TestWebCancelWithAChoice(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	c := w.user("dev")
	for _, choice := range []webv1.Rollback{webv1.Rollback_ROLLBACK_ALWAYS, webv1.Rollback_ROLLBACK_NEVER, webv1.Rollback_ROLLBACK_UNSPECIFIED} {
		id := w.deployment("dev", a, app)
		resp, err := c.CancelDeployment(t.Context(), &webv1.CancelDeploymentRequest{DeploymentId: id, Rollback: choice})
		if err != nil {
			t.Fatal(err)
		}
		list, err := a.ListUnhandledCommands(a.ctx, &pipedservice.ListUnhandledCommandsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		last := list.GetCommands()[len(list.GetCommands())-1]
		always, never := last.GetCancelDeployment().GetForceRollback(), last.GetCancelDeployment().GetForceNoRollback()
		if last.GetId() != resp.GetCommandId() || always != (choice == webv1.Rollback_ROLLBACK_ALWAYS) || never != (choice == webv1.Rollback_ROLLBACK_NEVER) {
			t.Errorf("%s: the agent is asked for %v", choice, last)
		}
	}
}

func TestWebRollBackTo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	c, ctx := w.user("dev"), t.Context()
	earlier, last := w.deployment("dev", a, app), w.deployment("dev", a, app)
	w.complete(a, earlier)
	_, err := c.RollBackTo(ctx, &webv1.RollBackToRequest{DeploymentId: last})
	wantWebCode(t, err, connect.CodeFailedPrecondition) // it has not succeeded
	w.complete(a, last)
	_, err = a.ReportApplicationMostRecentDeployment(a.ctx, &pipedservice.ReportApplicationMostRecentDeploymentRequest{
		ApplicationId: app, Status: modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS,
		Deployment: &modelpb.ApplicationDeploymentReference{DeploymentId: last, Trigger: newDeployment("dev", a, app).GetTrigger(), StartedAt: someTime, CompletedAt: someTime},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.RollBackTo(ctx, &webv1.RollBackToRequest{DeploymentId: last})
	wantWebCode(t, err, connect.CodeFailedPrecondition) // it is what runs
	_, err = w.user("other").RollBackTo(ctx, &webv1.RollBackToRequest{DeploymentId: earlier})
	wantWebCode(t, err, connect.CodeNotFound)
	resp, err := c.RollBackTo(ctx, &webv1.RollBackToRequest{DeploymentId: earlier, Strategy: modelpb.SyncStrategy_QUICK_SYNC})
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.ListUnhandledCommands(a.ctx, &pipedservice.ListUnhandledCommandsRequest{})
	if err != nil || len(list.GetCommands()) != 1 {
		t.Fatalf("the agent is asked for %v, %v", list, err)
	}
	asked := list.GetCommands()[0]
	back := asked.GetRollBackApplication()
	if asked.GetId() != resp.GetCommandId() || asked.GetType() != modelpb.Command_ROLL_BACK_APPLICATION || asked.GetSyncApplication() != nil ||
		back.GetDeploymentId() != earlier || back.GetApplicationId() != app || back.GetSyncStrategy() != modelpb.SyncStrategy_QUICK_SYNC {
		t.Errorf("the agent is asked for %v", asked)
	}
}

func TestWebDeploymentFilters(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	c, ctx := w.user("dev"), t.Context()
	for i := range 3 {
		d := newDeployment("dev", a, app)
		d.ApplicationName = []string{"Shop-Web", "shop-api", "blog"}[i]
		d.Labels = map[string]string{"n": []string{"0", "1", "0"}[i]}
		if _, err := a.CreateDeployment(a.ctx, &pipedservice.CreateDeploymentRequest{Deployment: d}); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			w.complete(a, d.GetId())
		}
	}
	for _, test := range []struct {
		req  *webv1.ListDeploymentsRequest
		want string
	}{
		{&webv1.ListDeploymentsRequest{}, "blog shop-api Shop-Web"},
		{&webv1.ListDeploymentsRequest{ApplicationName: "sHop"}, "shop-api Shop-Web"},
		{&webv1.ListDeploymentsRequest{ApplicationName: "shop", Statuses: []modelpb.DeploymentStatus{0, 4}}, "shop-api Shop-Web"},
		{&webv1.ListDeploymentsRequest{Statuses: []modelpb.DeploymentStatus{4}}, "shop-api"},
		{&webv1.ListDeploymentsRequest{Labels: map[string]string{"n": "0"}}, "blog Shop-Web"},
		{&webv1.ListDeploymentsRequest{Labels: map[string]string{"n": "0"}, ApplicationName: "web"}, "Shop-Web"},
		{&webv1.ListDeploymentsRequest{Kinds: []modelpb.ApplicationKind{modelpb.ApplicationKind_ECS}}, "blog shop-api Shop-Web"},
		{&webv1.ListDeploymentsRequest{Kinds: []modelpb.ApplicationKind{modelpb.ApplicationKind_TERRAFORM}}, ""},
	} {
		resp, err := c.ListDeployments(ctx, test.req)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range resp.GetDeployments() {
			got = append(got, d.GetApplicationName())
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%v: got %v, want %s", test.req, got, test.want)
		}
	}
}

// A command that nobody answers for a day counts as timed out, and is not sent
// any more.
func TestWebForgottenCommand(t *testing.T) { //nolint:tparallel // one subtest comes before the restart, one after
	t.Parallel()
	dir := t.TempDir()
	var command string
	t.Run("before", func(t *testing.T) { //nolint:paralleltest // it comes first
		w := setupIn(t, dir)
		a := w.agent("dev", "a")
		resp, err := w.user("dev").SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: w.application("dev", a, "web")})
		if err != nil {
			t.Fatal(err)
		}
		command = resp.GetCommandId()
		_, err = w.store.UpdateCommand(t.Context(), model.Fence{}, command, func(c *model.Command) error {
			c.CreatedAt = c.CreatedAt.Add(-25 * time.Hour)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("after", func(t *testing.T) { //nolint:paralleltest // it comes second; the next start looks at once
		w := setupIn(t, dir)
		f := w.follow("dev", &webv1.Topic{Key: "c", Of: &webv1.Topic_Command{Command: &webv1.CommandTopic{CommandId: command}}})
		for {
			got := f.next().GetCommand()
			if got.GetStatus() == modelpb.CommandStatus_COMMAND_NOT_HANDLED_YET {
				continue
			}
			if got.GetStatus() != modelpb.CommandStatus_COMMAND_TIMEOUT || !strings.Contains(got.GetMetadata()[model.CommandMetadataReason], "24h") {
				t.Errorf("got %v", got)
			}
			return
		}
	})
}
