package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// settings are what the operator chose.
type settings struct {
	bin      string // directory of pipecd
	agents   int
	patience time.Duration // how long everybody may take to go on after a fault
	random   *rand.Rand
	out      io.Writer
}

func main() {
	flags := flag.NewFlagSet("faulttest", flag.ExitOnError)
	s := settings{out: os.Stdout}
	only := flags.String("only", "", "faults, separated by commas (default: all)")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the moments and choices") // any bits will do
	flags.StringVar(&s.bin, "bin", "bin", "directory of pipecd")
	flags.IntVar(&s.agents, "agents", 20, "agents that report")
	flags.DurationVar(&s.patience, "patience", 90*time.Second, "how long everybody may take to go on after a fault")
	flags.Usage = func() { usage(flags) }
	_ = flags.Parse(os.Args[1:])               // it exits on an error
	s.random = rand.New(rand.NewPCG(*seed, 0)) //nolint:gosec // reproducible on purpose
	chosen, err := choose(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faulttest:", err)
		os.Exit(2)
	}
	_, _ = fmt.Fprintf(s.out, "seed=%d\n", *seed)
	os.Exit(work(s, chosen))
}

func usage(flags *flag.FlagSet) {
	_, _ = fmt.Fprint(flags.Output(), "Usage: faulttest [flags]\n\nFaults:\n")
	for _, f := range faults() {
		_, _ = fmt.Fprintf(flags.Output(), "  %-16s %s\n", f.name, f.what)
	}
	_, _ = fmt.Fprint(flags.Output(), "\nFlags:\n")
	flags.PrintDefaults()
}

func choose(only string) ([]fault, error) {
	all := faults()
	if only == "" {
		return all, nil
	}
	names := strings.Split(only, ",")
	for _, name := range names {
		if !slices.ContainsFunc(all, func(f fault) bool { return f.name == name }) {
			return nil, fmt.Errorf("-only: there is no fault %q; see -help", name)
		}
	}
	return slices.DeleteFunc(all, func(f fault) bool { return !slices.Contains(names, f.name) }), nil
}

// work returns what the process ends with, so that it ends when all is tidied up.
func work(s settings, chosen []fault) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	began, sum := time.Now(), verdict{}
	var problems error
	for _, k := range []kind{shared, single} {
		here := slices.DeleteFunc(slices.Clone(chosen), func(f fault) bool { return f.on != k })
		if len(here) == 0 {
			continue
		}
		v, err := runOn(ctx, s, k, here)
		sum.add(v)
		problems = errors.Join(problems, err)
	}
	_, _ = fmt.Fprintf(s.out, "took %s\n", time.Since(began).Round(time.Second))
	if problems != nil {
		_, _ = fmt.Fprintln(s.out, "faulttest:", problems)
	}
	_, _ = fmt.Fprintf(s.out, "faults=%d lost=%d doubled=%d\n", sum.faults, sum.lost, sum.doubled)
	if problems != nil || sum.faults != len(chosen) || sum.lost+sum.doubled > 0 {
		return 1
	}
	return 0
}

// verdict is what a run came to.
type verdict struct{ faults, lost, doubled int }

func (v *verdict) add(o verdict) {
	v.faults, v.lost, v.doubled = v.faults+o.faults, v.lost+o.lost, v.doubled+o.doubled
}

// runOn inflicts the faults on one control plane, one after the other.
func runOn(ctx context.Context, s settings, k kind, faults []fault) (v verdict, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := newWorld(ctx, s, k)
	if err != nil {
		return v, err
	}
	defer w.close()
	defer func() { v.lost, v.doubled = w.ledger.verdict() }() // also when it ends early
	living := w.live(ctx)
	defer living.stop()
	if err := w.everybodyGoesOn(ctx, "the start"); err != nil {
		return v, err
	}
	for _, f := range faults {
		w.sayf("%s: %s", f.name, f.what)
		if err := f.inflict(ctx, w); err != nil {
			return v, fmt.Errorf("%s: %w", f.name, err)
		}
		if err := w.everybodyGoesOn(ctx, f.name); err != nil {
			return v, err
		}
		if err := w.audit(ctx, false); err != nil {
			return v, fmt.Errorf("%s: looking afterwards: %w", f.name, err)
		}
		v.faults++
		w.sayf("%s: %s", f.name, w.ledger.summary())
	}
	if err := w.ordersAreCarriedOut(ctx); err != nil {
		return v, err
	}
	living.stop()
	err = w.audit(ctx, true)
	w.sayf("at the end, all of it again: %s; %d writes refused because a newer process acted", w.ledger.summary(), w.fenced.Load())
	return v, err
}
