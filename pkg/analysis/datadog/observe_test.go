package datadog_test

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/analysis/analysistest"
	"pipecd/pkg/analysis/datadog"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestQueriesAreObserved(t *testing.T) {
	t.Parallel()
	world := &analysistest.World{Width: time.Minute}
	server := httptest.NewServer(farEnd{world})
	t.Cleanup(server.Close)
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	provider, err := datadog.New(datadog.Config{
		Address: server.URL, Keys: keys(t), HTTPClient: server.Client(), Logger: slog.New(slog.DiscardHandler), Observer: tel,
	})
	if err != nil {
		t.Fatal(err)
	}
	to := time.Now().Add(-time.Hour)
	query := analysis.Query{Expr: expr, Window: analysis.Window{From: to.Add(-time.Minute), To: to}}
	if _, err := provider.Query(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	world.Fault = analysistest.RefuseKeys
	if _, err := provider.Query(t.Context(), query); err == nil {
		t.Fatal("refused keys are an error")
	}
	values := telemetrytest.Values(t, tel.Registry())
	if values[`piped_datadog_query_duration_seconds_count{outcome="ok"}`] != 1 || len(values) == 0 {
		t.Errorf("got %v", values)
	}
	code := `piped_datadog_query_duration_seconds_count{outcome="permission_denied"}`
	if values[code] != 1 {
		t.Errorf("%s is not counted: %v", code, values)
	}
}
