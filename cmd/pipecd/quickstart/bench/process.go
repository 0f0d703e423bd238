package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one of our programs.
type process struct {
	cmd *exec.Cmd
	log string
}

// start runs a program with its output in a file.
func start(ctx context.Context, log, binary string, env []string, args ...string) (*process, error) {
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
	return &process{cmd: cmd, log: log}, nil
}

// stop ends the program as a supervisor does.
func (p *process) stop() {
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

// usage is what a process holds and what it has spent.
type usage struct {
	resident int64         // bytes
	spent    time.Duration // of all cores
	children time.Duration // spent by programs it started, which have ended
}

// usage reads the process's numbers from the kernel.
func (p *process) usage() (usage, error) { return usageOf(p.cmd.Process.Pid) }

func usageOf(pid int) (usage, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return usage{}, fmt.Errorf("reading the memory of a process: %w", err)
	}
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return usage{}, fmt.Errorf("reading the processor time of a process: %w", err)
	}
	var u usage
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
			if err != nil {
				return u, fmt.Errorf("reading the memory of a process: %w", err)
			}
			u.resident = n << 10
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
			u.spent += time.Duration(n) * tick
		default:
			u.children += time.Duration(n) * tick
		}
	}
	return u, nil
}
