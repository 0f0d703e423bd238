package server_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/grpc/codes"

	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

func getPiped(t *testing.T, c webv1connect.WebServiceClient, id string) *webv1.Piped {
	t.Helper()
	resp, err := c.GetPiped(t.Context(), &webv1.GetPipedRequest{PipedId: id})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetPiped()
}

func TestWebPiped(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a, b := w.agent("dev", "b"), w.agent("dev", "a")
	w.application("dev", a, "one")
	w.application("dev", a, "two")
	c := w.user("dev")
	w.connect(a, "i").lease()

	got := getPiped(t, c, a.id)
	if got.GetHost() != "host-of-i" || got.GetApplicationCount() != 2 || got.GetLastSeenAt() < time.Now().Add(-time.Minute).Unix() ||
		got.GetPiped().GetStatus() != modelpb.Piped_ONLINE || len(got.GetKeys()) != 1 || got.GetKeys()[0].GetCreator() != "admin" {
		t.Errorf("got %v", got)
	}
	list, err := c.ListPipeds(t.Context(), &webv1.ListPipedsRequest{PageSize: 1})
	if err != nil || len(list.GetPipeds()) != 1 || list.GetPipeds()[0].GetPiped().GetId() != b.id || list.GetPipeds()[0].GetHost() != "" {
		t.Fatalf("got %v, %v; want the first by name", list, err)
	}
	list, err = c.ListPipeds(t.Context(), &webv1.ListPipedsRequest{PageSize: 1, Cursor: list.GetCursor()})
	if err != nil || len(list.GetPipeds()) != 1 || list.GetPipeds()[0].GetApplicationCount() != 2 || list.GetPipeds()[0].GetHost() != "host-of-i" || list.GetCursor() != "" {
		t.Errorf("got %v, %v", list, err)
	}
	if _, err := c.UpdatePiped(t.Context(), &webv1.UpdatePipedRequest{PipedId: a.id, Name: "tokyo", Description: "near"}); err != nil {
		t.Fatal(err)
	}
	if got := getPiped(t, c, a.id).GetPiped(); got.GetName() != "tokyo" || got.GetDesc() != "near" {
		t.Errorf("got %v", got)
	}
	_, err = c.UpdatePiped(t.Context(), &webv1.UpdatePipedRequest{PipedId: b.id, Name: "tokyo"})
	wantWebCode(t, err, connect.CodeAlreadyExists)
	if got := troubleOf(t, err); got.GetField() != "name" {
		t.Errorf("got %v", got)
	}
}

// troubleOf returns the detail of an error of the web service.
func troubleOf(t *testing.T, err error) *webv1.Trouble {
	t.Helper()
	e, ok := errors.AsType[*connect.Error](err)
	if !ok || len(e.Details()) != 1 {
		t.Fatalf("%v has no detail", err)
	}
	m, err := connectproto.UnmarshalErrorDetail(e.Details()[0])
	if err != nil {
		t.Fatal(err)
	}
	trouble, ok := m.(*webv1.Trouble)
	if !ok || trouble.GetRequestId() == "" {
		t.Fatalf("got %v", m)
	}
	return trouble
}

func TestWebTrouble(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c, ctx := w.user("dev"), t.Context()
	_, err := c.GetApplication(ctx, &webv1.GetApplicationRequest{ApplicationId: "none"})
	if got := troubleOf(t, err); got.GetField() != "" {
		t.Errorf("got %v", got)
	}
	_, err = c.ListApplications(ctx, &webv1.ListApplicationsRequest{PageSize: 501})
	if got := troubleOf(t, err); got.GetField() != "page_size" {
		t.Errorf("got %v", got)
	}
	_, err = w.web().GetMe(ctx, &webv1.GetMeRequest{})
	wantWebCode(t, err, connect.CodeUnauthenticated)
	first := troubleOf(t, err).GetRequestId()
	_, err = w.web().GetMe(ctx, &webv1.GetMeRequest{})
	if troubleOf(t, err).GetRequestId() == first {
		t.Error("two calls have one id")
	}
	// A stream's error comes in its trailer.
	stream, err := c.WatchDeployment(ctx, &webv1.WatchDeploymentRequest{DeploymentId: "none"})
	if err == nil {
		_, err = stream.Receive()
	}
	wantWebCode(t, err, connect.CodeNotFound)
	troubleOf(t, err)

	resp := w.post("GetMe", struct{}{}, browser())
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("got %s with the id %q", resp.Status, resp.Header.Get("X-Request-Id"))
	}
}

