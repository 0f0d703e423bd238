package telemetry_test

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"pipecd/pkg/observe"
	"pipecd/pkg/telemetry"
)

// span is what the tests look at.
type span struct {
	Name, Parent, Kind, Status string
	Attrs                      map[string]string
}

// recorded returns the spans that have ended, in the order of their ends.
func recorded(exporter *tracetest.InMemoryExporter) []span {
	names := map[string]string{}
	stubs := exporter.GetSpans()
	for _, s := range stubs {
		names[s.SpanContext.SpanID().String()] = s.Name
	}
	var out []span
	for _, s := range stubs {
		one := span{Name: s.Name, Parent: names[s.Parent.SpanID().String()], Kind: s.SpanKind.String(), Status: s.Status.Description, Attrs: map[string]string{}}
		for _, a := range s.Attributes {
			one.Attrs[string(a.Key)] = a.Value.String()
		}
		out = append(out, one)
	}
	return out
}

func newTraced(c telemetry.Catalog) (*telemetry.Telemetry, *tracetest.InMemoryExporter) {
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
	return telemetry.New(telemetry.Options{Catalog: c, Tracing: provider}), exporter
}

func TestADeploymentIsOneTraceOverBothPrograms(t *testing.T) {
	t.Parallel()
	agent, spans := newTraced(telemetry.Agent())
	plane, answered := newTraced(telemetry.ControlPlane())

	ctx, endDeployment := agent.Begin(t.Context(), observe.Operation{Kind: observe.Deployment, Attrs: []slog.Attr{
		slog.String("deployment", "d1"), slog.Int("try", 2), slog.Bool("first", false),
	}})
	inStage, endStage := agent.Begin(ctx, observe.Operation{Kind: observe.Stage, Name: "ECS_SYNC"})
	_, endAWS := agent.Begin(inStage, observe.Operation{Kind: observe.AWSCall, Group: "ECS", Name: "CreateTaskSet"})
	endAWS("", errors.New("AWS could not be reached"))
	header := http.Header{}
	_, endCall := agent.Begin(ctx, observe.Operation{Kind: observe.ControlPlaneCall, Group: "PipedService", Name: "ReportStat", Header: header})

	atPlane, endRPC := plane.Begin(t.Context(), observe.Operation{Kind: observe.RPC, Group: "PipedService", Name: "ReportStat", Header: header})
	_, endStore := plane.Begin(atPlane, observe.Operation{Kind: observe.DatastoreCall, Group: "pipeds", Name: "TouchPiped"})
	endStore("", nil)
	endRPC("", nil)

	endCall("OK", nil)
	endStage("STAGE_FAILURE", nil)
	endDeployment("DEPLOYMENT_FAILURE", nil)

	want := []span{
		{Name: "aws ECS CreateTaskSet", Parent: "stage ECS_SYNC", Kind: "client", Status: "AWS could not be reached", Attrs: map[string]string{"outcome": "internal"}},
		{Name: "call PipedService ReportStat", Parent: "deployment", Kind: "client", Attrs: map[string]string{"outcome": "OK"}},
		{Name: "stage ECS_SYNC", Parent: "deployment", Kind: "internal", Attrs: map[string]string{"outcome": "STAGE_FAILURE"}},
		{Name: "deployment", Kind: "internal", Attrs: map[string]string{"deployment": "d1", "try": "2", "first": "false", "outcome": "DEPLOYMENT_FAILURE"}},
	}
	if diff := cmp.Diff(want, recorded(spans)); diff != "" {
		t.Errorf("the agent's spans: %s", diff)
	}
	stubs := answered.GetSpans()
	if len(stubs) != 2 || stubs[1].Name != "answer PipedService ReportStat" || stubs[0].Parent.SpanID() != stubs[1].SpanContext.SpanID() {
		t.Fatalf("the control plane's spans: %+v", recorded(answered))
	}
	if call := spans.GetSpans()[1]; stubs[1].Parent.SpanID() != call.SpanContext.SpanID() || stubs[1].SpanContext.TraceID() != call.SpanContext.TraceID() {
		t.Error("the trace does not go on in the control plane")
	}
}

func TestPollingAStoreOutsideOfACallMakesNoSpans(t *testing.T) {
	t.Parallel()
	plane, spans := newTraced(telemetry.ControlPlane())
	ctx, end := plane.Begin(t.Context(), observe.Operation{Kind: observe.Stream, Group: "AgentService", Name: "Connect"})
	_, endStore := plane.Begin(ctx, observe.Operation{Kind: observe.DatastoreCall, Group: "commands", Name: "ListUnhandledCommands"})
	endStore("", nil)
	end("", nil)
	if got := recorded(spans); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
