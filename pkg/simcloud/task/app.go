package task

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HealthPath is where the application answers health checks.
const HealthPath = "/healthz"

// VersionHeader carries the application's version on every answer, TaskHeader
// the id of the task that gave it.
const (
	VersionHeader = "X-App-Version"
	TaskHeader    = "X-Task-Id"
)

// FaultKind is how an application misbehaves.
type FaultKind string

// The kinds of misbehaviour; see the package comment. An unknown one behaves
// like none, as a real application ignores a variable it does not know.
const (
	FaultNone      FaultKind = ""
	FaultErrors    FaultKind = "errors"
	FaultDrop      FaultKind = "drop"
	FaultSlow      FaultKind = "slow"
	FaultUnhealthy FaultKind = "unhealthy"
	FaultCrash     FaultKind = "crash"
)

const (
	allRequests      = 100
	defaultLatencyMS = 1000
	defaultCrashMS   = 200
)

// App is the application of one task. It is an [http.Handler] safe for
// concurrent use.
type App struct {
	id      string
	version string
	fault   FaultKind
	rate    int // percent of the requests that the fault hits
	latency time.Duration
	life    time.Duration // zero: until stopped
	code    int
}

// NewApp reads the behaviour of a task from its specification.
func NewApp(spec Spec) *App {
	env := spec.Environment
	app := &App{
		id:      spec.ID,
		version: Version(spec.Image),
		fault:   FaultKind(env["FAULT"]),
		rate:    number(env, "FAULT_RATE", allRequests),
		latency: millis(env, "FAULT_LATENCY", defaultLatencyMS),
	}
	switch {
	case app.fault == FaultCrash:
		app.life = max(millis(env, "FAULT_AFTER", defaultCrashMS), time.Millisecond)
		app.code = number(env, "FAULT_EXIT_CODE", 1)
	case env["EXIT_AFTER"] != "":
		app.life = max(millis(env, "EXIT_AFTER", 0), time.Millisecond)
		app.code = number(env, "EXIT_CODE", 0)
	}
	return app
}

// Fault returns how the application misbehaves.
func (a *App) Fault() FaultKind { return a.fault }

// Life returns after how long the application ends by itself and with which
// exit code. A zero duration means that it runs until it is stopped.
func (a *App) Life() (after time.Duration, code int) { return a.life, a.code }

// ServeHTTP answers as the application does. It cuts the connection by
// panicking with [http.ErrAbortHandler], the way net/http provides for it.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(VersionHeader, a.version)
	w.Header().Set(TaskHeader, a.id)
	if r.URL.Path == HealthPath {
		a.health(w)
		return
	}
	if rand.IntN(allRequests) < a.rate { //nolint:gosec // which request fails is no secret
		switch a.fault {
		case FaultErrors:
			http.Error(w, a.line("internal error"), http.StatusInternalServerError)
			return
		case FaultDrop:
			panic(http.ErrAbortHandler)
		case FaultSlow:
			if !a.linger(r) {
				return
			}
		case FaultNone, FaultUnhealthy, FaultCrash:
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, a.line("hello"))
}

func (a *App) health(w http.ResponseWriter) {
	if a.fault == FaultUnhealthy {
		http.Error(w, a.line("unhealthy"), http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, a.line("healthy"))
}

// linger waits the latency and reports whether the client still waits too.
func (a *App) linger(r *http.Request) bool {
	timer := time.NewTimer(a.latency)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (a *App) line(what string) string {
	return fmt.Sprintf("%s from version %s, task %s", what, a.version, a.id)
}

// Version returns the tag of an image reference. An image by digest only has
// the digest as its version, one without a tag is "latest".
func Version(image string) string {
	if name, digest, ok := strings.Cut(image, "@"); ok {
		if tag := tagOf(name); tag != "" {
			return tag
		}
		return digest
	}
	if tag := tagOf(image); tag != "" {
		return tag
	}
	return "latest"
}

// tagOf looks only behind the last slash: a colon before it is a registry's port.
func tagOf(image string) string {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return tag
}

func number(env map[string]string, name string, fallback int) int {
	n, err := strconv.Atoi(env[name])
	if err != nil || n < 0 {
		return fallback
	}
	return n
}

func millis(env map[string]string, name string, fallback int) time.Duration {
	const day = 24 * 60 * 60 * 1000
	return time.Duration(min(number(env, name, fallback), day)) * time.Millisecond
}
