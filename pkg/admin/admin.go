// Package admin is the operators' port that both binaries open: metrics,
// profiles and health. It is plain HTTP without authentication and is meant for
// the pod's own network.
package admin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pipecd/pkg/model"
)

// Handler serves /metrics from the registry, /healthz from health, and
// /debug/pprof. What a browser sends for a page of another site is refused: the
// browser may be on the one machine that reaches the port.
func Handler(registry *prometheus.Registry, health http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	mux.Handle("GET /healthz", health)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	// Without /debug/pprof/cmdline: an agent's command line may hold its whole configuration (--config-data).
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return secured(mux)
}

// policy lets the index of profiles have its looks and nothing else.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			http.Error(w, "the admin port answers no other site's pages", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Timeouts of the port. Profiles take long to write.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 2 * time.Minute
	closeTimeout  = 2 * time.Second

	maxHeaderBytes = 16 << 10
)

// Limit sets the port's timeouts and sizes.
func Limit(s *http.Server) {
	s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.MaxHeaderBytes = headerTimeout, readTimeout, writeTimeout, maxHeaderBytes
}

// Serve serves handler at address until ctx ends. An address that is taken is
// CodeFailedPrecondition.
func Serve(ctx context.Context, address string, handler http.Handler, logger *slog.Logger) error {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return model.Errorf(model.CodeFailedPrecondition, "the admin port %s cannot be opened: %w: choose another one with --admin-port", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	Limit(server)
	stop := context.AfterFunc(ctx, func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if err := server.Shutdown(closing); err != nil {
			logger.WarnContext(ctx, "the admin port was closed with requests under way", slog.Any("error", err))
		}
	})
	defer stop()
	logger.InfoContext(ctx, "admin port", slog.String("address", l.Addr().String()))
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return model.Wrap(model.CodeInternal, err, "serving the admin port")
	}
	return nil
}
