package telemetry

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/trace"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// Options say who is measured.
type Options struct {
	Catalog Catalog
	Version string
	// Labels are put on every metric of the catalog. They are the same for the
	// whole life of the process.
	Labels map[string]string
	// Tracing is where spans go; nil means there are none. Open sets it.
	Tracing trace.TracerProvider
}

// Telemetry keeps the metrics of one process in a registry of their own. It is
// an observe.Observer, safe for concurrent use.
type Telemetry struct {
	registry   *prometheus.Registry
	operations map[observe.Kind]*meter
	counters   map[observe.Counter]*prometheus.CounterVec
	levels     map[observe.Level]prometheus.Gauge
	tracer     trace.Tracer // nil when there are no traces
	close      func(context.Context) error
}

var _ observe.Observer = (*Telemetry)(nil)

// meter is what is kept of one kind of operation; what is nil is not kept.
type meter struct {
	operation

	seconds *prometheus.HistogramVec
	ended   *prometheus.CounterVec
	running *prometheus.GaugeVec
	success *prometheus.GaugeVec
}

// Open returns the telemetry of a program, with spans exported as the OTEL_*
// variables ask, which getenv looks up. An exporter or a protocol that is not
// there is CodeInvalid. The result must be closed.
func Open(ctx context.Context, o Options, getenv func(string) string, logger *slog.Logger) (*Telemetry, error) {
	exporting, err := openExport(ctx, service{name: o.Catalog.program, version: o.Version}, getenv, logger)
	if err != nil {
		return nil, err
	}
	if exporting != nil {
		o.Tracing = exporting
	}
	t := New(o)
	if exporting != nil {
		t.close = exporting.Shutdown
	}
	return t, nil
}

// Close exports the spans that are left, for a few seconds at most.
func (t *Telemetry) Close(ctx context.Context) error {
	if t.close == nil {
		return nil
	}
	const limit = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return model.Wrap(model.CodeUnavailable, t.close(ctx), "exporting the last spans")
}

// New registers the metrics of the catalog, those of the Go runtime and those of
// the process.
func New(o Options) *Telemetry {
	t := &Telemetry{
		registry:   prometheus.NewRegistry(),
		operations: map[observe.Kind]*meter{},
		counters:   map[observe.Counter]*prometheus.CounterVec{},
		levels:     map[observe.Level]prometheus.Gauge{},
	}
	if o.Tracing != nil {
		t.tracer = o.Tracing.Tracer("pipecd")
	}
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := factory{prefix: o.Catalog.prefix(), to: prometheus.WrapRegistererWith(o.Labels, t.registry)}
	for _, op := range o.Catalog.operations {
		t.operations[op.kind] = f.meter(op)
	}
	for _, c := range o.Catalog.counters {
		t.counters[c.of] = f.counter(c.Metric)
		if len(c.Labels) == 0 {
			t.counters[c.of].WithLabelValues() // there from the start, as 0
		}
	}
	for _, l := range o.Catalog.levels {
		t.levels[l.of] = f.gauge(l.Metric).WithLabelValues()
	}
	f.gauge(buildInfo()).WithLabelValues(o.Version, runtime.Version()).Set(1)
	return t
}

// Registry is what the admin port serves.
func (t *Telemetry) Registry() *prometheus.Registry { return t.registry }

func buildInfo() Metric {
	return Metric{"build_info", "Always 1; the labels say which build this is.", []string{"version", "go_version"}}
}

// factory makes and registers metrics.
type factory struct {
	prefix string
	to     prometheus.Registerer
}

func (f factory) meter(op operation) *meter {
	m := &meter{operation: op}
	if d := op.seconds; d.Name != "" {
		m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: f.prefix + d.Name, Help: d.Help, Buckets: op.buckets}, d.Labels)
		f.to.MustRegister(m.seconds)
	}
	if op.ended.Name != "" {
		m.ended = f.counter(op.ended)
	}
	if op.running.Name != "" {
		m.running = f.gauge(op.running)
		if len(op.running.Labels) == 0 {
			m.running.WithLabelValues()
		}
	}
	if op.success.Name != "" {
		m.success = f.gauge(op.success)
	}
	return m
}

func (f factory) counter(m Metric) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.prefix + m.Name, Help: m.Help}, m.Labels)
	f.to.MustRegister(v)
	return v
}

func (f factory) gauge(m Metric) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.prefix + m.Name, Help: m.Help}, m.Labels)
	f.to.MustRegister(v)
	return v
}
