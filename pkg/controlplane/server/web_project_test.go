package server_test

import (
	"testing"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// Every call about a thing of another project says that it does not exist.
func TestWebOtherProject(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	id := w.deployment("dev", a, app, model.StageWaitApproval, model.StageAnalysis)
	b := w.agent("other", "b")
	owner, stranger := w.user("dev"), w.user("other")
	sync, err := owner.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"GetApplication": func() error {
			_, err := stranger.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: app})
			return err
		},
		"GetPiped": func() error {
			_, err := stranger.GetPiped(ctx, &webv1.GetPipedRequest{PipedId: a.id})
			return err
		},
		"UpdatePiped": func() error {
			_, err := stranger.UpdatePiped(ctx, &webv1.UpdatePipedRequest{PipedId: a.id, Name: "stolen"})
			return err
		},
		"EnablePiped": func() error {
			_, err := stranger.EnablePiped(ctx, &webv1.EnablePipedRequest{PipedId: a.id})
			return err
		},
		"DisablePiped": func() error {
			_, err := stranger.DisablePiped(ctx, &webv1.DisablePipedRequest{PipedId: a.id})
			return err
		},
		"AddPipedKey": func() error {
			_, err := stranger.AddPipedKey(ctx, &webv1.AddPipedKeyRequest{PipedId: a.id})
			return err
		},
		"DeleteOldPipedKeys": func() error {
			_, err := stranger.DeleteOldPipedKeys(ctx, &webv1.DeleteOldPipedKeysRequest{PipedId: a.id})
			return err
		},
		"UpdateApplication": func() error {
			_, err := stranger.UpdateApplication(ctx, &webv1.UpdateApplicationRequest{ApplicationId: app, PipedId: b.id, PlatformProvider: provider})
			return err
		},
		"EnableApplication": func() error {
			_, err := stranger.EnableApplication(ctx, &webv1.EnableApplicationRequest{ApplicationId: app})
			return err
		},
		"DisableApplication": func() error {
			_, err := stranger.DisableApplication(ctx, &webv1.DisableApplicationRequest{ApplicationId: app})
			return err
		},
		"DeleteApplication": func() error {
			_, err := stranger.DeleteApplication(ctx, &webv1.DeleteApplicationRequest{ApplicationId: app})
			return err
		},
		"SyncApplication": func() error {
			_, err := stranger.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: app})
			return err
		},
		"GetDeployment": func() error {
			_, err := stranger.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: id})
			return err
		},
		"CancelDeployment": func() error {
			_, err := stranger.CancelDeployment(ctx, &webv1.CancelDeploymentRequest{DeploymentId: id})
			return err
		},
		"ApproveStage": func() error {
			_, err := stranger.ApproveStage(ctx, &webv1.ApproveStageRequest{DeploymentId: id, StageId: "WAIT_APPROVAL"})
			return err
		},
		"SkipStage": func() error {
			_, err := stranger.SkipStage(ctx, &webv1.SkipStageRequest{DeploymentId: id, StageId: "ANALYSIS"})
			return err
		},
		"GetCommand": func() error {
			_, err := stranger.GetCommand(ctx, &webv1.GetCommandRequest{CommandId: sync.GetCommandId()})
			return err
		},
		"GetStageLog": func() error {
			_, err := stranger.GetStageLog(ctx, &webv1.GetStageLogRequest{DeploymentId: id, StageId: "ANALYSIS"})
			return err
		},
		"AddApplication": func() error {
			_, err := stranger.AddApplication(ctx, &webv1.AddApplicationRequest{
				Name: "x", PipedId: a.id, PlatformProvider: provider, RepoId: repoID, Kind: modelpb.ApplicationKind_ECS,
			})
			return err
		},
		"WatchDeployment": func() error {
			stream, err := stranger.WatchDeployment(ctx, &webv1.WatchDeploymentRequest{DeploymentId: id})
			if err == nil {
				_, err = stream.Receive()
			}
			return err
		},
		"WatchStageLog": func() error {
			stream, err := stranger.WatchStageLog(ctx, &webv1.WatchStageLogRequest{DeploymentId: id, StageId: "ANALYSIS"})
			if err == nil {
				_, err = stream.Receive()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantWebCode(t, call(), connect.CodeNotFound) })
	}
	apps, err := stranger.ListApplications(ctx, &webv1.ListApplicationsRequest{})
	if err != nil || len(apps.GetApplications()) != 0 {
		t.Errorf("got %v, %v", apps, err)
	}
	counts, err := stranger.CountApplications(ctx, &webv1.CountApplicationsRequest{})
	if err != nil || counts.GetTotal() != 0 {
		t.Errorf("got %v, %v", counts, err)
	}
	pipeds, err := stranger.ListPipeds(ctx, &webv1.ListPipedsRequest{})
	if err != nil || len(pipeds.GetPipeds()) != 1 || pipeds.GetPipeds()[0].GetPiped().GetId() != b.id {
		t.Errorf("got %v, %v", pipeds, err)
	}
	err = w.store.PutSuggestions(ctx, model.Fence{PipedID: a.id}, a.id, []model.ApplicationInfo{{Name: "x", RepoID: repoID, Path: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	suggestions, err := stranger.ListSuggestions(ctx, &webv1.ListSuggestionsRequest{})
	if err != nil || len(suggestions.GetApplications()) != 0 {
		t.Errorf("got %v, %v", suggestions, err)
	}
	list, err := stranger.ListDeployments(ctx, &webv1.ListDeploymentsRequest{})
	if err != nil || len(list.GetDeployments()) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
}
