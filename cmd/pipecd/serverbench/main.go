package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"pipecd/cmd/measure"
)

// settings are what the operator chose.
type settings struct {
	bin          string // directory of the programs
	connections  []int
	duration     time.Duration // of each measurement of calls
	agents       int
	watch        time.Duration // how long idle agents are watched
	applications int
	deployments  int
	many         int    // applications of the larger data set
	profiles     string // directory for profiles of the control plane; "" for none
	progress     io.Writer
}

type part struct {
	name string
	what string
	run  func(ctx context.Context, s settings, r *measure.Report) error
}

func parts() []part {
	return []part{
		{"calls", "calls per second of agents and of the web, at several numbers of connections", measureCalls},
		{"agents", "what idle agents cost, and calls per second beside them", measureAgents},
		{"pages", "how long a page takes with many applications and deployments", measurePages},
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "serverbench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("serverbench", flag.ExitOnError)
	var (
		s           = settings{progress: os.Stderr}
		only        = flags.String("only", "", "parts to measure, separated by commas (default: all)")
		connections = flags.String("connections", "16,64", "numbers of connections")
		started     = time.Now()
	)
	flags.StringVar(&s.bin, "bin", "bin", "directory of pipecd")
	flags.DurationVar(&s.duration, "duration", 5*time.Second, "how long each kind of call is made")
	flags.IntVar(&s.agents, "agents", 1000, "connected idle agents")
	flags.DurationVar(&s.watch, "watch", 30*time.Second, "how long the idle agents are watched")
	flags.IntVar(&s.applications, "applications", 2000, "applications of the data set for pages")
	flags.IntVar(&s.deployments, "deployments", 200_000, "deployments of the data set for pages")
	flags.IntVar(&s.many, "many", 50_000, "applications of the larger data set for pages")
	flags.StringVar(&s.profiles, "profiles", "", "directory for a CPU profile of the control plane for each kind of call (default: none are taken)")
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), "Usage: serverbench [flags]\n\nParts:\n")
		for _, p := range parts() {
			_, _ = fmt.Fprintf(flags.Output(), "  %-9s %s\n", p.name, p.what)
		}
		_, _ = fmt.Fprint(flags.Output(), "\nFlags:\n")
		flags.PrintDefaults()
	}
	_ = flags.Parse(args) // it exits on an error
	for n := range strings.SplitSeq(*connections, ",") {
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 {
			return fmt.Errorf("-connections: %q is not a number of connections", n)
		}
		s.connections = append(s.connections, count)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := &measure.Report{Out: os.Stdout}
	r.Machine()
	for _, p := range chosen {
		_, _ = fmt.Fprintf(s.progress, "serverbench: %s: %s\n", p.name, p.what)
		if err := p.run(ctx, s, r); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	_, _ = fmt.Fprintf(s.progress, "serverbench: done in %s, %d of %d targets met\n", time.Since(started).Round(time.Second), r.Met, r.Targets)
	return nil
}

func choose(only string) ([]part, error) {
	all := parts()
	if only == "" {
		return all, nil
	}
	names := strings.Split(only, ",")
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p part) bool { return p.name == name }) {
			return nil, fmt.Errorf("-only: there is no part %q; see -help", name)
		}
	}
	return slices.DeleteFunc(all, func(p part) bool { return !slices.Contains(names, p.name) }), nil
}
