// Command surroundings runs what is around pipecd in the sample world: the
// simulated cloud with its traffic, and the sample repository. Control plane and
// agent are left to the caller, as the browser tests are. It prints one line of
// JSON and ends when its input does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"pipecd/cmd/pipecd/quickstart"
)

// main ends the process only when what work deferred has run.
func main() { os.Exit(work()) }

func work() int {
	dir := flag.String("data-dir", "", "keep the files in this directory (default a temporary one, removed at the end)")
	analysis := flag.Duration("analysis", 10*time.Second, "how long the sample's ANALYSIS measures") // a default
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what counts
		cancel()
	}()
	if err := quickstart.Surroundings(ctx, quickstart.Streams{Out: os.Stdout, Err: os.Stderr}, *dir, *analysis); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
