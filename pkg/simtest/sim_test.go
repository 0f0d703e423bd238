package simtest

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	seeds   = flag.Int("seeds", 40, "how many seeds are run")
	first   = flag.Uint64("seed", 1, "the first seed")
	verbose = flag.Bool("logs", false, "print what agent and control plane log")
)

func TestMain(m *testing.M) {
	for _, variable := range os.Environ() { // of whoever runs this
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAPIPED", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	letSDKSleep()
	debug.SetGCPercent(400)
	m.Run()
}

// total is the count over all scenarios.
type total struct {
	mu                                     sync.Mutex
	scenarios, faults, crashes, violations int
}

func (sum *total) add(t *testing.T, r result) {
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.scenarios++
	sum.faults += r.faults
	sum.crashes += r.crashes
	sum.violations += len(r.violations)
	if len(r.violations) > 0 {
		t.Fail()
		report(os.Stdout, r)
	}
}

func report(out io.Writer, r result) {
	fmt.Fprintf(out, "\nseed %d: %s\n", r.scenario.Seed, r.scenario)
	for _, v := range r.violations {
		fmt.Fprintf(out, "  VIOLATION %s\n", v)
	}
	if d := r.deployment; d != nil {
		fmt.Fprintf(out, "  deployment %s: %s (%s of virtual time)\n", d.Status, d.StatusReason, r.took)
		for _, s := range d.Stages {
			fmt.Fprintf(out, "    %-22s %-16s %s\n", s.Name, s.Status, s.StatusReason)
		}
	}
	for _, e := range r.happened {
		fmt.Fprintf(out, "  %s\n", e)
	}
}

// TestSeeds runs the scenarios of consecutive seeds.
func TestSeeds(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(os.Stdout, nil))
	}
	var sum total
	var next atomic.Uint64
	next.Store(*first)
	end := *first + uint64(*seeds)
	began := time.Now()
	t.Run("group", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1) - 1; seed < end; seed = next.Add(1) - 1 {
					if *verbose {
						fmt.Println("seed", seed)
					}
					sum.add(t, simulate(t, draw(seed), log))
				}
			})
		}
	})
	took := time.Since(began)
	fmt.Printf("%.1f scenarios per second\n", float64(sum.scenarios)/took.Seconds())
	fmt.Printf("scenarios=%d faults=%d crashes=%d violations=%d\n", sum.scenarios, sum.faults, sum.crashes, sum.violations)
}
