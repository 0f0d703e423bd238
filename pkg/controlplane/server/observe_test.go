package server_test

import (
	"io"
	"net/http"
	"testing"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestWhatTheControlPlaneDoesIsObserved(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "one")
	app := w.application("dev", a, "web")
	c := w.connect(a, "i1")
	epoch := c.lease().GetEpoch()
	if _, err := w.web().Login(t.Context(), &webv1.LoginRequest{ProjectId: "dev", Username: "admin", Password: "wrong"}); err == nil {
		t.Fatal("a wrong password opens the door")
	}
	sync, err := w.user("dev").SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a repeat is one answer
		_, err = a.ReportCommandHandled(a.under(epoch), &pipedservice.ReportCommandHandledRequest{
			CommandId: sync.GetCommandId(), Status: modelpb.CommandStatus_COMMAND_SUCCEEDED, HandledAt: someTime,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.addresses.Public+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	values := telemetrytest.Values(t, w.telemetry.Registry())
	given, answered := model.CommandSyncApplication.String(), model.CommandSucceeded.String()
	for name, want := range map[string]float64{
		`pipecd_agents_connected`:                                      1,
		`pipecd_streams_open{method="Connect",service="AgentService"}`: 1,
		`pipecd_rpc_duration_seconds_count{code="ok",method="ReportCommandHandled",service="PipedService"}`:           2,
		`pipecd_rpc_duration_seconds_count{code="unauthenticated",method="Login",service="WebService"}`:               1,
		`pipecd_rpc_running{method="Login",service="WebService"}`:                                                     0,
		`pipecd_logins_total{outcome="unauthenticated"}`:                                                              1,
		`pipecd_commands_total{status="` + model.CommandNotHandled.String() + `",type="` + given + `"}`:               1,
		`pipecd_commands_total{status="` + answered + `",type="` + given + `"}`:                                       1,
		`pipecd_datastore_call_duration_seconds_count{aggregate="commands",method="AddCommand",outcome="ok"}`:         1,
		`pipecd_datastore_call_duration_seconds_count{aggregate="applications",method="AddApplication",outcome="ok"}`: 1,
		`pipecd_http_requests_total{code="200",handler="GET /healthz"}`:                                               2,
	} {
		if got, ok := values[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	c.cancel()
	_ = c.end()
}
