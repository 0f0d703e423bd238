package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"pipecd/cmd/measure"
)

// replica is one `pipecd server`. It has the same address whenever it runs.
type replica struct {
	name    string
	address string
	log     string
	command func() *exec.Cmd

	mu      sync.Mutex
	running *exec.Cmd
	ended   chan struct{}
}

func newReplica(ctx context.Context, w *world, i int) (*replica, error) {
	port, err := measure.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	r := &replica{name: fmt.Sprintf("replica %d", i+1), address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), log: w.path(fmt.Sprintf("replica-%d.log", i+1))}
	r.command = func() *exec.Cmd {
		return exec.Command(w.binary, "server", "--config-file="+w.path("control-plane.yaml"), "--data-dir="+w.dataDir(i), //nolint:gosec,noctx // ours; ends with its owner
			"--encryption-key-file="+w.path("encryption-key"), "--insecure-cookie", "--host=127.0.0.1", "--port="+strconv.Itoa(port),
			"--admin-port=0", "--log-level=info", "--drain-period=200ms", "--grace-period=5s")
	}
	return r, nil
}

// start returns when the replica answers. off is how far its clock is off.
func (r *replica) start(ctx context.Context, off time.Duration) error {
	const private = 0o600
	out, err := os.OpenFile(filepath.Clean(r.log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, private)
	if err != nil {
		return err
	}
	defer out.Close() //nolint:errcheck // the program has its own handle
	command := r.command()
	command.Stdout, command.Stderr = out, out
	if off != 0 {
		err = startShifted(command, off)
	} else {
		command.SysProcAttr = tied()
		err = command.Start()
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", r.name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // how it ended is of no interest: it is killed often
		close(ended)
	}()
	r.mu.Lock()
	r.running, r.ended = command, ended
	r.mu.Unlock()
	return r.answers(ctx, ended)
}

func (r *replica) answers(ctx context.Context, ended chan struct{}) error {
	const most, again = time.Minute, 50 * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, most, errors.New("it does not answer"))
	defer cancel()
	for {
		if _, err := r.clock(ctx); err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("%s ended at once; see %s: %s", r.name, r.log, lastOf(r.log))
		case <-ctx.Done():
			return fmt.Errorf("%s: %w: %s", r.name, context.Cause(ctx), lastOf(r.log))
		case <-time.After(again):
		}
	}
}

// clock returns how far the replica's clock is from ours, once it is ready.
func (r *replica) clock(ctx context.Context) (time.Duration, error) {
	const timeout = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.address+"/healthz", http.NoBody)
	if err != nil {
		return 0, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		return 0, errors.Join(err, fmt.Errorf("%s is not ready: %s", r.name, answer.Status))
	}
	date, err := http.ParseTime(answer.Header.Get("Date"))
	return time.Until(date), err
}

// kill ends the replica at once.
func (r *replica) kill() { r.end(syscall.SIGKILL) }

// stop ends it as a supervisor does.
func (r *replica) stop() { r.end(syscall.SIGTERM) }

func (r *replica) end(signal syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running == nil {
		return
	}
	const patience = 10 * time.Second
	_ = r.running.Process.Signal(signal) // it may be gone
	select {
	case <-r.ended:
	case <-time.After(patience):
		_ = r.running.Process.Kill()
		<-r.ended
	}
	r.running = nil
}

// lastOf returns the end of a file.
func lastOf(path string) string {
	const most = 2000
	text, _ := os.ReadFile(filepath.Clean(path)) // only more to tell
	return string(text[max(0, len(text)-most):])
}
