package logging_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"pipecd/pkg/logging"
)

func TestLinesNameTheTraceThatIsRecorded(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	logger, err := logging.New(&out, logging.Flags{Level: "info", Encoding: "json"})
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider()
	ctx, span := provider.Tracer("test").Start(t.Context(), "work")
	logger.With(slog.String("deployment", "d1")).InfoContext(ctx, "inside")
	span.End()
	logger.InfoContext(t.Context(), "outside")
	inside, outside, _ := strings.Cut(out.String(), "\n")
	var line struct {
		Deployment string `json:"deployment"`
		TraceID    string `json:"trace_id"`
		SpanID     string `json:"span_id"`
	}
	if err := json.Unmarshal([]byte(inside), &line); err != nil {
		t.Fatal(err)
	}
	at := span.SpanContext()
	if line.TraceID != at.TraceID().String() || line.SpanID != at.SpanID().String() || line.Deployment != "d1" {
		t.Errorf("got %s", inside)
	}
	if strings.Contains(outside, "trace_id") {
		t.Errorf("a line outside of a span has a trace: %s", outside)
	}
}
