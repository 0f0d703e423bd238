package gitcli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"pipecd/pkg/observe"
)

const (
	maxOutput = 1 << 20  // of one command's standard output
	maxStderr = 16 << 10 // of one command's standard error; the end is kept
	// killDelay bounds the wait for pipes that a killed process left open.
	killDelay = 5 * time.Second
)

var (
	errTimeout = errors.New("the time limit was reached")
	errClosed  = errors.New("the git source is closed")
	errOutput  = errors.New("git printed more than is allowed")
)

// command is one run of git.
type command struct {
	args    []string
	env     []string // on top of the runner's
	timeout time.Duration
	// transfer marks a command that talks to a remote and so counts against
	// Options.MaxTransfers.
	transfer bool
	// hold is inherited by the process and by its children. The lock on a
	// mirror travels this way: it lasts as long as anyone can write there.
	hold *os.File
	// secrets are cut out of what git prints.
	secrets []string
}

// runner starts git with an environment of our own: nothing of the user's
// configuration and no variable that could change what git does.
type runner struct {
	binary    string
	dir       string
	env       []string
	transfers chan struct{}
	observer  observe.Observer
}

// processError is a git process that ended with an error. Its text is redacted
// and one line: what git printed around it is left out.
type processError struct {
	verb   string
	stderr string
	err    error
}

func (e *processError) Error() string {
	if line := tellingLine(e.stderr); line != "" {
		return fmt.Sprintf("git %s: %s", e.verb, line)
	}
	return fmt.Sprintf("git %s: %v", e.verb, e.err)
}

func (e *processError) Unwrap() error { return e.err }

// run runs the command to its end and returns its standard output. An error is
// a *processError, or the cause of the context's end.
func (r *runner) run(ctx context.Context, c command) ([]byte, error) {
	ctx, end := r.observer.Begin(ctx, observe.Operation{Kind: observe.GitCommand, Name: verb(c.args)})
	out, err := r.wait(ctx, c)
	end(outcomeOf(err), err)
	return out, err
}

// outcomeOf is how a run of git ended.
func outcomeOf(err error) string {
	switch _, failed := errors.AsType[*processError](err); {
	case failed:
		return "failed"
	case errors.Is(err, errTimeout):
		return "timeout"
	case err != nil: // whoever waited does not wait any more
		return "canceled"
	default:
		return observe.OutcomeOK
	}
}

func (r *runner) wait(ctx context.Context, c command) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errTimeout)
	defer cancel()
	if c.transfer {
		select {
		case r.transfers <- struct{}{}:
			defer func() { <-r.transfers }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	stdout, stderr := &headBuffer{limit: maxOutput}, &tailBuffer{limit: maxStderr}
	cmd := r.command(ctx, c)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		return nil, &processError{verb: verb(c.args), stderr: clean(stderr.String(), c.secrets), err: err}
	}
}

// command prepares a process that leads a group of its own, so that the ssh or
// the remote helper it starts ends with it.
func (r *runner) command(ctx context.Context, c command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.binary, c.args...)
	cmd.Dir = r.dir
	cmd.Env = append(append([]string{}, r.env...), c.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = killDelay
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	if c.hold != nil {
		cmd.ExtraFiles = []*os.File{c.hold}
	}
	return cmd
}

// clean cuts secrets and control characters out of what git printed.
func clean(s string, secrets []string) string {
	s = strings.ToValidUTF8(s, "?")
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "xxxxx")
		}
	}
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return -1
		}
		return c
	}, s))
}

func killGroup(p *os.Process) error {
	err := syscall.Kill(-p.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// verb finds the subcommand among the arguments.
func verb(args []string) string {
	for _, a := range args {
		if !strings.HasPrefix(a, "-") && !strings.Contains(a, "=") {
			return a
		}
	}
	return ""
}

// headBuffer ends the process that writes more than limit.
type headBuffer struct {
	bytes.Buffer
	limit int
}

func (b *headBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		return 0, errOutput
	}
	return b.Buffer.Write(p)
}

// tailBuffer keeps the last limit bytes: git says last why it failed.
type tailBuffer struct {
	data  []byte
	limit int
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	if over := len(b.data) - b.limit; over > 0 {
		b.data = append(b.data[:0], b.data[over:]...)
	}
	return len(p), nil
}

func (b *tailBuffer) String() string { return string(b.data) }
