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

func main() {
	dir := flag.String("data-dir", "", "keep the files in this directory (default a temporary one, removed at the end)")
	analysis := flag.Duration("analysis", 10*time.Second, "how long the sample's ANALYSIS measures") // a default
	flag.Parse()
	os.Exit(work(*dir, *analysis))
}

// work returns what the process ends with, so that it ends when all is tidied up.
func work(dir string, analysis time.Duration) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what counts
		cancel()
	}()
	if err := quickstart.Surroundings(ctx, quickstart.Streams{Out: os.Stdout, Err: os.Stderr}, dir, analysis); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
