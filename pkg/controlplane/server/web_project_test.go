package server_test

import (
	"context"
	"testing"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/model"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

// Every call about a thing of another project says that it does not exist.
func TestWebOtherProject(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	id := w.deployment("dev", a, app, model.StageWaitApproval, model.StageAnalysis)
	b := w.agent("other", "b")
	owner := w.user("dev")
	sync, err := owner.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
	if err != nil {
		t.Fatal(err)
	}
	s := stranger{user: w.user("other"), piped: b.id}
	for name, call := range s.standing(t.Context(), a.id, app) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWebCode(t, call(), connect.CodeNotFound)
		})
	}
	for name, call := range s.running(t.Context(), id, sync.GetCommandId()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWebCode(t, call(), connect.CodeNotFound)
		})
	}
	err = w.store.PutSuggestions(t.Context(), model.Fence{PipedID: a.id}, a.id, []model.ApplicationInfo{{Name: "x", RepoID: repoID, Path: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	s.seesNothing(t)
}

// stranger is a user of another project, which has one agent.
type stranger struct {
	user  webv1connect.WebServiceClient
	piped string
}

// standing are the calls about another project's agent and application.
func (s stranger) standing(ctx context.Context, piped, app string) map[string]func() error {
	return map[string]func() error{
		"GetApplication": func() error {
			_, err := s.user.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: app})
			return err
		},
		"GetPiped": func() error {
			_, err := s.user.GetPiped(ctx, &webv1.GetPipedRequest{PipedId: piped})
			return err
		},
		"UpdatePiped": func() error {
			_, err := s.user.UpdatePiped(ctx, &webv1.UpdatePipedRequest{PipedId: piped, Name: "stolen"})
			return err
		},
		"EnablePiped": func() error {
			_, err := s.user.EnablePiped(ctx, &webv1.EnablePipedRequest{PipedId: piped})
			return err
		},
		"DisablePiped": func() error {
			_, err := s.user.DisablePiped(ctx, &webv1.DisablePipedRequest{PipedId: piped})
			return err
		},
		"AddPipedKey": func() error {
			_, err := s.user.AddPipedKey(ctx, &webv1.AddPipedKeyRequest{PipedId: piped})
			return err
		},
		"DeleteOldPipedKeys": func() error {
			_, err := s.user.DeleteOldPipedKeys(ctx, &webv1.DeleteOldPipedKeysRequest{PipedId: piped})
			return err
		},
		"UpdateApplication": func() error {
			_, err := s.user.UpdateApplication(ctx, &webv1.UpdateApplicationRequest{ApplicationId: app, PipedId: s.piped, PlatformProvider: provider})
			return err
		},
		"EnableApplication": func() error {
			_, err := s.user.EnableApplication(ctx, &webv1.EnableApplicationRequest{ApplicationId: app})
			return err
		},
		"DisableApplication": func() error {
			_, err := s.user.DisableApplication(ctx, &webv1.DisableApplicationRequest{ApplicationId: app})
			return err
		},
		"DeleteApplication": func() error {
			_, err := s.user.DeleteApplication(ctx, &webv1.DeleteApplicationRequest{ApplicationId: app})
			return err
		},
		"SyncApplication": func() error {
			_, err := s.user.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: app})
			return err
		},
		"AddApplication": func() error {
			_, err := s.user.AddApplication(ctx, &webv1.AddApplicationRequest{
				Name: "x", PipedId: piped, PlatformProvider: provider, RepoId: repoID, Kind: modelpb.ApplicationKind_ECS,
			})
			return err
		},
	}
}

// running are the calls about another project's deployment and command.
func (s stranger) running(ctx context.Context, id, command string) map[string]func() error {
	return map[string]func() error{
		"GetDeployment": func() error {
			_, err := s.user.GetDeployment(ctx, &webv1.GetDeploymentRequest{DeploymentId: id})
			return err
		},
		"CancelDeployment": func() error {
			_, err := s.user.CancelDeployment(ctx, &webv1.CancelDeploymentRequest{DeploymentId: id})
			return err
		},
		"ApproveStage": func() error {
			_, err := s.user.ApproveStage(ctx, &webv1.ApproveStageRequest{DeploymentId: id, StageId: "WAIT_APPROVAL"})
			return err
		},
		"SkipStage": func() error {
			_, err := s.user.SkipStage(ctx, &webv1.SkipStageRequest{DeploymentId: id, StageId: "ANALYSIS"})
			return err
		},
		"GetCommand": func() error {
			_, err := s.user.GetCommand(ctx, &webv1.GetCommandRequest{CommandId: command})
			return err
		},
		"GetStageLog": func() error {
			_, err := s.user.GetStageLog(ctx, &webv1.GetStageLogRequest{DeploymentId: id, StageId: "ANALYSIS"})
			return err
		},
		"WatchDeployment": func() error {
			stream, err := s.user.WatchDeployment(ctx, &webv1.WatchDeploymentRequest{DeploymentId: id})
			if err == nil {
				_, err = stream.Receive()
			}
			return err
		},
		"WatchStageLog": func() error {
			stream, err := s.user.WatchStageLog(ctx, &webv1.WatchStageLogRequest{DeploymentId: id, StageId: "ANALYSIS"})
			if err == nil {
				_, err = stream.Receive()
			}
			return err
		},
	}
}

// seesNothing looks for another project's things in lists.
func (s stranger) seesNothing(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	apps, err := s.user.ListApplications(ctx, &webv1.ListApplicationsRequest{})
	if err != nil || len(apps.GetApplications()) != 0 {
		t.Errorf("got %v, %v", apps, err)
	}
	counts, err := s.user.CountApplications(ctx, &webv1.CountApplicationsRequest{})
	if err != nil || counts.GetTotal() != 0 {
		t.Errorf("got %v, %v", counts, err)
	}
	pipeds, err := s.user.ListPipeds(ctx, &webv1.ListPipedsRequest{})
	if err != nil || len(pipeds.GetPipeds()) != 1 || pipeds.GetPipeds()[0].GetPiped().GetId() != s.piped {
		t.Errorf("got %v, %v", pipeds, err)
	}
	suggestions, err := s.user.ListSuggestions(ctx, &webv1.ListSuggestionsRequest{})
	if err != nil || len(suggestions.GetApplications()) != 0 {
		t.Errorf("got %v, %v", suggestions, err)
	}
	list, err := s.user.ListDeployments(ctx, &webv1.ListDeploymentsRequest{})
	if err != nil || len(list.GetDeployments()) != 0 {
		t.Errorf("got %v, %v", list, err)
	}
}
