package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/version"
)

// newRootCommand returns the whole command line. running is called before a
// command runs: what fails until then is wrong usage.
func newRootCommand(running func()) *cobra.Command {
	root := &cobra.Command{
		Use:   "piped",
		Short: "The agent: watches Git and runs deployments next to the infrastructure",
		Long: `piped is the agent: it runs next to the infrastructure, holds its credentials,
watches Git, and runs the deployments of its applications. It opens outbound
connections only.`,
		Example:                    runExample,
		SilenceUsage:               true,
		SilenceErrors:              true,
		Version:                    version.Get(),
		SuggestionsMinimumDistance: 2,
		PersistentPreRun:           func(*cobra.Command, []string) { running() },
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.Flags().BoolP("version", "v", false, "print the version")
	root.SetVersionTemplate(version.Long() + "\n")
	root.SetFlagErrorFunc(flagError)
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := ""
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			hint = ", did you mean " + near[0]
		}
		return fmt.Errorf("unknown command %q%s; see `%s --help`", args[0], hint, c.CommandPath())
	}
	root.AddCommand(newRunCommand(), newCheckCommand(), newVersionCommand())
	return root
}

// flagError says what is wrong with a flag, and which one was meant.
func flagError(c *cobra.Command, err error) error {
	return usageError{errors.New(commandline.FlagError(c, err))}
}

// noArgs refuses arguments.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unexpected argument %q; see `%s --help`", args[0], c.CommandPath())
}

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  piped version
  piped --version`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), version.Long())
			return err
		},
	}
}
