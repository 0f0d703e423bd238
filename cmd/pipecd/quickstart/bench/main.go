package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pipecd/cmd/measure"
)

// settings are what the flags say.
type settings struct {
	runs     int
	apps     []int
	bin      string
	bundle   string
	idle     time.Duration
	progress io.Writer
}

// part is one measurement, or several that share a world.
type part struct {
	name string
	what string
	run  func(ctx context.Context, s settings, r *measure.Report) error
}

func parts() []part {
	return []part{
		{"latency", "from a push and from a SYNC to what follows", measureLatency},
		{"webhook", "from a webhook to what follows", measureWebhook},
		{"pipeline", "a quick sync and a canary pipeline, and the AWS calls they make", measurePipelines},
		{"burst", "100 first deployments at once", measureBurst},
		{"idle", "memory and processor time of both programs with nothing to do", measureIdle},
		{"bundle", "what a browser loads first", measureBundle},
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	var (
		s       = settings{progress: os.Stderr}
		only    = flags.String("only", "", "parts to measure, separated by commas (default: all)")
		apps    = flags.String("apps", "1,100,1000", "numbers of applications in one repository")
		started = time.Now()
	)
	flags.IntVar(&s.runs, "runs", 30, "how often each latency is measured")
	flags.StringVar(&s.bin, "bin", "bin", "directory of pipecd and piped")
	flags.StringVar(&s.bundle, "bundle", filepath.Join("web", "build"), "directory of the built web UI")
	flags.DurationVar(&s.idle, "idle", 20*time.Second, "how long the idle programs are watched")
	flags.Usage = func() {
		_, _ = fmt.Fprint(flags.Output(), "Usage: bench [flags]\n\nParts:\n")
		for _, p := range parts() {
			_, _ = fmt.Fprintf(flags.Output(), "  %-9s %s\n", p.name, p.what)
		}
		_, _ = fmt.Fprint(flags.Output(), "\nFlags:\n")
		flags.PrintDefaults()
	}
	_ = flags.Parse(args) // it exits on an error
	for n := range strings.SplitSeq(*apps, ",") {
		count, err := strconv.Atoi(n)
		if err != nil || count < 1 {
			return fmt.Errorf("-apps: %q is not a number of applications", n)
		}
		s.apps = append(s.apps, count)
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
		_, _ = fmt.Fprintf(s.progress, "bench: %s: %s\n", p.name, p.what)
		if err := p.run(ctx, s, r); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	_, _ = fmt.Fprintf(s.progress, "bench: done in %s, %d of %d targets met\n", time.Since(started).Round(time.Second), r.Met, r.Targets)
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
