package quickstart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// restartPause is how long the agent stays away after it died, as a supervisor
// would have it.
const restartPause = time.Second

// agentProcess runs the agent as a process of its own and starts it again when
// it dies.
type agentProcess struct {
	binary  string
	args    []string
	env     []string
	logFile string
	hold    *os.File // inherited, see directory; may be nil
	report  func(string)
	onStart func(*os.Process) // may be nil

	mu      sync.Mutex
	process *os.Process
	starts  int
	done    chan struct{}
}

// findAgent looks for the piped program: where the environment says, beside
// this one, then on the path.
func findAgent() (string, error) {
	if named := os.Getenv("PIPED_BINARY"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("%w: PIPED_BINARY is %q, which is no program that can be run: name the piped program, or unset it", ErrUsage, named)
		}
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "piped")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	path, err := exec.LookPath("piped")
	if err != nil {
		return "", errors.New("the agent's program piped is neither beside this program nor on the path: run make build, or set PIPED_BINARY")
	}
	return path, nil
}

// start runs the agent until ctx ends. The agent dies with this process, however
// that ends.
func (a *agentProcess) start(ctx context.Context) {
	a.done = make(chan struct{})
	go func() {
		defer close(a.done)
		// A process tied to this one dies with the thread that started it. The
		// goroutine keeps the thread until the last agent has ended, and gives it
		// to nobody afterwards.
		runtime.LockOSThread()
		for ctx.Err() == nil {
			err := a.once(ctx)
			if ctx.Err() != nil {
				return
			}
			a.report(fmt.Sprintf("the agent ended (%v); it is started again in %s", err, restartPause))
			select {
			case <-ctx.Done():
			case <-time.After(restartPause):
			}
		}
	}()
}

// once runs one process to its end.
func (a *agentProcess) once(ctx context.Context) error {
	const private = 0o600
	log, err := os.OpenFile(a.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, private)
	if err != nil {
		return fmt.Errorf("opening the agent's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // a log of a demonstration
	cmd := exec.CommandContext(ctx, a.binary, a.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = a.env, log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // then it is killed
	tie(cmd)
	if a.hold != nil {
		inherit(cmd, a.hold)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the agent: %w", err)
	}
	if a.hold != nil {
		_ = note(a.hold, "agent", cmd.Process.Pid) // for people only
	}
	a.started(cmd.Process)
	return cmd.Wait()
}

func (a *agentProcess) started(p *os.Process) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.process = p
	a.starts++
	if a.starts > 1 {
		a.report(fmt.Sprintf("the agent runs again (process %d)", p.Pid))
	}
	if a.onStart != nil {
		a.onStart(p)
	}
}

// kill ends the process as a crash would: nothing of it gets to run any more.
func (a *agentProcess) kill() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.process == nil {
		return errors.New("the agent is not running")
	}
	return a.process.Kill()
}

// wait returns when the agent has ended after its context did.
func (a *agentProcess) wait() { <-a.done }
