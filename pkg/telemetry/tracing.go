package telemetry

import (
	"context"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"pipecd/pkg/model"
)

// service is the program whose spans are exported.
type service struct {
	name    string // OTEL_SERVICE_NAME wins
	version string
}

// openExport prepares the export of spans, and returns nil if none is asked for.
// The exporter and the sampler read their variables themselves. Spans are
// exported when OTEL_TRACES_EXPORTER is otlp, or is not set while an OTLP
// endpoint is.
func openExport(ctx context.Context, s service, getenv func(string) string, logger *slog.Logger) (*sdktrace.TracerProvider, error) {
	wanted, err := wantsTraces(getenv)
	if err != nil || !wanted {
		return nil, err
	}
	exporter, err := newExporter(ctx, getenv)
	if err != nil {
		return nil, err
	}
	from, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", s.name), attribute.String("service.version", s.version)),
		resource.WithFromEnv(), resource.WithTelemetrySDK())
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "reading OTEL_RESOURCE_ATTRIBUTES")
	}
	// The library reports a failed export only to a handler of the whole process.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.WarnContext(ctx, "spans could not be exported", slog.Any("error", err))
	}))
	logger.InfoContext(ctx, "traces are exported", slog.String("protocol", protocol(getenv)))
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(from)), nil
}

func wantsTraces(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch name := getenv("OTEL_TRACES_EXPORTER"); name {
	case "otlp":
		return true, nil
	case "none":
		return false, nil
	case "":
		return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "", nil
	default:
		return false, model.Errorf(model.CodeInvalid, "OTEL_TRACES_EXPORTER: expected otlp or none, found %q", name)
	}
}

const (
	protocolHTTP = "http/protobuf"
	protocolGRPC = "grpc"
)

func protocol(getenv func(string) string) string {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if value := getenv(name); value != "" {
			return value
		}
	}
	return protocolHTTP
}

func newExporter(ctx context.Context, getenv func(string) string) (sdktrace.SpanExporter, error) {
	var (
		exporter sdktrace.SpanExporter
		err      error
	)
	switch name := protocol(getenv); name {
	case protocolHTTP:
		exporter, err = otlptracehttp.New(ctx)
	case protocolGRPC:
		exporter, err = otlptracegrpc.New(ctx)
	default:
		return nil, model.Errorf(model.CodeInvalid, "OTEL_EXPORTER_OTLP_PROTOCOL: expected %s or %s, found %q", protocolHTTP, protocolGRPC, name)
	}
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "preparing the export of traces; check the OTEL_EXPORTER_OTLP_* variables")
	}
	return exporter, nil
}
