package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/config"
	"pipecd/pkg/piped/agent"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/piped/check"
	"pipecd/pkg/piped/trigger"
)

// checkFlags are the flags of `piped check`.
type checkFlags struct {
	configFile string
	output     string
	strict     bool
}

// Forms of the report.
const (
	outputText = "text"
	outputJSON = "json"
)

// errProblems ends a check that told of problems.
var errProblems = errors.New("problems were found")

const checkExample = `  # all application files below the working directory
  piped check

  # also whether the analysis providers that they name exist, and the agent's configuration itself
  piped check --config-file=piped.yaml apps/

  # in CI: warnings count, and a program reads the report
  piped check --strict --output=json . >report.json`

func newCheckCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Check configuration and application files before they are used",
		Long: `Check application files and the service and task definitions that they name, with
the agent's own rules, and tell all problems at once, each with its place. Nothing is
called, and no credentials are needed.

A PATH is a file, or a directory that is searched for *.pipecd.yaml, .pipe.yaml and the
analysis templates in .pipe/; the working directory when none is given. Files are looked
at as they are on disk, committed or not; a definition may be anywhere in the same Git
repository. Key files that an agent's configuration names need not be on this machine,
and <placeholders> in it are warnings.

Exit codes: 0 no problems, 1 the check could not be made, 2 problems, or wrong usage.`,
		Example: checkExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCheck(cmd, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.configFile, "config-file", "", "an agent's configuration (kind: Piped): it is checked, and what applications name must be in it")
	flags.StringVar(&f.output, "output", outputText, "text or json")
	flags.BoolVar(&f.strict, "strict", false, "warnings count as problems")
	commandline.Complete(cmd, "output", outputText, outputJSON)
	_ = cmd.MarkFlagFilename("config-file", "yaml", "yml", "json") // it fails only for a flag that does not exist
	return cmd
}

func runCheck(cmd *cobra.Command, f checkFlags, paths []string) error {
	if f.output != outputText && f.output != outputJSON {
		return usageError{fmt.Errorf("--output is %q; it must be text or json; see `%s --help`", f.output, cmd.CommandPath())}
	}
	report, err := checkAll(cmd.Context(), f, paths)
	if err != nil {
		return err
	}
	failed := report.Problems.Err() != nil || f.strict && len(report.Problems) > 0
	if f.output == outputJSON {
		err = writeJSON(cmd.OutOrStdout(), report, !failed)
	} else {
		err = writeText(cmd.OutOrStdout(), report, f)
	}
	if err == nil && failed {
		return errProblems
	}
	return err
}

// checkAll checks the agent's configuration, then the applications.
func checkAll(ctx context.Context, f checkFlags, paths []string) (check.Report, error) {
	piped := func(file string, skip func(file, why string)) (*config.Piped, config.Problems) {
		return config.ReadPipedFile(file, pipedChecksElsewhere(ctx, skip)...)
	}
	var first check.Report
	rules := agent.Rules(&config.Piped{})
	if f.configFile == "" {
		rules = anyAnalysis{rules}
	} else {
		cfg, problems := piped(f.configFile, first.Skip)
		first.Files, first.Problems = []check.File{{Path: f.configFile, Kind: config.KindPiped}}, problems
		if cfg == nil {
			rules = anyAnalysis{rules} // what it has is not known
		} else {
			rules = agent.Rules(cfg)
		}
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	return check.Run(ctx, check.Options{
		Paths: paths, Rules: rules, Checks: []appsource.Check{trigger.CheckPatterns}, Before: first,
		Piped: func(file string, skip func(file, why string)) config.Problems {
			_, problems := piped(file, skip)
			return problems
		},
	})
}

// anyAnalysis are the rules when it is not known which analysis providers the
// agent has.
type anyAnalysis struct{ appsource.Rules }

// CheckAnalysis implements appsource.Rules.
func (anyAnalysis) CheckAnalysis(string) error { return nil }
