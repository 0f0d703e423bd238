package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/cmd/pipecd/quickstart"
	"pipecd/pkg/version"
)

// newRoot returns the whole command line. running is called before a command
// runs: what fails until then is wrong usage.
func newRoot(e env, running func()) *cobra.Command {
	root := &cobra.Command{
		Use:   "pipecd",
		Short: "Progressive delivery for Amazon ECS: the control plane and its command line",
		Long: `pipecd is the control plane: it holds projects, applications and deployments,
and tells agents (piped) what people ask for.

To see what it does, on this machine and without a cloud account:

  pipecd quickstart

To run it, start the server with a configuration file. The second command writes
one, beside one for the agent and a sample application:

  pipecd quickstart --print-config=DIR
  pipecd server --config-file=DIR/control-plane.yaml --insecure-cookie

--insecure-cookie is for browsers that reach the server by plain http; leave it out
where a proxy in front does TLS. Then log in with a browser or with the command
line, register an agent, and add an application:

  pipecd ctl login --address http://localhost:8080 --project my-project --username admin
  pipecd ctl piped add my-piped
  pipecd ctl app add --help

Exit codes: 0 done, 1 failed, 2 used or configured wrongly.`,
		Example: `  pipecd quickstart
  pipecd server --config-file=control-plane.yaml
  pipecd ctl app sync web --wait`,
		Version:          version.Long(),
		SilenceErrors:    true,
		SilenceUsage:     true,
		PersistentPreRun: func(*cobra.Command, []string) { running() },
	}
	root.Flags().BoolP("version", "v", false, "print the version")
	root.SetVersionTemplate("{{.Version}}\n") // as `pipecd version` prints it
	root.SetArgs(e.args)
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%s", commandline.FlagError(c, err))
	})
	// Commands that stand on their own go here; a larger one has a file, or a
	// package, of its own.
	root.AddCommand(
		newServer(e),
		newMigrate(e),
		newProject(e),
		newBackup(e),
		newRestore(e),
		newHashPassword(e),
		newCtl(e),
		quickstart.New(quickstart.Streams{In: e.in, Out: e.out, Err: e.err, Paint: colours(e, e.err)}),
		newVersion(),
	)
	group(root)
	commandline.Finish(root)
	return root
}

// group makes a command that only holds others show its help, and refuse what is
// none of them.
func group(c *cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := ""
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			hint = ", did you mean " + strings.Join(near, " or ")
		}
		return usagef("unknown command %q for `%s`%s; see `%s --help`", args[0], c.CommandPath(), hint, c.CommandPath())
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.SuggestionsMinimumDistance = 2
	return c
}

// args demands exactly the named arguments.
func args(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s is missing; see `%s --help`", strings.ToUpper(names[len(args)]), c.CommandPath())
		case len(args) > len(names):
			return usagef("unexpected argument %q; see `%s --help`", args[len(names)], c.CommandPath())
		default:
			return nil
		}
	}
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Example: `  pipecd version
  pipecd --version`,
		Args: args(),
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), version.Long())
			return err
		},
	}
}
