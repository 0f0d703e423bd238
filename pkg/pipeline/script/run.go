package script

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

const (
	shell = "/bin/sh"
	// grace is how long a script that must end may take to do so by itself.
	grace = 5 * time.Second
	// lateOutput is how long output is read after the script has ended, from what it left running.
	lateOutput = time.Second
)

// command is a script with what it runs in.
type command struct {
	dir, text string
	env       []string
}

// ending is how a script ended.
type ending struct {
	Code int `json:"code"` // exit code; -1 when a signal ended it
}

func (e ending) sentence(what string) string {
	if e.Code < 0 {
		return what + " was ended by a signal"
	}
	return what + " exited with code " + strconv.Itoa(e.Code) + ": see the log for what it wrote"
}

// execute runs the command and returns when it and all that it started are gone.
// When ctx ends first they are told to end, and killed if they do not.
func execute(ctx context.Context, c command, log platform.Log) (ending, error) {
	type result struct {
		end ending
		err error
	}
	over := make(chan result, 1)
	go func() {
		// The kernel ends the script with the thread that started it, if that is asked for: so the thread must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		end, err := supervise(ctx, c, log)
		over <- result{end, err}
	}()
	r := <-over
	if ctx.Err() != nil {
		return ending{}, context.Cause(ctx)
	}
	return r.end, r.err
}

func supervise(ctx context.Context, c command, log platform.Log) (ending, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return ending{}, model.Wrap(model.CodeExhausted, err, "running the script")
	}
	defer out.Close()                                    //nolint:errcheck // it was only read
	cmd := exec.CommandContext(ctx, shell, "-c", c.text) //nolint:gosec // running what the application's file says is the stage's purpose
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.env, in, in
	cmd.Cancel = func() error { endGroup(cmd, false); return nil }
	cmd.WaitDelay = grace
	apart(cmd)
	err = cmd.Start()
	_ = in.Close() // the script has its own
	if err != nil {
		return ending{}, model.Errorf(model.CodeFailedPrecondition, "the script could not be started with %s: %w", shell, err)
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		tell(out, log)
	}()
	err = cmd.Wait()
	endGroup(cmd, true) // what the script left running
	_ = out.SetReadDeadline(time.Now().Add(lateOutput))
	<-told
	var exited *exec.ExitError
	switch {
	case errors.As(err, &exited):
		return ending{Code: exited.ExitCode()}, nil
	case err == nil:
		return ending{}, nil
	default:
		return ending{}, model.Wrap(model.CodeInternal, err, "running the script")
	}
}
