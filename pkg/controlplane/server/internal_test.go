package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/observe"
)

func TestAPanicIsAnErrorWithoutDetails(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	chain := account(logger, observe.Or(nil))(mapErrors(recoverPanics(
		func(context.Context, connect.Spec, connect.ServerStream) error { panic("a secret") })))
	err := chain(t.Context(), connect.Spec{Procedure: "/x/Y"}, nil)
	if connect.CodeOf(err) != connect.CodeInternal || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log.String(), "a secret") || !strings.Contains(log.String(), "internal_test.go") || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the log lacks the panic and its stack: %s", log.String())
	}
}

func TestCallsHaveALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wait := func(ctx context.Context, _ connect.Spec, _ connect.ServerStream) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
		started := time.Now()
		err := mapErrors(limit(t.Context())(wait))(t.Context(), connect.Spec{StreamType: connect.StreamTypeUnary}, nil)
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded || time.Since(started) != callTimeout {
			t.Errorf("got %v after %s", err, time.Since(started))
		}
		stopping, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { stop(errStopping) })
		err = mapErrors(limit(stopping)(wait))(t.Context(), connect.Spec{StreamType: connect.StreamTypeServer}, nil)
		if connect.CodeOf(err) != connect.CodeUnavailable {
			t.Errorf("got %v from a stream when the server stops", err)
		}
	})
}

type store struct{ err error }

func (s *store) Ping(context.Context) error { return s.err }

func TestHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := &store{}
		h := newHealth(&store{}, broken)
		ask := func() int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil))
			return w.Code
		}
		if got := ask(); got != http.StatusOK {
			t.Errorf("got %d", got)
		}
		broken.err = errors.New("gone")
		if got := ask(); got != http.StatusOK {
			t.Errorf("got %d within the time an answer is reused", got)
		}
		time.Sleep(2 * healthReuse) // virtual time
		if got := ask(); got != http.StatusServiceUnavailable {
			t.Errorf("got %d", got)
		}
		broken.err = nil
		time.Sleep(2 * healthReuse)
		draining := make(chan struct{})
		h.draining = draining
		if got := ask(); got != http.StatusOK {
			t.Errorf("got %d before the server stops", got)
		}
		close(draining)
		if got := ask(); got != http.StatusServiceUnavailable {
			t.Errorf("got %d while the server stops", got)
		}
	})
}
