package apiclient_test

import (
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"pipecd/pkg/model"
	"pipecd/pkg/telemetry"
	"pipecd/pkg/telemetry/telemetrytest"
)

func TestCallsAndTheStreamAreObserved(t *testing.T) {
	t.Parallel()
	p := &plane{
		connect: func(stream agentStream) error {
			err := send(stream, lease(7, 0))
			drain(stream)
			return err
		},
		answer: func(method string, call int) error {
			if method == "ReportStat" && call == 1 {
				return model.Errorf(model.CodeUnavailable, "away")
			}
			return nil
		},
	}
	spans := tracetest.NewInMemoryExporter()
	tel := telemetry.New(telemetry.Options{
		Catalog: telemetry.Agent(), Tracing: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
	})
	o := options(p.serve(t))
	o.Observer = tel
	c := dial(t, o)
	l := newListener()
	run(t, c, l)
	l.expect(t, "leased 7")
	if err := c.ReportStat(t.Context()); err != nil {
		t.Fatal(err)
	}
	values := telemetrytest.Values(t, tel.Registry())
	for name, want := range map[string]float64{
		`piped_control_plane_call_duration_seconds_count{code="OK",method="ReportStat",service="PipedService"}`:          1,
		`piped_control_plane_call_duration_seconds_count{code="Unavailable",method="ReportStat",service="PipedService"}`: 1,
		`piped_control_plane_stream_open`: 1,
	} {
		if values[name] != want {
			t.Errorf("%s is %v, want %v", name, values[name], want)
		}
	}
	stubs := spans.GetSpans()
	if len(stubs) != 2 {
		t.Fatalf("%d spans, want one per attempt", len(stubs))
	}
	sent := p.last(t, "ReportStat").trace
	if want := "00-" + stubs[1].SpanContext.TraceID().String() + "-" + stubs[1].SpanContext.SpanID().String() + "-01"; sent != want {
		t.Errorf("the call carried the trace %q, want %q", sent, want)
	}
}

func TestALostStreamIsObserved(t *testing.T) {
	t.Parallel()
	ends := make(chan struct{})
	p := &plane{connect: func(stream agentStream) error {
		err := send(stream, lease(7, 0))
		<-ends
		return err
	}}
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.Agent()})
	o := options(p.serve(t))
	o.Observer = tel
	l := newListener()
	stop := run(t, dial(t, o), l)
	l.expect(t, "leased 7")
	close(ends)
	l.expect(t, "disconnected: unavailable")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := telemetrytest.Values(t, tel.Registry())["piped_control_plane_streams_lost_total"]; got < 1 {
		t.Errorf("%v streams were lost", got)
	}
}
