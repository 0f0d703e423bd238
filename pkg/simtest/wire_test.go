package simtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"pipecd/pkg/simcloud/wire"
)

// queryMetrics is the one call of Datadog.
const queryMetrics = "QueryMetrics"

const (
	latency      = 20 * time.Millisecond // of a call
	hangTime     = 30 * time.Second      // until a call that hangs ends
	staleness    = 5 * time.Second       // how old a stale read is at most
	elbNamespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
)

// wires carries the calls of one process to the cloud. It is safe for concurrent
// use.
type wires struct {
	actor    string
	cloud    http.Handler
	schedule *schedule                   // nil: nothing goes wrong
	dead     func() bool                 // the process was killed
	kill     func()                      // kills the process
	writes   func(call string)           // told before every call that changes something; may be nil
	made     func(call string, a answer) // told of every call that happened; may be nil

	mu   sync.Mutex
	past map[string]answer // the last answer to a read
}

type answer struct {
	at     time.Time
	status int
	header http.Header
	body   []byte
}

var errCut = errors.New("connection reset by peer")

// RoundTrip implements http.RoundTripper.
func (w *wires) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	if w.dead() || !wait(r.Context(), latency) || w.dead() {
		return nil, errCut
	}
	call, service := operationOf(r, body)
	m := fine
	if w.schedule != nil {
		m, _ = w.schedule.next(w.actor, call)
	}
	return w.suffer(m, r, body, call, service)
}

// suffer makes the call and lets it go wrong as decided.
func (w *wires) suffer(m mishap, r *http.Request, body []byte, call, service string) (*http.Response, error) {
	switch m {
	case throttled, unavailable:
		return respond(r, refusal(m, service)), nil
	case refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errCut}
	case hangs:
		wait(r.Context(), hangTime)
		return nil, timeoutError{}
	case stale:
		if old, ok := w.before(string(body)); ok {
			return respond(r, old), nil
		}
	case killBefore:
		w.kill()
		return nil, errCut
	default: // the call is made
	}
	if w.writes != nil && !reads(call) {
		w.writes(call)
	}
	now := w.ask(r, body)
	if w.made != nil {
		w.made(call, now)
	}
	switch m {
	case lost:
		return nil, errCut
	case hangsAfter:
		wait(r.Context(), hangTime)
		return nil, timeoutError{}
	case killAfter:
		w.kill()
		return nil, errCut
	default: // the answer arrives
	}
	if reads(call) {
		w.mu.Lock()
		w.past[string(body)] = now
		w.mu.Unlock()
	}
	return respond(r, now), nil
}

// before returns the last answer to the same read if it is not too old.
func (w *wires) before(body string) (answer, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	old, ok := w.past[body]
	return old, ok && time.Since(old.at) <= staleness
}

// ask makes the call.
func (w *wires) ask(r *http.Request, body []byte) answer {
	in := r.Clone(r.Context())
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out := httptest.NewRecorder()
	w.cloud.ServeHTTP(out, in)
	return answer{at: time.Now(), status: out.Code, header: out.Header(), body: out.Body.Bytes()}
}

func respond(r *http.Request, a answer) *http.Response {
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}
}

func refusal(m mishap, service string) answer {
	e := wire.Unavailable()
	if m == throttled {
		e = wire.Throttled()
	}
	out := httptest.NewRecorder()
	switch service {
	case "elb":
		e.WriteQuery(out, elbNamespace)
	case "datadog":
		status := http.StatusServiceUnavailable
		if m == throttled {
			status = http.StatusTooManyRequests
		}
		http.Error(out, `{"errors":["not now"]}`, status)
	default:
		e.WriteJSON(out)
	}
	return answer{at: time.Now(), status: out.Code, header: out.Header(), body: out.Body.Bytes()}
}

// operationOf returns the name of the call and whose it is.
func operationOf(r *http.Request, body []byte) (call, service string) {
	if r.Method == http.MethodGet {
		return queryMetrics, "datadog"
	}
	if _, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return name, "ecs"
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "?", "elb"
	}
	return form.Get("Action"), "elb"
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
