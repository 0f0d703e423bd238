package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"pipecd/pkg/observe"
)

// spans reports whether an operation that begins in ctx has a span.
func (m operation) spans(ctx context.Context) bool {
	return m.span != "" && (!m.part || trace.SpanContextFromContext(ctx).IsValid())
}

// startSpan begins the operation's span. It is the child of the span the context
// has, or of the one in the headers of a call that came in.
func (t *Telemetry) startSpan(ctx context.Context, m operation, op observe.Operation) (context.Context, trace.Span) {
	kind := trace.SpanKindInternal
	switch m.side {
	case sideClient:
		kind = trace.SpanKindClient
	case sideServer:
		kind = trace.SpanKindServer
		if op.Header != nil {
			ctx = propagator().Extract(ctx, carrier{op.Header})
		}
	case sideInternal:
	}
	ctx, span := t.tracer.Start(ctx, spanName(m, op), trace.WithSpanKind(kind))
	if span.IsRecording() {
		span.SetAttributes(attributes(op)...)
	}
	if m.side == sideClient && op.Header != nil {
		propagator().Inject(ctx, carrier{op.Header})
	}
	return ctx, span
}

func spanName(m operation, op observe.Operation) string {
	name := m.span
	if op.Group != "" {
		name += " " + op.Group
	}
	if op.Name != "" {
		name += " " + op.Name
	}
	return name
}

// endSpan ends the span. The error's text is what the log would show.
func endSpan(span trace.Span, outcome string, err error) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("outcome", outcome))
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
	}
	span.End()
}

func attributes(op observe.Operation) []attribute.KeyValue {
	out := make([]attribute.KeyValue, 0, len(op.Attrs))
	for _, a := range op.Attrs {
		switch v := a.Value.Resolve(); v.Kind() {
		case slog.KindInt64:
			out = append(out, attribute.Int64(a.Key, v.Int64()))
		case slog.KindBool:
			out = append(out, attribute.Bool(a.Key, v.Bool()))
		default:
			out = append(out, attribute.String(a.Key, v.String()))
		}
	}
	return out
}

// propagator is how both programs write the trace into headers: as W3C says.
func propagator() propagation.TextMapPropagator { return propagation.TraceContext{} }

// carrier makes headers what a propagator wants.
type carrier struct{ observe.Header }

// Keys implements propagation.TextMapCarrier; ours never asks.
func (carrier) Keys() []string { return nil }
