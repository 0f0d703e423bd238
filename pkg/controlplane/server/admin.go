package server

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"pipecd/pkg/admin"
)

// metrics are the process's own, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	running  *prometheus.GaugeVec
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		running: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "pipecd_rpc_running", Help: "Calls and streams that are running.",
		}, []string{"procedure"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pipecd_rpc_calls_total", Help: "Calls and streams that have ended, by status code.",
		}, []string{"procedure", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pipecd_rpc_seconds", Help: "How long calls took; streams are left out.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"procedure"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "pipecd_build_info", Help: "Always 1; the version is in the label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.running, m.calls, m.seconds, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) finished(spec connect.Spec, err error, took time.Duration) {
	m.calls.WithLabelValues(spec.Procedure, codeName(err)).Inc()
	if spec.StreamType == connect.StreamTypeUnary {
		m.seconds.WithLabelValues(spec.Procedure).Observe(took.Seconds())
	}
}

func newAdminHandler(o Options, m *metrics) http.Handler {
	return admin.Handler(m.registry, newHealth(o.Store, o.Files))
}

const (
	healthTimeout = 3 * time.Second
	healthReuse   = time.Second // so that asking often costs nothing
)

// pinger is a store that says whether it answers.
type pinger interface {
	Ping(ctx context.Context) error
}

// health answers whether the stores answer.
type health struct {
	stores []pinger
	last   atomic.Pointer[checkup]
}

type checkup struct {
	at  time.Time
	err error
}

func newHealth(stores ...pinger) *health { return &health{stores: stores} }

// ServeHTTP answers 200 with "ok", or 503 without the reason: that is for the
// log, not for whoever asks.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	status, text := http.StatusOK, "ok\n"
	if h.check(r.Context()) != nil {
		status, text = http.StatusServiceUnavailable, "a store does not answer\n"
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client is gone; nobody to tell
}

func (h *health) check(ctx context.Context) error {
	if last := h.last.Load(); last != nil && time.Since(last.at) < healthReuse {
		return last.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	defer cancel()
	var errs []error
	for _, s := range h.stores {
		errs = append(errs, s.Ping(ctx))
	}
	done := &checkup{at: time.Now(), err: errors.Join(errs...)}
	h.last.Store(done)
	return done.err
}
