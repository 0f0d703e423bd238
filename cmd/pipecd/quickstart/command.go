package quickstart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Streams are the command's input and outputs.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// flags are the flags of `pipecd quickstart`.
type flags struct {
	scenario    string
	exit        bool
	dataDir     string
	port        int
	printConfig bool
	verbose     bool
}

// defaultPort is the control plane's port in the tour; the scenarios take a
// free one.
const defaultPort = 8080

// ErrUsage is in the chain of an error about how the command was called.
var ErrUsage = errors.New("wrong usage")

// New returns the command.
func New(s Streams) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "quickstart",
		Short: "Try the whole product on this machine, with no cloud account",
		Long: `Start a control plane, a simulated cloud with real traffic, a sample Git
repository and an agent, all on loopback, and show what to try. Everything ends,
and is removed, with Ctrl-C.

With --scenario and --exit it runs unattended; its last line of output is one
JSON object, and the exit code is 0 only if the promise held.`,
		Example: `  pipecd quickstart
  pipecd quickstart --scenario=canary --exit
  pipecd quickstart --scenario=bad-release --exit
  pipecd quickstart --print-config`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), s, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.scenario, "scenario", "", "run a scenario: "+strings.Join(Names(), ", "))
	fl.BoolVar(&f.exit, "exit", false, "end after the scenario")
	fl.StringVar(&f.dataDir, "data-dir", "", "keep files here and leave them there; an earlier quickstart's are replaced (default: a temporary directory)")
	fl.IntVar(&f.port, "port", defaultPort, "port of the control plane on loopback; 0 takes a free one")
	fl.BoolVar(&f.printConfig, "print-config", false, "print the configuration files that are used, to start from, and end")
	fl.BoolVar(&f.verbose, "verbose", false, "show the logs of the control plane and of the simulated cloud")
	_ = cmd.RegisterFlagCompletionFunc("scenario", cobra.FixedCompletions(Names(), cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	return cmd
}

func run(ctx context.Context, s Streams, f flags) error {
	if f.printConfig {
		return printConfig(s.Out)
	}
	var chosen *scenario
	if f.scenario != "" {
		all := scenarios()
		i := slices.IndexFunc(all, func(x scenario) bool { return x.name == f.scenario })
		if i < 0 {
			return fmt.Errorf("%w: there is no scenario %q; there are %s", ErrUsage, f.scenario, strings.Join(Names(), ", "))
		}
		chosen = &all[i]
	}
	if f.exit && chosen == nil {
		return fmt.Errorf("%w: --exit needs --scenario", ErrUsage)
	}
	dir, remove, err := directory(f.dataDir)
	if err != nil {
		return err
	}
	defer remove()
	return runWorld(ctx, s, f, dir, chosen)
}

func runWorld(ctx context.Context, s Streams, f flags, dir string, chosen *scenario) (err error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(s.Err, format+"\n", args...) } // nobody is left to be told
	o := options{dir: dir, port: f.port, say: say, logger: slog.New(slog.DiscardHandler), literal: chosen != nil && chosen.literal}
	if f.exit && f.port == defaultPort {
		o.port = 0
	}
	if f.verbose {
		o.logger = slog.New(slog.NewTextHandler(s.Err, nil))
	}
	w, err := newWorld(ctx, o)
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		err = errors.Join(err, w.close(closing))
	}()
	if err != nil {
		return err
	}
	if chosen != nil {
		if err := play(ctx, s, w, *chosen); err != nil || f.exit {
			return err
		}
	}
	return tour(ctx, s, w)
}

// play runs a scenario, prints its line, and fails if its promise did not hold.
func play(ctx context.Context, s Streams, w *world, chosen scenario) error {
	r, err := chosen.run(ctx, w)
	if err != nil {
		return err
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	problems := chosen.judge(r)
	if _, err := fmt.Fprintln(s.Out, line); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("the promise of %s did not hold: %s", chosen.name, strings.Join(problems, "; "))
	}
	return nil
}

// directory returns where the files go. A named directory is emptied of an
// earlier quickstart's files first: the simulated cloud begins anew, so must
// the rest.
func directory(named string) (dir string, remove func(), err error) {
	if named == "" {
		dir, err = os.MkdirTemp("", "pipecd-quickstart-")
		if err != nil {
			return "", nil, fmt.Errorf("making a directory: %w", err)
		}
		return dir, func() { _ = os.RemoveAll(dir) }, nil // what is left is in the temporary directory
	}
	dir, err = filepath.Abs(named)
	if err != nil {
		return "", nil, fmt.Errorf("--data-dir: %w", err)
	}
	if err := os.MkdirAll(dir, privateDir); err != nil {
		return "", nil, fmt.Errorf("--data-dir: %w", err)
	}
	return dir, func() {}, beginAnew(dir)
}

// marker is the file by which a quickstart knows its own directory.
const marker = ".pipecd-quickstart"

// beginAnew removes an earlier quickstart's files and refuses a directory that
// holds anything else.
func beginAnew(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("--data-dir: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, marker)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%w: --data-dir %s is not empty and was not made by a quickstart: name a new or empty directory", ErrUsage, dir)
	}
	for _, ours := range []string{"control-plane", "sample", "sample.git", "piped", "piped.log"} {
		if err := os.RemoveAll(filepath.Join(dir, ours)); err != nil {
			return fmt.Errorf("--data-dir: %w", err)
		}
	}
	const private = 0o600
	if err := os.WriteFile(filepath.Join(dir, marker), nil, private); err != nil {
		return fmt.Errorf("--data-dir: %w", err)
	}
	return nil
}

// printConfig prints the files with placeholders for what only exists while the
// quickstart runs.
func printConfig(out io.Writer) error {
	arn := func(name, id string) string {
		return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:targetgroup/%s/%s", region, account, name, id)
	}
	primary, canary := arn("blue", "0123456789abcdef"), arn("green", "fedcba9876543210")
	g := errorRateGate(canary)
	g.pace = realPace()
	files := sampleFiles(release{version: "v1"}, primary, canary, g)
	for _, f := range []struct{ name, text string }{
		{"control-plane.yaml", controlPlaneFile()},
		{"piped.yaml", pipedFile(pipedValues{
			pipedID: "<id shown when the piped was added>", keyFile: "/etc/piped-secret/piped-key", address: "localhost:8080",
			pace: g.pace, remote: "git@github.com:example/sample.git", credentialsFile: "/etc/piped-secret/credentials-key",
			datadogAddress: "datadoghq.com", apiKeyFile: "/etc/piped-secret/datadog-api-key", appKeyFile: "/etc/piped-secret/datadog-application-key",
		})},
		{"app.pipecd.yaml", files["app.pipecd.yaml"]},
		{"servicedef.yaml", files["servicedef.yaml"]},
		{"taskdef.yaml", files["taskdef.yaml"]},
	} {
		if _, err := fmt.Fprintf(out, "# --- %s\n%s\n", f.name, f.text); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}
