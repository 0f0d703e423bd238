package server_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// triggered tells the control plane which deployment was triggered last.
func (w *world) triggered(a *agent, app, deployment string) {
	w.t.Helper()
	_, err := a.ReportApplicationMostRecentDeployment(a.ctx, &pipedservice.ReportApplicationMostRecentDeploymentRequest{
		ApplicationId: app, Status: modelpb.DeploymentStatus_DEPLOYMENT_PENDING,
		Deployment: &modelpb.ApplicationDeploymentReference{DeploymentId: deployment, Trigger: newDeployment("dev", a, app).GetTrigger(), StartedAt: someTime},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// run starts a stage, and ends it if end is given.
func (w *world) run(a *agent, deployment string, stage model.StageName, end ...modelpb.StageStatus) {
	w.t.Helper()
	for _, status := range append([]modelpb.StageStatus{modelpb.StageStatus_STAGE_RUNNING}, end...) {
		_, err := a.ReportStageStatusChanged(a.ctx, &pipedservice.ReportStageStatusChangedRequest{
			DeploymentId: deployment, StageId: string(stage), Status: status, CompletedAt: someTime,
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) stageMetadata(a *agent, deployment string, stage model.StageName, metadata map[string]string) {
	w.t.Helper()
	_, err := a.SaveStageMetadata(a.ctx, &pipedservice.SaveStageMetadataRequest{DeploymentId: deployment, StageId: string(stage), Metadata: metadata})
	if err != nil {
		w.t.Fatal(err)
	}
}

func getApplication(t *testing.T, c webv1connect.WebServiceClient, id string) *webv1.Application {
	t.Helper()
	resp, err := c.GetApplication(t.Context(), &webv1.GetApplicationRequest{ApplicationId: id})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetApplication()
}

func TestWebApplicationRow(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "tokyo")
	app := w.application("dev", a, "web")
	c := w.user("dev")
	if got := getApplication(t, c, app); got.GetPipedName() != "tokyo" || !got.GetPipedOnline() || got.GetLatest() != nil {
		t.Errorf("before the first deployment: %v", got)
	}
	id := w.deployment("dev", a, app, model.StageECSTrafficRouting, model.StageWaitApproval)
	w.triggered(a, app, id)
	w.stageMetadata(a, id, model.StageECSTrafficRouting, map[string]string{model.MetadataCanaryPercentage: "20", model.MetadataSteps: "secret"})
	w.run(a, id, model.StageECSTrafficRouting, modelpb.StageStatus_STAGE_SUCCESS)
	w.run(a, id, model.StageWaitApproval)
	list, err := c.ListApplications(t.Context(), &webv1.ListApplicationsRequest{})
	if err != nil || len(list.GetApplications()) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	for _, got := range []*webv1.DeploymentBrief{list.GetApplications()[0].GetLatest(), getApplication(t, c, app).GetLatest()} {
		if got.GetId() != id || got.GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_PLANNED || got.GetCanaryPercent() != 20 || len(got.GetStages()) != 2 {
			t.Fatalf("got %v", got)
		}
		if s := got.GetStages()[1]; s.GetName() != "WAIT_APPROVAL" || s.GetOperation() != modelpb.ManualOperation_MANUAL_OPERATION_APPROVE {
			t.Errorf("got %v", s)
		}
	}
	w.complete(a, id)
	if got := getApplication(t, c, app).GetLatest(); got.GetCompletedAt() != someTime || got.GetStatus() != modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS {
		t.Errorf("got %v", got)
	}
	// What the agent keeps for itself is shown nowhere, and kept.
	d, err := c.GetDeployment(t.Context(), &webv1.GetDeploymentRequest{DeploymentId: id})
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.ListDeployments(t.Context(), &webv1.ListDeploymentsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []*modelpb.Deployment{d.GetDeployment(), all.GetDeployments()[0]} {
		if diff := cmp.Diff(map[string]string{model.MetadataCanaryPercentage: "20"}, got.GetStages()[0].GetMetadata()); diff != "" {
			t.Error(diff)
		}
	}
	stored, err := w.store.GetDeployment(t.Context(), id)
	if err != nil || stored.Stages[0].Metadata[model.MetadataSteps] != "secret" {
		t.Errorf("got %v, %v", stored, err)
	}
}

func TestWebApplicationFilters(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := w.agent("dev", "a"), w.agent("dev", "b")
	c, ctx := w.user("dev"), t.Context()
	names := map[string]string{}
	for i, name := range []string{"Shop-Web", "shop-api", "blog", "stats"} {
		owner := []*agent{a, b}[i%2]
		id := w.application("dev", owner, name)
		names[id] = name
		if i > 0 { // shop-web was never looked at
			_, err := owner.ReportApplicationSyncState(owner.ctx, &pipedservice.ReportApplicationSyncStateRequest{
				ApplicationId: id, State: &modelpb.ApplicationSyncState{Status: modelpb.ApplicationSyncStatus(i), Timestamp: someTime},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if name == "stats" {
			if _, err := c.DisableApplication(ctx, &webv1.DisableApplicationRequest{ApplicationId: id}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name   string
		filter *webv1.ApplicationFilter
		want   string
		counts string
	}{
		{"all", nil, "stats blog shop-api Shop-Web", "UNKNOWN:1 SYNCED:1 DEPLOYING:1 OUT_OF_SYNC:1"},
		{"name", &webv1.ApplicationFilter{Name: "SHOP"}, "shop-api Shop-Web", "UNKNOWN:1 SYNCED:1"},
		{"piped", &webv1.ApplicationFilter{PipedId: b.id}, "stats shop-api", "SYNCED:1 OUT_OF_SYNC:1"},
		{
			"statuses", &webv1.ApplicationFilter{SyncStatuses: []modelpb.ApplicationSyncStatus{1, 3}},
			"stats shop-api", "UNKNOWN:1 SYNCED:1 DEPLOYING:1 OUT_OF_SYNC:1", // of all statuses
		},
		{"disabled", &webv1.ApplicationFilter{Disabled: new(true)}, "stats", "OUT_OF_SYNC:1"},
		{"enabled", &webv1.ApplicationFilter{Disabled: new(false)}, "blog shop-api Shop-Web", "UNKNOWN:1 SYNCED:1 DEPLOYING:1"},
		{"kinds", &webv1.ApplicationFilter{Kinds: []modelpb.ApplicationKind{modelpb.ApplicationKind_LAMBDA}}, "", ""},
		{"labels", &webv1.ApplicationFilter{Labels: map[string]string{"env": "prod"}}, "", ""},
	} {
		if got := listed(t, c, test.filter, names); got != test.want {
			t.Errorf("%s: got %v, want %s", test.name, got, test.want)
		}
		if got := counted(t, c, test.filter); got != test.counts {
			t.Errorf("%s: got %v, want %s", test.name, got, test.counts)
		}
	}
}

// listed are the names of the applications that are listed, page by page.
func listed(t *testing.T, c webv1connect.WebServiceClient, filter *webv1.ApplicationFilter, names map[string]string) string {
	t.Helper()
	var got []string
	req := &webv1.ListApplicationsRequest{Filter: filter, PageSize: 2}
	for {
		resp, err := c.ListApplications(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.GetCursor() != "" && len(resp.GetApplications()) != 2 {
			t.Errorf("%v: a page is not full", filter)
		}
		for _, app := range resp.GetApplications() {
			got = append(got, names[app.GetApplication().GetId()])
		}
		if req.Cursor = resp.GetCursor(); req.GetCursor() == "" {
			break
		}
	}
	return strings.Join(got, " ")
}

// counted are the counts by status; their sum is the total.
func counted(t *testing.T, c webv1connect.WebServiceClient, filter *webv1.ApplicationFilter) string {
	t.Helper()
	counts, err := c.CountApplications(t.Context(), &webv1.CountApplicationsRequest{Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	var each []string
	for _, s := range counts.GetStatuses() {
		each = append(each, s.GetStatus().String()+":"+string('0'+s.GetCount()))
	}
	if int(counts.GetTotal()) != len(each) {
		t.Errorf("%v: the total is %d of %v", filter, counts.GetTotal(), each)
	}
	return strings.Join(each, " ")
}

func TestWebDisableApplication(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	c, ctx := w.user("dev"), t.Context()
	stream := w.connect(a, "i")
	stream.lease()
	if _, err := c.DisableApplication(ctx, &webv1.DisableApplicationRequest{ApplicationId: app}); err != nil {
		t.Fatal(err)
	}
	if got := stream.next(); got.GetApplications() == nil {
		t.Errorf("the agent was told %v", got)
	}
	_, err := c.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: app})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), "disabled; enable it first") {
		t.Errorf("got %v", err)
	}
	_, err = a.CreateDeployment(a.ctx, &pipedservice.CreateDeploymentRequest{Deployment: newDeployment("dev", a, app)})
	wantCode(t, err, codes.FailedPrecondition)
	list, err := a.ListApplications(a.ctx, &pipedservice.ListApplicationsRequest{})
	if err != nil || len(list.GetApplications()) != 0 {
		t.Errorf("the agent is still given %v, %v", list, err)
	}
	if _, err := c.EnableApplication(ctx, &webv1.EnableApplicationRequest{ApplicationId: app}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: app}); err != nil {
		t.Error(err)
	}
}

func TestWebUpdateApplication(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := w.agent("dev", "a"), w.agent("dev", "b")
	app, other := w.application("dev", a, "web"), w.application("dev", a, "other")
	c, ctx := w.user("dev"), t.Context()
	update := func(change func(*webv1.UpdateApplicationRequest)) error {
		req := &webv1.UpdateApplicationRequest{ApplicationId: app, PipedId: b.id, PlatformProvider: provider, ConfigFilename: "other.yaml"}
		change(req)
		_, err := c.UpdateApplication(ctx, req)
		return err
	}
	for _, test := range []struct {
		name   string
		change func(*webv1.UpdateApplicationRequest)
		code   connect.Code
		field  string
	}{
		{"unknown piped", func(r *webv1.UpdateApplicationRequest) { r.PipedId = "x" }, connect.CodeNotFound, "piped_id"},
		{"unknown provider", func(r *webv1.UpdateApplicationRequest) { r.PlatformProvider = "x" }, connect.CodeInvalidArgument, "platform_provider"},
		{"no file name", func(r *webv1.UpdateApplicationRequest) { r.ConfigFilename = "a/b" }, connect.CodeInvalidArgument, "config_filename"},
		{"deleted", func(r *webv1.UpdateApplicationRequest) {
			r.ApplicationId = other
			if _, err := c.DeleteApplication(ctx, &webv1.DeleteApplicationRequest{ApplicationId: other}); err != nil {
				t.Fatal(err)
			}
		}, connect.CodeNotFound, ""},
	} {
		err := update(test.change)
		wantWebCode(t, err, test.code)
		if got := troubleOf(t, err).GetField(); got != test.field {
			t.Errorf("%s: it is about %q", test.name, got)
		}
	}
	id := w.deployment("dev", a, app)
	err := update(func(*webv1.UpdateApplicationRequest) {})
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), id) {
		t.Errorf("while it is deployed: %v", err)
	}
	if err := update(func(r *webv1.UpdateApplicationRequest) { r.PipedId = a.id }); err != nil {
		t.Errorf("with the same piped: %v", err)
	}
	w.complete(a, id)
	was, is := w.connect(a, "i"), w.connect(b, "j")
	was.lease()
	is.lease()
	if err := update(func(*webv1.UpdateApplicationRequest) {}); err != nil {
		t.Fatal(err)
	}
	if was.next().GetApplications() == nil || is.next().GetApplications() == nil {
		t.Error("not both agents were told")
	}
	got := getApplication(t, c, app)
	if got.GetPipedName() != "b" || got.GetApplication().GetGitPath().GetConfigFilename() != "other.yaml" {
		t.Errorf("got %v", got)
	}
}

func TestWebDeleteApplication(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	id := w.deployment("dev", a, app)
	c, ctx := w.user("dev"), t.Context()
	remove := func() error {
		_, err := c.DeleteApplication(ctx, &webv1.DeleteApplicationRequest{ApplicationId: app})
		return err
	}
	err := remove()
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || !strings.Contains(err.Error(), id) {
		t.Errorf("while it is deployed: %v", err)
	}
	// An agent that is gone for ever is disabled, and in nobody's way.
	if _, err := c.DisablePiped(ctx, &webv1.DisablePipedRequest{PipedId: a.id}); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	wantWebCode(t, remove(), connect.CodeNotFound)
	_, err = c.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: app})
	wantWebCode(t, err, connect.CodeNotFound)
	list, err := c.ListApplications(ctx, &webv1.ListApplicationsRequest{})
	if err != nil || len(list.GetApplications()) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
	if got := getPiped(t, c, a.id).GetApplicationCount(); got != 0 {
		t.Errorf("the piped still has %d applications", got)
	}
}

func TestWebSuggestions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	c := w.user("dev")
	found := func(path string) model.ApplicationInfo {
		return model.ApplicationInfo{
			Name: path, Kind: model.KindECS, Labels: map[string]string{"env": "prod"}, RepoID: repoID, Path: path, ConfigFilename: model.DefaultConfigFilename,
		}
	}
	err := w.store.PutSuggestions(t.Context(), model.Fence{PipedID: a.id}, a.id, []model.ApplicationInfo{found("web"), found("api")})
	if err != nil {
		t.Fatal(err)
	}
	w.application("dev", a, "web")
	got, err := c.ListSuggestions(t.Context(), &webv1.ListSuggestionsRequest{})
	if err != nil || len(got.GetApplications()) != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
	if i := got.GetApplications()[0]; i.GetName() != "api" || i.GetPipedId() != a.id || i.GetRepoId() != repoID || i.GetLabels()["env"] != "prod" {
		t.Errorf("got %v", i)
	}
}
