// Command pipecd is the control plane and its command line.
//
//	pipecd server         serve
//	pipecd migrate        bring the tables of the datastore up to date
//	pipecd project        add and list projects, reset a password
//	pipecd backup         write everything into one file
//	pipecd restore        put it into other stores
//	pipecd hash-password  make a password hash for the configuration file
//	pipecd ctl            what people do, without a browser
//	pipecd quickstart     all of it on this machine, to try
//	pipecd version
//
// Exit codes: 0 done, 1 failed, 2 used or configured wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"pipecd/cmd/pipecd/quickstart"
	"pipecd/pkg/config"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, env{args: os.Args[1:], in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv})
	stop()
	os.Exit(code)
}

// env is what a command sees of the world.
type env struct {
	args   []string
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, e env) int {
	running := false
	root := newRoot(e, func() { running = true })
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintln(e.err, describe(err))
	var usage *usageError
	var problems config.Problems
	if !running || errors.Is(err, quickstart.ErrUsage) || errors.As(err, &usage) || errors.As(err, &problems) {
		return exitUsage
	}
	return exitFailed
}

// describe returns what the user is told. Problems of a file stand for
// themselves, one per line, so that editors can jump to them.
func describe(err error) string {
	if problems, ok := errors.AsType[config.Problems](err); ok {
		return problems.Error()
	}
	return "Error: " + err.Error()
}

// usageError says that the command was used wrongly.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}
