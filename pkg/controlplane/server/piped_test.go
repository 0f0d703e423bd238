package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// Every call succeeds for the owner, is NOT_FOUND for what does not exist,
// or in another project, PERMISSION_DENIED for what is another agent's, ABORTED under an old lease, and
// UNAUTHENTICATED without a credential.
func TestPipedServiceOwnership(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner, stranger := w.agent("dev", "owner"), w.agent("dev", "stranger")
	stranger2 := w.agent("other", "stranger")
	if _, granted, err := w.store.AcquireLease(t.Context(), owner.id, lease("first")); err != nil || !granted {
		t.Fatal(granted, err)
	}
	if err := w.store.ReleaseLease(t.Context(), model.Fence{PipedID: owner.id, Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	if _, granted, err := w.store.AcquireLease(t.Context(), owner.id, lease("second")); err != nil || !granted {
		t.Fatal(granted, err)
	}
	reads := map[string]bool{"GetDeployment": true}
	for name, call := range calls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := w.application("dev", owner, "web-"+strings.ToLower(name))
			id := w.deployment("dev", owner, app, model.StageWait)
			wantCode(t, call(owner.ctx, owner, model.NewID(), model.NewID()), codes.NotFound)
			wantCode(t, call(stranger.ctx, stranger, app, id), codes.PermissionDenied)
			wantCode(t, call(stranger2.ctx, stranger2, app, id), codes.NotFound)
			wantCode(t, call(t.Context(), owner, app, id), codes.Unauthenticated)
			if !reads[name] {
				wantCode(t, call(owner.under(1), owner, app, id), codes.Aborted)
			}
			wantCode(t, call(owner.under(2), owner, app, id), codes.OK)
		})
	}
}

