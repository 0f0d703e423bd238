package simtest

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	seeds   = flag.Int("seeds", 25, "how many seeds are run")
	first   = flag.Uint64("seed", 1, "the first seed")
	same    = flag.Bool("same", false, "run the first seed as often as seeds says")
	crashes = flag.String("crashes", "few", "at which calls the agent is killed in turn: none, few, all")
	enough  = flag.Bool("first", false, "end at the first violation")
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
	debug.SetGCPercent(1000)
	flag.Parse()
	code := m.Run()
	if sum.scenarios > 0 {
		_, _ = fmt.Fprintln(os.Stdout, &sum)
	}
	os.Exit(code)
}

// total is the count over all scenarios.
type total struct {
	mu                                                  sync.Mutex
	scenarios, faults, crashes, visited, of, violations int
}

// sum is that of this run.
var sum total

func (sum *total) String() string {
	return fmt.Sprintf("scenarios=%d faults=%d crashes=%d visited=%d of=%d violations=%d",
		sum.scenarios, sum.faults, sum.crashes, sum.visited, sum.of, sum.violations)
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

// over reports whether the run ends here.
func (sum *total) over() bool {
	sum.mu.Lock()
	defer sum.mu.Unlock()
	return *enough && sum.violations > 0
}

// report prints what happened in a scenario.
func report(out io.Writer, r result) {
	w := bufio.NewWriter(out)
	defer w.Flush()
	_, _ = fmt.Fprintf(w, "\nseed %d: %s\n", r.scenario.Seed, r.scenario)
	for _, v := range r.violations {
		_, _ = fmt.Fprintf(w, "  VIOLATION %s\n", v)
	}
	if d := r.deployment; d != nil {
		_, _ = fmt.Fprintf(w, "  deployment %s: %s (%s of virtual time)\n", d.Status, d.StatusReason, r.took)
		for _, s := range d.Stages {
			_, _ = fmt.Fprintf(w, "    %-22s %-16s %s\n", s.Name, s.Status, s.StatusReason)
		}
	}
	for _, e := range r.happened {
		_, _ = fmt.Fprintf(w, "  %s\n", e)
	}
}

// logger is what agent and control plane log to.
func logger() *slog.Logger {
	if *verbose {
		return slog.New(slog.NewTextHandler(os.Stdout, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// each runs scenarios on every processor and returns when all are over.
func each(t *testing.T, scenarios iter.Seq[scenario], done func(*testing.T, result)) {
	t.Helper()
	queue := make(chan scenario)
	t.Run("on", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for sc := range queue {
					if !sum.over() {
						done(t, simulate(t, sc, logger()))
					}
				}
			})
		}
		go func() {
			defer close(queue)
			for sc := range scenarios {
				queue <- sc
			}
		}()
	})
}

// TestSeeds runs the scenarios of consecutive seeds.
func TestSeeds(t *testing.T) { //nolint:paralleltest // its scenarios are on every processor
	began := time.Now()
	each(t, func(yield func(scenario) bool) {
		for i := range *seeds {
			seed := *first
			if !*same {
				seed += uint64(i)
			}
			if !yield(draw(seed)) {
				return
			}
		}
	}, sum.add)
	t.Logf("%.1f scenarios per second", float64(*seeds)/time.Since(began).Seconds())
}
