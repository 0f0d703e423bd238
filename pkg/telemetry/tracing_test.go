package telemetry_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/telemetry"
)

// collector is the far end of an export over HTTP.
type collector struct {
	mu   sync.Mutex
	got  []byte
	path string
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path, c.got = r.URL.Path, append(c.got, body...)
}

func TestSpansAreExportedWhenAsked(t *testing.T) { //nolint:paralleltest // it sets the environment
	c := &collector{}
	far := httptest.NewServer(c)
	t.Cleanup(far.Close)
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": far.URL, "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=staging", "OTEL_TRACES_EXPORTER": "",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "", "OTEL_SDK_DISABLED": "", "OTEL_TRACES_SAMPLER": "",
	} {
		t.Setenv(name, value)
	}
	tel, err := telemetry.Open(t.Context(), telemetry.Options{Catalog: telemetry.Agent(), Version: "v7"}, os.Getenv, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, end := tel.Begin(t.Context(), observe.Operation{Kind: observe.Deployment, Attrs: []slog.Attr{slog.String("deployment", "d1")}})
	end("DEPLOYMENT_SUCCESS", nil)
	if err := tel.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	far.Client().CloseIdleConnections()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path != "/v1/traces" {
		t.Errorf("exported to %q", c.path)
	}
	for _, want := range []string{"deployment", "d1", "service.name", "piped", "v7", "staging", "DEPLOYMENT_SUCCESS"} {
		if !strings.Contains(string(c.got), want) {
			t.Errorf("what was exported lacks %q", want)
		}
	}
}

func TestWhetherSpansAreExported(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  map[string]string
		code model.Code // of the error
		on   bool
	}{
		{name: "nothing is said"},
		{name: "an exporter", env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, on: true},
		{name: "an endpoint", env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, on: true},
		{name: "an endpoint, but none", env: map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}},
		{name: "switched off", env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}},
		{name: "gRPC", env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, on: true},
		{name: "an unknown exporter", env: map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, code: model.CodeInvalid},
		{name: "an unknown protocol", env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, code: model.CodeInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			tel, err := telemetry.Open(t.Context(), telemetry.Options{Catalog: telemetry.Agent()},
				func(name string) string { return test.env[name] }, slog.New(slog.NewTextHandler(&log, nil)))
			if model.CodeOf(err) != test.code {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			if got := strings.Contains(log.String(), "traces are exported"); got != test.on {
				t.Errorf("exported: %v, want %v", got, test.on)
			}
			if err := tel.Close(t.Context()); err != nil { // nothing was recorded, so nothing is sent
				t.Error(err)
			}
		})
	}
}
