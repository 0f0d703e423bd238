package quickstart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/cmd/terminal"
)

// Streams are the command's input and outputs.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// Paint colours what is written to Err.
	Paint terminal.Paint
}

// sayf tells people how it goes.
func (s Streams) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Err, format+"\n", args...) // nobody is left to be told
}

// flags are the flags of `pipecd quickstart`.
type flags struct {
	scenario    string
	exit        bool
	dataDir     string
	port        int
	printConfig string // a directory, or toOutput
	verbose     bool
	plane       string // a configuration file
}

// toOutput is the value of --print-config without a directory.
const toOutput = "-"

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
repository and an agent, all on loopback, and show what to try. Everything ends
with Ctrl-C, and its files are removed unless --data-dir names a place for them.

With --scenario and --exit it runs unattended; its last line of output is one
JSON object. Exit codes: 0 the promise held, 1 it did not or something failed,
2 used wrongly.

With --control-plane-config the control plane is the one you are going to run: on
your MySQL and your object store, say. At the end the sample application is removed
and its agent is disabled; their history stays there.

The agent is the program piped beside this one, or on the path, or $PIPED_BINARY.`,
		Example: `  pipecd quickstart
  pipecd quickstart --scenario=canary --exit
  pipecd quickstart --scenario=bad-release --exit
  pipecd quickstart --scenario=canary --exit --control-plane-config=control-plane.yaml
  pipecd quickstart --print-config=DIR`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), s, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.scenario, "scenario", "", "first run this `scenario`: "+strings.Join(Names(), ", "))
	fl.BoolVar(&f.exit, "exit", false, "end after the scenario instead of going on with the tour")
	fl.StringVar(&f.dataDir, "data-dir", "", "keep the files in this `directory` and leave them there; an earlier quickstart's are replaced (default a temporary one, removed at the end)")
	commandline.Port(fl, &f.port, "port", defaultPort, "port of the control plane on loopback; 0, and by default --exit, takes a free one")
	fl.StringVar(&f.printConfig, "print-config", "", "write the files to start from into this `directory`, without a value print them one after the other, and end:\nthose of the control plane, the agent and the sample application, with a real cloud's pace and placeholders")
	fl.Lookup("print-config").NoOptDefVal = toOutput
	fl.StringVar(&f.plane, "control-plane-config", "", "keep the control plane's state where this `file`, a document of kind ControlPlane, says: its datastore, filestore and projects\nare used, and the quickstart's own project if it has none with that id")
	_ = cmd.MarkFlagFilename("control-plane-config", "yaml", "yml") // fails only for a flag that does not exist
	fl.BoolVar(&f.verbose, "verbose", false, "show the logs of the control plane and of the simulated cloud")
	commandline.Complete(cmd, "scenario", Names()...)
	_ = cmd.MarkFlagDirname("data-dir") // fails only for a flag that does not exist
	return cmd
}

func run(ctx context.Context, s Streams, f flags) error {
	switch f.printConfig {
	case "":
	case toOutput:
		return printConfig(s.Out)
	default:
		return writeConfig(s, f.printConfig)
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
	dir, err := openDirectory(f.dataDir)
	if err != nil {
		return err
	}
	err = runWorld(ctx, s, f, dir, chosen)
	dir.close()
	if err == nil && !f.exit {
		s.sayf("%s everything has ended, %s", s.Paint.As(terminal.Green, "✓"), dir.fate())
	}
	return err
}

func runWorld(ctx context.Context, s Streams, f flags, dir directory, chosen *scenario) (err error) {
	o := options{
		dir: dir, port: f.port, sayf: s.sayf, paint: s.Paint,
		logger: slog.New(slog.DiscardHandler), literal: chosen != nil && chosen.literal, plane: f.plane,
	}
	if f.exit && f.port == defaultPort {
		o.port = 0
	}
	if f.verbose {
		o.logger = slog.New(slog.NewTextHandler(s.Err, nil))
	}
	w, err := newWorld(ctx, o)
	defer func() { err = errors.Join(err, w.end(ctx)) }()
	if err != nil {
		return err
	}
	if chosen != nil {
		if err := play(ctx, s, w, *chosen); err != nil || f.exit {
			return err
		}
	}
	err = tour(ctx, s, w)
	s.sayf("\n… ending the agent, the control plane and the simulated cloud")
	return err
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
