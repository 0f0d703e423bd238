// Command piped is the agent: it runs next to the infrastructure, watches Git,
// and runs the deployments of its applications.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"pipecd/pkg/config"
	"pipecd/pkg/version"
)

// Exit codes: 1 is a failure, 2 a wrong use or configuration.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := newRootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, describe(err))
		os.Exit(exitCode(err))
	}
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

func exitCode(err error) int {
	var usage usageError
	var problems config.Problems
	if errors.As(err, &usage) || errors.As(err, &problems) {
		return exitUsage
	}
	return exitFailure
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "piped",
		Short:         "The agent: watches Git and runs deployments next to the infrastructure",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version.Get(),
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newRunCommand(), newVersionCommand())
	return root
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version.Long())
			return err
		},
	}
}
