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
// /debug/pprof.
func Handler(registry *prometheus.Registry, health http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	mux.Handle("GET /healthz", health)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// Timeouts of the port. Profiles take long to write.
const (
	headerTimeout = 5 * time.Second
	writeTimeout  = 2 * time.Minute
	closeTimeout  = 2 * time.Second
)

// Serve serves handler at address until ctx ends. An address that is taken is
// CodeFailedPrecondition.
func Serve(ctx context.Context, address string, handler http.Handler, logger *slog.Logger) error {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", address)
	if err != nil {
		return model.Errorf(model.CodeFailedPrecondition, "the admin port %s cannot be opened: %w: choose another one with --admin-port", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, WriteTimeout: writeTimeout}
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
