// Command mutants proves the simulation: it breaks one promise of the product at
// a time, in a copy that only the compiler sees (go test -overlay), and wants the
// simulation to find it. Give it a pattern of names to run some of them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// seeds is within how many scenarios a mutant is to be found.
const seeds = 2000

func main() {
	pattern := strings.Join(os.Args[1:], " ")
	if err := run(context.Background(), pattern); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs the mutants whose name matches the pattern.
func run(ctx context.Context, pattern string) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("the pattern of mutants: %w", err)
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what is left is small
	all, caught := 0, 0
	var broken error
	for _, m := range table() {
		if !wanted.MatchString(m.name) {
			continue
		}
		all++
		began := time.Now()
		found, err := m.try(ctx, dir)
		switch {
		case err != nil:
			broken = errors.Join(broken, fmt.Errorf("%s: %w", m.name, err))
			sayf("broken  %s: %v\n", m.name, err)
		case found == "":
			sayf("MISSED  %s (%s)\n", m.name, time.Since(began).Round(time.Second))
		default:
			caught++
			sayf("caught  %s (%s): %s\n", m.name, time.Since(began).Round(time.Second), found)
		}
	}
	sayf("mutants=%d caught=%d\n", all, caught)
	if broken == nil && caught < all {
		return errors.New("the simulation does not find every mutant")
	}
	return broken
}

// sayf tells whoever waits.
func sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(os.Stdout, format, args...) // nobody is there to be told
}

// try builds the simulation of the mutant and returns what it found, "" for
// nothing.
func (m mutant) try(ctx context.Context, dir string) (string, error) {
	overlay, err := m.overlay(dir)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "simtest")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay="+overlay, "-o", binary, "./pkg/simtest").CombinedOutput(); err != nil { //nolint:gosec // our own files
		return "", fmt.Errorf("it cannot be built: %w: %s", err, out)
	}
	cmd := exec.CommandContext(ctx, binary, "-test.timeout=0", "-first", "-crashes=none", "-seeds="+strconv.Itoa(seeds)) //nolint:gosec // built above
	cmd.Dir = filepath.Join("pkg", "simtest")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "", nil
	}
	return finding(string(out))
}

// finding is the first violation of a run that failed.
func finding(out string) (string, error) {
	seed := ""
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "seed "); ok {
			seed, _, _ = strings.Cut(rest, ":")
		}
		if what, ok := strings.CutPrefix(line, "VIOLATION "); ok {
			const enough = 160
			return fmt.Sprintf("seed %s, %.*s", seed, enough, what), nil
		}
	}
	const tail = 2000
	return "", fmt.Errorf("the run failed otherwise: %s", out[max(0, len(out)-tail):])
}

// overlay writes the mutated file, and the file that tells the compiler of it.
func (m mutant) overlay(dir string) (string, error) {
	path, err := filepath.Abs(filepath.Join("pkg", m.file))
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("the text to replace stands %d times in %s: %q", n, m.file, m.old)
	}
	mutated, overlay := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(mutated, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil { //nolint:gosec // in a directory of our own
		return "", err
	}
	doc, err := json.Marshal(map[string]map[string]string{"Replace": {path: mutated}})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, doc, 0o600)
}
