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
}

// processError is a git process that ended with an error. Its text is
// redacted, and for operators.
type processError struct {
	verb   string
	stderr string
	err    error
}

func (e *processError) Error() string {
	if e.stderr == "" {
		return fmt.Sprintf("git %s: %v", e.verb, e.err)
	}
	return fmt.Sprintf("git %s: %v: %s", e.verb, e.err, e.stderr)
}

func (e *processError) Unwrap() error { return e.err }

// run runs the command to its end and returns its standard output. An error is
// a *processError, or the cause of the context's end.
func (r *runner) run(ctx context.Context, c command) ([]byte, error) {
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