func TestPipedServiceCredentials(t *testing.T) {
	t.Parallel()
	w := setup(t)
	resp, err := w.user("dev").RegisterPiped(t.Context(), &webv1.RegisterPipedRequest{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	good := auth.PipedCredential{ProjectID: "dev", PipedID: resp.GetId(), Key: resp.GetKey()}
	for name, c := range map[string]auth.PipedCredential{
		"wrong key":       {ProjectID: "dev", PipedID: good.PipedID, Key: auth.NewKey()},
		"wrong piped":     {ProjectID: "dev", PipedID: model.NewID(), Key: good.Key},
		"wrong project":   {ProjectID: "other", PipedID: good.PipedID, Key: good.Key},
		"unknown project": {ProjectID: "nowhere", PipedID: good.PipedID, Key: good.Key},
	} {
		a := w.as(c)
		_, err := a.ReportStat(a.ctx, &pipedservice.ReportStatRequest{})
		if wantCode(t, err, codes.Unauthenticated); strings.Contains(status.Convert(err).Message(), c.Key) {
			t.Errorf("%s: the answer holds the key", name)
		}
	}
	a := w.as(good)
	if _, err := a.ReportStat(a.ctx, &pipedservice.ReportStatRequest{}); err != nil {
		t.Fatal(err)
	}
	bad := metadata.AppendToOutgoingContext(a.ctx, auth.HeaderLeaseEpoch, "one")
	_, err = a.ReportStat(bad, &pipedservice.ReportStatRequest{})
	wantCode(t, err, codes.InvalidArgument)

	// Disabling works, also when another process did it and did not say so.
	_, err = w.store.UpdatePiped(t.Context(), good.PipedID, func(p *model.Piped) error {
		p.Disabled = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, refusedSoon(t, func() error {
		_, err := a.ReportStat(a.ctx, &pipedservice.ReportStatRequest{})
		return err
	}), codes.Unauthenticated)
}

func TestPipedServiceMeta(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "an agent")
	resp, err := a.ReportPipedMeta(a.ctx, &pipedservice.ReportPipedMetaRequest{Version: "v2"})
	if err != nil {
		t.Fatal(err)
	}
	if resp.GetName() != "an agent" || resp.GetWebBaseUrl() != "http://pipecd.example" {
		t.Errorf("got %v", resp)
	}
	stat, err := a.ReportStat(a.ctx, &pipedservice.ReportStatRequest{PipedStats: []byte("x")})
	if err != nil || stat.GetReportInterval() <= 0 {
		t.Errorf("got %v, %v", stat, err)
	}
	if _, err := a.GetDesiredVersion(a.ctx, &pipedservice.GetDesiredVersionRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := a.ListEvents(a.ctx, &pipedservice.ListEventsRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := a.ReportUnregisteredApplicationConfigurations(a.ctx, &pipedservice.ReportUnregisteredApplicationConfigurationsRequest{}); err != nil {
		t.Error(err)
	}
	_, err = a.GetLatestEvent(a.ctx, &pipedservice.GetLatestEventRequest{Name: "e"})
	wantCode(t, err, codes.NotFound)
	list, err := w.user("dev").ListPipeds(t.Context(), &webv1.ListPipedsRequest{})
	if err != nil || len(list.GetPipeds()) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	if p := list.GetPipeds()[0].GetPiped(); p.GetStatus() != modelpb.Piped_ONLINE || p.GetVersion() != "v2" || len(p.GetKeys()) != 0 {
		t.Errorf("got %v; want it online, of version v2 and without keys", p)
	}
}

func TestPipedServiceApplications(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := w.agent("dev", "a"), w.agent("dev", "b")
	mine, _ := w.application("dev", a, "mine"), w.application("dev", b, "theirs")

	list, err := a.ListApplications(a.ctx, &pipedservice.ListApplicationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got := list.GetApplications(); len(got) != 1 || got[0].GetId() != mine || got[0].GetGitPath().GetRepo().GetRemote() == "" {
		t.Errorf("got %v, want only %s with its repository filled in", got, mine)
	}

	recent := func(s modelpb.DeploymentStatus) error {
		_, err := a.GetApplicationMostRecentDeployment(a.ctx, &pipedservice.GetApplicationMostRecentDeploymentRequest{ApplicationId: mine, Status: s})
		return err
	}
	wantCode(t, recent(modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS), codes.NotFound)
	ref := &modelpb.ApplicationDeploymentReference{DeploymentId: "d", StartedAt: someTime, Trigger: newDeployment("", a, "").GetTrigger()}
	for _, s := range []modelpb.DeploymentStatus{modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, modelpb.DeploymentStatus_DEPLOYMENT_RUNNING} {
		_, err := a.ReportApplicationMostRecentDeployment(a.ctx, &pipedservice.ReportApplicationMostRecentDeploymentRequest{ApplicationId: mine, Status: s, Deployment: ref})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.GetApplicationMostRecentDeployment(a.ctx, &pipedservice.GetApplicationMostRecentDeploymentRequest{
		ApplicationId: mine, Status: modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS,
	})
	if err != nil || !proto.Equal(got.GetDeployment().GetTrigger(), ref.GetTrigger()) {
		t.Errorf("got %v, %v", got, err)
	}
	wantCode(t, recent(modelpb.DeploymentStatus_DEPLOYMENT_PENDING), codes.NotFound)
	wantCode(t, recent(modelpb.DeploymentStatus_DEPLOYMENT_RUNNING), codes.NotFound)

	// One that is not the agent's keeps all of them unchanged.
	theirs, err := b.ListApplications(b.ctx, &pipedservice.ListApplicationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	info := func(id string) *modelpb.ApplicationInfo {
		return &modelpb.ApplicationInfo{Id: id, Name: "renamed", PipedId: a.id, RepoId: repoID, Path: "mine", Labels: map[string]string{"k": "v"}}
	}
	_, err = a.UpdateApplicationConfigurations(a.ctx, &pipedservice.UpdateApplicationConfigurationsRequest{
		Applications: []*modelpb.ApplicationInfo{info(mine), info(theirs.GetApplications()[0].GetId())},
	})
	wantCode(t, err, codes.PermissionDenied)
	app, err := w.store.GetApplication(t.Context(), mine)
	if err != nil || app.Name != "mine" {
		t.Errorf("got %v, %v; want the name unchanged", app, err)
	}
}

func TestPipedServiceDeploymentLife(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	d := newDeployment("dev", a, app)
	create := func(change func(*modelpb.Deployment)) error {
		c, ok := proto.Clone(d).(*modelpb.Deployment)
		if !ok {
			t.Fatal("not a deployment")
		}
		change(c)
		_, err := a.CreateDeployment(a.ctx, &pipedservice.CreateDeploymentRequest{Deployment: c})
		return err
	}
	wantCode(t, create(func(d *modelpb.Deployment) { d.ProjectId = "other" }), codes.PermissionDenied)
	wantCode(t, create(func(d *modelpb.Deployment) { d.PipedId = model.NewID() }), codes.PermissionDenied)
	wantCode(t, create(func(d *modelpb.Deployment) { d.Status = modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS }), codes.InvalidArgument)
	err := create(func(d *modelpb.Deployment) { d.Trigger = nil })
	wantCode(t, err, codes.InvalidArgument)
	if got := status.Convert(err).Message(); !strings.HasPrefix(got, "invalid request: deployment.trigger") {
		t.Errorf("got %q, want the field named", got)
	}
	wantCode(t, create(func(*modelpb.Deployment) {}), codes.OK)
	wantCode(t, create(func(*modelpb.Deployment) {}), codes.AlreadyExists)

	open := func() []string {
		resp, err := a.ListNotCompletedDeployments(a.ctx, &pipedservice.ListNotCompletedDeploymentsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, d := range resp.GetDeployments() {
			ids = append(ids, d.GetId())
		}
		return ids
	}
	if diff := cmp.Diff([]string{d.GetId()}, open()); diff != "" {
		t.Error(diff)
	}
	_, err = a.ReportDeploymentCompleted(a.ctx, &pipedservice.ReportDeploymentCompletedRequest{
		DeploymentId: d.GetId(), Status: modelpb.DeploymentStatus_DEPLOYMENT_RUNNING, CompletedAt: someTime,
	})
	wantCode(t, err, codes.InvalidArgument)
	w.complete(a, d.GetId())
	w.complete(a, d.GetId()) // the same end again
	_, err = a.ReportDeploymentStatusChanged(a.ctx, &pipedservice.ReportDeploymentStatusChangedRequest{
		DeploymentId: d.GetId(), Status: modelpb.DeploymentStatus_DEPLOYMENT_RUNNING,
	})
	wantCode(t, err, codes.FailedPrecondition)
	if got := open(); len(got) != 0 {
		t.Errorf("got open deployments %v", got)
	}
}

func TestPipedServiceUnknownStage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
	_, err := a.SaveStageMetadata(a.ctx, &pipedservice.SaveStageMetadataRequest{DeploymentId: id, StageId: "none"})
	wantCode(t, err, codes.InvalidArgument)
	_, err = a.ReportStageStatusChanged(a.ctx, &pipedservice.ReportStageStatusChangedRequest{
		DeploymentId: id, StageId: "none", Status: modelpb.StageStatus_STAGE_RUNNING, CompletedAt: someTime,
	})
	wantCode(t, err, codes.InvalidArgument)
	_, err = a.ReportStageLogs(a.ctx, &pipedservice.ReportStageLogsRequest{DeploymentId: id, StageId: "../../etc", Blocks: lines(1, 1)})
	wantCode(t, err, codes.InvalidArgument)
}

func TestPipedServiceCommands(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := w.agent("dev", "a"), w.agent("dev", "b")
	app := w.application("dev", a, "web")
	user := w.user("dev")
	issued, err := user.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app, Strategy: modelpb.SyncStrategy_QUICK_SYNC})
	if err != nil {
		t.Fatal(err)
	}
	list, err := a.ListUnhandledCommands(a.ctx, &pipedservice.ListUnhandledCommandsRequest{})
	if err != nil || len(list.GetCommands()) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	if c := list.GetCommands()[0]; c.GetId() != issued.GetCommandId() || c.GetCommander() != "admin" ||
		c.GetSyncApplication().GetSyncStrategy() != modelpb.SyncStrategy_QUICK_SYNC {
		t.Errorf("got %v", c)
	}
	report := func(by *agent, id string, s modelpb.CommandStatus) error {
		_, err := by.ReportCommandHandled(by.ctx, &pipedservice.ReportCommandHandledRequest{
			CommandId: id, Status: s, HandledAt: someTime, Metadata: map[string]string{model.CommandMetadataDeploymentID: "d"}, Output: []byte("{}"),
		})
		return err
	}
	wantCode(t, report(a, model.NewID(), modelpb.CommandStatus_COMMAND_SUCCEEDED), codes.NotFound)
	wantCode(t, report(b, issued.GetCommandId(), modelpb.CommandStatus_COMMAND_SUCCEEDED), codes.PermissionDenied)
	wantCode(t, report(a, issued.GetCommandId(), modelpb.CommandStatus_COMMAND_NOT_HANDLED_YET), codes.InvalidArgument)
	wantCode(t, report(a, issued.GetCommandId(), modelpb.CommandStatus_COMMAND_SUCCEEDED), codes.OK)
	wantCode(t, report(a, issued.GetCommandId(), modelpb.CommandStatus_COMMAND_SUCCEEDED), codes.OK)
	wantCode(t, report(a, issued.GetCommandId(), modelpb.CommandStatus_COMMAND_FAILED), codes.FailedPrecondition)
	got, err := user.GetCommand(t.Context(), &webv1.GetCommandRequest{CommandId: issued.GetCommandId()})
	if err != nil || got.GetCommand().GetMetadata()[model.CommandMetadataDeploymentID] != "d" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPipedServiceLegacyName(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	var resp pipedservice.ReportStatResponse
	err := w.conn.Invoke(a.ctx, "/pipe.api.service.pipedservice.PipedService/ReportStat", &pipedservice.ReportStatRequest{}, &resp)
	if err != nil || resp.GetReportInterval() == 0 {
		t.Errorf("got %v, %v", &resp, err)
	}
	err = w.conn.Invoke(t.Context(), "/grpc.service.pipedservice.PipedService/Nonsense", &pipedservice.ReportStatRequest{}, &resp)
	wantCode(t, err, codes.Unimplemented)
}