func TestWebGetMe(t *testing.T) {
	t.Parallel()
	w := setup(t)
	me, err := w.user("dev").GetMe(t.Context(), &webv1.GetMeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	week := 7 * 24 * time.Hour
	left := time.Until(time.Unix(me.GetExpiresAt(), 0))
	if me.GetVersion() != "test" || me.GetAddress() != "http://pipecd.example" || left > week || left < week-time.Hour || me.GetNow() == 0 {
		t.Errorf("got %v", me)
	}
}

// A logout ends the session everywhere, not only in the browser that forgot it.
func TestWebLogout(t *testing.T) {
	t.Parallel()
	w := setup(t)
	login := w.post("Login", map[string]string{"projectId": "dev", "username": "admin", "password": password}, browser())
	header := browser()
	header.Set("Cookie", "token="+login.Cookies()[0].Value)
	for _, step := range []struct {
		call   string
		status int
	}{{"GetMe", http.StatusOK}, {"Logout", http.StatusOK}, {"GetMe", http.StatusUnauthorized}, {"Logout", http.StatusOK}} {
		if got := w.post(step.call, struct{}{}, header); got.StatusCode != step.status {
			t.Errorf("%s: got %s, want %d", step.call, got.Status, step.status)
		}
	}
}

func TestWebDisablePiped(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	c, ctx := w.user("dev"), t.Context()
	stream := w.connect(a, "i")
	stream.lease()
	if _, err := c.DisablePiped(ctx, &webv1.DisablePipedRequest{PipedId: a.id}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, stream.end(), codes.Unauthenticated)
	_, err := a.ReportStat(a.ctx, &pipedservice.ReportStatRequest{PipedStats: []byte("x")})
	wantCode(t, err, codes.Unauthenticated)
	_, err = c.SyncApplication(ctx, &webv1.SyncApplicationRequest{ApplicationId: app})
	wantWebCode(t, err, connect.CodeFailedPrecondition)
	if !getPiped(t, c, a.id).GetPiped().GetDisabled() {
		t.Error("it does not show as disabled")
	}
	if _, err := c.EnablePiped(ctx, &webv1.EnablePipedRequest{PipedId: a.id}); err != nil {
		t.Fatal(err)
	}
	w.connect(a, "i").lease()
}

func TestWebPipedKeys(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	c, ctx := w.user("dev"), t.Context()
	stream := w.connect(a, "i")
	stream.lease()
	added, err := c.AddPipedKey(ctx, &webv1.AddPipedKeyRequest{PipedId: a.id})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AddPipedKey(ctx, &webv1.AddPipedKeyRequest{PipedId: a.id})
	wantWebCode(t, err, connect.CodeFailedPrecondition)
	if got := getPiped(t, c, a.id).GetKeys(); len(got) != 2 {
		t.Errorf("got %v", got)
	}
	rotated := w.as(auth.PipedCredential{ProjectID: "dev", PipedID: a.id, Key: added.GetKey()})
	for _, each := range []*agent{a, rotated} {
		if _, err := each.ListApplications(each.ctx, &pipedservice.ListApplicationsRequest{}); err != nil {
			t.Errorf("while two keys are valid: %v", err)
		}
	}
	for range 2 {
		if _, err := c.DeleteOldPipedKeys(ctx, &webv1.DeleteOldPipedKeysRequest{PipedId: a.id}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, stream.end(), codes.Unauthenticated)
	_, err = a.ListApplications(a.ctx, &pipedservice.ListApplicationsRequest{})
	wantCode(t, err, codes.Unauthenticated)
	if _, err := rotated.ListApplications(rotated.ctx, &pipedservice.ListApplicationsRequest{}); err != nil {
		t.Errorf("the newest key: %v", err)
	}
}
