package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipecd/pkg/config"
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
	root.AddCommand(newRunCommand(), newVersionCommand())
	return root
}

// flagError says what is wrong with a flag, and which one was meant.
func flagError(c *cobra.Command, err error) error {
	hint := ""
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Deprecated == "" {
				names = append(names, f.Name)
			}
		})
		if near := config.Nearest(unknown.GetSpecifiedName(), names); near != "" {
			hint = ", did you mean --" + near
		}
	}
	return usageError{fmt.Errorf("%w%s; see `%s --help`", err, hint, c.CommandPath())}
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
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), version.Long())
			return err
		},
	}
}
