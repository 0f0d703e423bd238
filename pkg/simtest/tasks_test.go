package simtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"pipecd/pkg/simcloud/task"
)

// fate is what becomes of one task.
type fate struct {
	Late    time.Duration // it starts so much later
	Refused bool          // there is no capacity for it
	Dies    time.Duration // it ends by itself after so long; 0: it does not
	Sickens time.Duration // it fails its health checks after so long; 0: it does not
}

// tasks runs tasks that exist only as an address. It is safe for concurrent use.
type tasks struct {
	draw func(spec task.Spec, nth int) fate
	hurt func(what string) // told when a fate strikes

	mu      sync.Mutex
	started int
	sick    map[string]bool // by address; absent: nobody listens
	running map[string]*memoryTask
}

func newTasks(draw func(task.Spec, int) fate, hurt func(string)) *tasks {
	return &tasks{draw: draw, hurt: hurt, sick: map[string]bool{}, running: map[string]*memoryTask{}}
}

// anew counts tasks from here on.
func (ts *tasks) anew() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.started = 0
}

// Start implements task.Runner.
func (ts *tasks) Start(ctx context.Context, spec task.Spec) (task.Instance, error) {
	ts.mu.Lock()
	ts.started++
	nth := ts.started
	ts.mu.Unlock()
	lot := ts.draw(spec, nth)
	if lot.Refused {
		ts.hurt("no capacity for task " + spec.ID)
		return nil, errors.New("Capacity is unavailable at this time. Please try again later or in a different availability zone")
	}
	if !wait(ctx, lot.Late) {
		return nil, context.Cause(ctx)
	}
	app := task.NewApp(spec)
	t := &memoryTask{tasks: ts, id: spec.ID, exited: make(chan task.Exit, 1), stopped: make(chan struct{})}
	ts.set(t.id, app.Fault() == task.FaultUnhealthy)
	ts.mu.Lock()
	ts.running[t.id] = t
	ts.mu.Unlock()
	if lot.Sickens > 0 {
		t.work.Go(func() { t.sicken(lot.Sickens) })
	}
	if life, code := app.Life(); life > 0 {
		t.work.Go(func() { t.die(life, code) })
	} else if lot.Dies > 0 {
		t.work.Go(func() {
			t.die(lot.Dies, 1)
		})
	}
	return t, nil
}

// RoundTrip answers health checks: the load balancer's connection to the tasks.
func (ts *tasks) RoundTrip(r *http.Request) (*http.Response, error) {
	ts.mu.Lock()
	sick, listens := ts.sick[r.URL.Host]
	ts.mu.Unlock()
	if !listens {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	code := http.StatusOK
	if sick {
		code = http.StatusServiceUnavailable
	}
	return &http.Response{StatusCode: code, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func (ts *tasks) set(address string, sick bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.sick[address] = sick
}

func (ts *tasks) forget(address string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.sick, address)
	delete(ts.running, address)
}

type memoryTask struct {
	tasks   *tasks
	id      string
	exited  chan task.Exit
	once    sync.Once
	stopped chan struct{}
	work    sync.WaitGroup
}

// Addr implements task.Instance.
func (t *memoryTask) Addr() string { return t.id }

// Exited implements task.Instance.
func (t *memoryTask) Exited() <-chan task.Exit { return t.exited }

// Stop implements task.Instance.
func (t *memoryTask) Stop() {
	t.once.Do(func() {
		close(t.stopped)
		t.tasks.forget(t.id)
	})
	t.work.Wait()
}

func (t *memoryTask) sicken(after time.Duration) {
	if t.lasts(after) {
		t.tasks.hurt("task " + t.id + " fails its health checks")
		t.tasks.set(t.id, true)
	}
}

func (t *memoryTask) die(after time.Duration, code int) {
	if t.lasts(after) {
		t.tasks.hurt(fmt.Sprintf("task %s exits with code %d", t.id, code))
		t.tasks.forget(t.id)
		select {
		case t.exited <- task.Exit{Code: code}:
		default: // it was struck
		}
	}
}

// lasts waits and reports whether the task was not stopped meanwhile.
func (t *memoryTask) lasts(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.stopped:
		return false
	}
}

// wait waits and reports whether ctx lasted.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lines indents a text for a document.
func lines(text, pad string) string {
	return pad + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+pad)
}

// strike ends a running task.
func (ts *tasks) strike(id string) {
	ts.mu.Lock()
	t := ts.running[id]
	ts.mu.Unlock()
	if t == nil {
		return
	}
	ts.hurt("task " + id + " is struck and exits with code 1")
	ts.forget(id)
	select {
	case t.exited <- task.Exit{Code: 1}:
	default: // it ended by itself
	}
}
