package measure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is one of our programs. Its methods are for one goroutine.
type Process struct {
	cmd *exec.Cmd
}

// Start runs a program with its output in a file. The program outlives the
// context; Stop ends it.
func Start(ctx context.Context, log, binary string, env []string, args ...string) (*Process, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", binary, err)
	}
	const private = 0o600
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, private)
	if err != nil {
		return nil, fmt.Errorf("opening a log: %w", err)
	}
	defer out.Close() //nolint:errcheck // the program has its own handle
	cmd := exec.CommandContext(context.WithoutCancel(ctx), binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), out, out
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s (make build makes it): %w", binary, err)
	}
	return &Process{cmd: cmd}, nil
}

// Stop ends the program as a supervisor does. Stopping nil does nothing.
func (p *Process) Stop() {
	if p == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // how it ends does not matter here
		close(ended)
	}()
	const patience = 10 * time.Second
	select {
	case <-ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-ended
	}
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Usage is what a process holds and what it has spent.
type Usage struct {
	Resident int64         // bytes
	Spent    time.Duration // of all cores
	Children time.Duration // spent by programs it started, which have ended
}

// Megabytes is the resident memory in millions of bytes.
func (u Usage) Megabytes() float64 {
	const mega = 1_000_000
	return float64(u.Resident) / mega
}

// Usage reads the process's numbers from the kernel.
func (p *Process) Usage() (Usage, error) { return UsageOf(p.PID()) }

// Share is what the process spends of one core, in percent, while the time
// passes. It ends early with the context.
func (p *Process) Share(ctx context.Context, watch time.Duration) (float64, error) {
	before, err := p.Usage()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := Wait(ctx, watch); err != nil {
		return 0, err
	}
	after, err := p.Usage()
	if err != nil {
		return 0, err
	}
	const percent = 100
	return percent * (after.Spent - before.Spent).Seconds() / time.Since(began).Seconds(), nil
}

// Wait returns when the time has passed, or with the cause when the context ended
// before.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// UsageOf reads the numbers of any process of this user.
func UsageOf(pid int) (Usage, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return Usage{}, fmt.Errorf("reading the memory of a process: %w", err)
	}
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return Usage{}, fmt.Errorf("reading the processor time of a process: %w", err)
	}
	var u Usage
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
			if err != nil {
				return u, fmt.Errorf("reading the memory of a process: %w", err)
			}
			u.Resident = n << 10
		}
	}
	// The fields are counted behind the command's name, which is in parentheses: utime, stime, cutime and cstime are the
	// 12th to 15th.
	_, behind, ok := bytes.Cut(stat, []byte(") "))
	fields := strings.Fields(string(behind))
	const utime, cutime, cstime, tick = 11, 13, 14, 10 * time.Millisecond
	if !ok || len(fields) <= cstime {
		return u, errors.New("reading the processor time of a process: the kernel's answer is not understood")
	}
	for i := utime; i <= cstime; i++ {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		switch {
		case err != nil:
			return u, fmt.Errorf("reading the processor time of a process: %w", err)
		case i < cutime:
			u.Spent += time.Duration(n) * tick
		default:
			u.Children += time.Duration(n) * tick
		}
	}
	return u, nil
}

// FreePort asks the system for a port that nothing uses.
func FreePort(ctx context.Context) (int, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	return strconv.Atoi(port)
}
