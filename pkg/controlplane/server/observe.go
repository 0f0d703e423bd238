package server

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/observe"
)

// operationOf is the call as the observer is told about it.
func operationOf(ctx context.Context, c *call) observe.Operation {
	op := observe.Operation{Kind: observe.RPC, Attrs: []slog.Attr{slog.String("request", c.id)}}
	if c.spec.StreamType != connect.StreamTypeUnary {
		op.Kind = observe.Stream
	}
	service, method, _ := strings.Cut(strings.TrimPrefix(c.spec.Procedure, "/"), "/")
	op.Group, op.Name = service[strings.LastIndexByte(service, '.')+1:], method
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		op.Header = info.RequestHeader()
	}
	return op
}

// counted counts the requests that are not calls, by the pattern that answers
// them. Calls are left alone: they are counted where their code is known, and
// streams need the connection's own writer.
func counted(mux *http.ServeMux, to observe.Observer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if strings.HasPrefix(pattern, pipedPrefix) || strings.HasPrefix(pattern, agentPrefix) || strings.HasPrefix(pattern, webPrefix) {
			mux.ServeHTTP(w, r)
			return
		}
		if pattern == "" {
			pattern = "none"
		}
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(recorder, r)
		to.Count(r.Context(), observe.HTTPRequests, 1, pattern, strconv.Itoa(recorder.status))
	})
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *statusRecorder) WriteHeader(status int) {
	if status >= http.StatusOK { // not the interim ones
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
