package realservers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// process is a server program that can be stopped, killed, frozen and started again.
type process struct {
	name    string
	command func() *exec.Cmd
	ready   func(ctx context.Context) error // nil once the server answers
	grace   time.Duration                   // that Stop gives it

	mu      sync.Mutex
	running *exec.Cmd
	ended   chan struct{}
	output  *tail
}

// ErrNotInstalled says that this machine lacks a server's program.
var ErrNotInstalled = errors.New("the server is not installed")

// required is the environment variable that makes a missing server a failure.
const required = "PIPECD_REQUIRE_STORES"

// MayBeMissing reports whether err says that a server is not installed, on a
// machine where that is no failure: a test is then skipped with err as its reason.
func MayBeMissing(err error) bool {
	return errors.Is(err, ErrNotInstalled) && os.Getenv(required) == ""
}

const (
	startTimeout = 60 * time.Second
	lookInterval = 50 * time.Millisecond
)

// Start starts the program and waits until it answers.
func (p *process) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return fmt.Errorf("%s runs already", p.name)
	}
	command := p.command()
	p.output = &tail{}
	command.Stdout, command.Stderr = p.output, p.output
	tie(command)
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // how it ended is of no interest: it is killed in the end
		close(ended)
	}()
	p.running, p.ended = command, ended
	return p.awaitReady(ctx)
}

func (p *process) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			p.running = nil
			return fmt.Errorf("%s ended at once: %s", p.name, p.output)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w (%w); it says: %s", p.name, err, context.Cause(ctx), p.output)
		case <-time.After(lookInterval):
		}
	}
}

// Stop asks the program to end, and kills it when it does not.
func (p *process) Stop() error { return p.end(syscall.SIGTERM) }

// Kill ends the program at once.
func (p *process) Kill() error { return p.end(syscall.SIGKILL) }

func (p *process) end(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return nil
	}
	err := errors.Join(p.running.Process.Signal(syscall.SIGCONT), p.running.Process.Signal(signal))
	select {
	case <-p.ended:
	case <-time.After(p.grace):
		err = errors.Join(err, p.running.Process.Kill())
		<-p.ended
	}
	p.running = nil
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// Freeze stops the program in mid-step: its connections stay open and nothing answers.
func (p *process) Freeze() error { return p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen program go on.
func (p *process) Thaw() error { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return fmt.Errorf("%s does not run", p.name)
	}
	return p.running.Process.Signal(s)
}

// PID returns the process id, 0 when the program does not run.
func (p *process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		return 0
	}
	return p.running.Process.Pid
}

// freePort returns a loopback port that nobody listens on now.
func freePort(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}

// tail keeps the end of what a program prints.
type tail struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

// Write keeps the last few kilobytes.
func (t *tail) Write(b []byte) (int, error) {
	const limit = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept.Write(b)
	if over := t.kept.Len() - limit; over > 0 {
		t.kept.Next(over)
	}
	return len(b), nil
}

// String returns what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strconv.Quote(t.kept.String())
}
