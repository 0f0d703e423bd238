// Command piped is the agent: it runs next to the infrastructure, watches Git,
// and runs the deployments of its applications.
//
//	piped run      run the agent
//	piped check    check configuration and application files before they are used
//	piped version  print the version
//
// Exit codes: 0 done, 1 failed, 2 used or configured wrongly, or a check found problems.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"pipecd/cmd/commandline"
	"pipecd/pkg/config"
	"pipecd/pkg/model"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	running := false
	root := newRootCommand(func() { running = true })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	commandline.Finish(root) // last: the completion command keeps the output of now
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errProblems) {
		return exitUsage // they were told
	}
	_, _ = fmt.Fprintln(stderr, describe(err)) // nobody is left to be told
	var usage usageError
	var problems config.Problems
	if !running || errors.As(err, &usage) || errors.As(err, &problems) {
		return exitUsage
	}
	return exitFailure
}

// describe returns what the user is told. Problems of a file stand for
// themselves, one per line, so that editors can jump to them.
func describe(err error) string {
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return problems.Error()
	}
	return "Error: " + err.Error()
}

// usageError is an error in how the command was called or configured.
type usageError struct{ error }

// Unwrap returns what was wrong.
func (u usageError) Unwrap() error { return u.error }

// configured makes an error of starting a usageError when the configuration is
// to blame.
func configured(err error) error {
	if model.CodeOf(err) == model.CodeInvalid {
		return usageError{err}
	}
	return err
}
