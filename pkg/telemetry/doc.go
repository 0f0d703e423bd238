// Package telemetry makes metrics and traces of what the programs tell through
// package observe: metrics by Prometheus, spans by OpenTelemetry.
//
// catalog.go is the list of all metrics of both programs; docs/reference/metrics.md
// is written from it. observer.go is the observe.Observer. tracing.go exports
// spans if the standard OTEL_* variables ask for it; without them no span is
// made, and an operation costs one observation of a histogram.
package telemetry
