package task

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Servers runs each task as an HTTP server on a free port of 127.0.0.1.
type Servers struct {
	log *slog.Logger
}

// NewServers returns a runner of real servers.
func NewServers(logger *slog.Logger) *Servers { return &Servers{log: logger} }

// Start listens and serves.
func (s *Servers) Start(ctx context.Context, spec Spec) (Instance, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("task %s: listen: %w", spec.ID, err)
	}
	app := NewApp(spec)
	const headerTimeout = 10 * time.Second
	instance := &server{
		http:    &http.Server{Handler: app, ReadHeaderTimeout: headerTimeout, ErrorLog: discardLog()},
		addr:    listener.Addr().String(),
		exited:  make(chan Exit, 1),
		stopped: make(chan struct{}),
	}
	instance.wait.Go(func() {
		if err := instance.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.WarnContext(ctx, "task server ended", slog.String("task", spec.ID), slog.Any("error", err))
		}
	})
	if after, code := app.Life(); after > 0 {
		instance.wait.Go(func() { instance.live(after, code) })
	}
	return instance, nil
}

// discardLog keeps net/http from writing about connections that tests and
// faults cut on purpose.
func discardLog() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) }

type server struct {
	http    *http.Server
	addr    string
	exited  chan Exit
	stop    sync.Once
	stopped chan struct{}
	wait    sync.WaitGroup
}

func (s *server) Addr() string        { return s.addr }
func (s *server) Exited() <-chan Exit { return s.exited }

// Stop closes the listener and every connection: the load balancer has drained
// the task before, so nothing but kept-alive idle connections is left.
func (s *server) Stop() {
	s.stop.Do(func() {
		close(s.stopped)
		_ = s.http.Close()
	})
	s.wait.Wait()
}

// live ends the task by itself after a while.
func (s *server) live(after time.Duration, code int) {
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
		_ = s.http.Close()
		s.exited <- Exit{Code: code}
	case <-s.stopped:
	}
}
