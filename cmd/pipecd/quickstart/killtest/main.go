// Command killtest runs the quickstart's scenarios and kills the agent with
// SIGKILL at a random moment of the deployment each is about. Every run must end
// in a promise kept.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"pipecd/cmd/pipecd/quickstart"
)

func main() {
	n := flag.Int("n", 3, "how many runs, the scenarios taking turns")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the moments") // any bits will do
	flag.Parse()
	os.Exit(work(*n, *seed))
}

// work returns what the process ends with, so that it ends when all is tidied up.
func work(n int, seed uint64) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, n, seed); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// length is how long a scenario's deployment takes without a kill, about. A
// rolled back one ends with the first measurement.
func length(name string) time.Duration {
	if name == "canary" {
		return 20 * time.Second
	}
	return 8 * time.Second
}

func run(ctx context.Context, n int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // reproducible on purpose
	names := quickstart.Names()
	failed, kills := 0, 0
	for i := range n {
		name := names[i%len(names)]
		after := time.Duration(random.Int64N(int64(length(name))))
		began := time.Now()
		killed, err := quickstart.Play(ctx, quickstart.Streams{Out: os.Stdout, Err: os.Stderr}, name, after)
		verdict := "kept"
		if killed {
			kills++
		}
		if err != nil {
			failed++
			verdict = "BROKEN: " + err.Error()
		}
		_, _ = fmt.Fprintf(os.Stdout, "run %d/%d %s, killed=%t after %s: %s (%s)\n", i+1, n, name, killed, after.Round(time.Millisecond), verdict, time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	_, _ = fmt.Fprintf(os.Stdout, "runs=%d kills=%d broken=%d seed=%d\n", n, kills, failed, seed)
	if failed > 0 {
		return fmt.Errorf("%d of %d runs broke their promise", failed, n)
	}
	return nil
}
