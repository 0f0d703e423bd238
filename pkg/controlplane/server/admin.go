package server

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pipecd/pkg/admin"
)

func newAdminHandler(o Options) http.Handler {
	metrics := o.Metrics
	if metrics == nil {
		metrics = prometheus.NewRegistry()
	}
	return admin.Handler(metrics, newHealth(o.Store, o.Files))
}

const (
	healthTimeout = 3 * time.Second
	healthReuse   = time.Second // so that asking often costs nothing
)

// pinger is a store that says whether it answers.
type pinger interface {
	Ping(ctx context.Context) error
}

// health answers whether the stores answer, and whether this server wants to be
// asked.
type health struct {
	stores   []pinger
	draining <-chan struct{} // closed when it does not; nil for a server that always does
	last     atomic.Pointer[checkup]
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
	select {
	case <-h.draining:
		status, text = http.StatusServiceUnavailable, "this server is stopping\n"
	default:
		if h.check(r.Context()) != nil {
			status, text = http.StatusServiceUnavailable, "a store does not answer\n"
		}
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
