package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"pipecd/pkg/observe"
)

// Begin implements observe.Observer. A kind that the catalog does not have is
// not measured.
func (t *Telemetry) Begin(ctx context.Context, op observe.Operation) (context.Context, observe.End) {
	m, ok := t.operations[op.Kind]
	if !ok {
		return ctx, func(string, error) {}
	}
	started := time.Now()
	var span trace.Span
	if t.tracer != nil && m.spans(ctx) {
		ctx, span = t.startSpan(ctx, m.operation, op)
	}
	m.began(op)
	return ctx, func(outcome string, err error) {
		if outcome == "" {
			outcome = observe.OutcomeOf(err)
		}
		m.finished(op, outcome, time.Since(started))
		if span != nil {
			endSpan(span, outcome, err)
		}
	}
}

// labels are the operation's values of the first labels.
func (m *meter) labels(op observe.Operation, more ...string) []string {
	out := make([]string, 0, 3)
	if m.grouped {
		out = append(out, op.Group)
	}
	if m.named {
		out = append(out, op.Name)
	}
	return append(out, more...)
}

func (m *meter) began(op observe.Operation) {
	if m.running != nil {
		m.running.WithLabelValues(m.labels(op)...).Inc()
	}
}

func (m *meter) finished(op observe.Operation, outcome string, took time.Duration) {
	if m.running != nil {
		m.running.WithLabelValues(m.labels(op)...).Dec()
	}
	if m.seconds != nil {
		m.seconds.WithLabelValues(m.labels(op, outcome)...).Observe(took.Seconds())
	}
	if m.ended != nil {
		m.ended.WithLabelValues(m.labels(op, outcome)...).Inc()
	}
	if m.success != nil && outcome == observe.OutcomeOK {
		m.success.WithLabelValues(m.labels(op)...).SetToCurrentTime()
	}
}

// Count implements observe.Observer. Values that do not fit the counter's labels
// are a defect of the caller, and not counted.
func (t *Telemetry) Count(_ context.Context, c observe.Counter, n int, labels ...string) {
	v, ok := t.counters[c]
	if !ok || n <= 0 {
		return
	}
	if counter, err := v.GetMetricWithLabelValues(labels...); err == nil {
		counter.Add(float64(n))
	}
}

// Set implements observe.Observer.
func (t *Telemetry) Set(_ context.Context, l observe.Level, value float64) {
	if gauge, ok := t.levels[l]; ok {
		gauge.Set(value)
	}
}
