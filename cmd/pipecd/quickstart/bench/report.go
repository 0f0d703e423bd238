package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// report prints what was measured as Markdown.
type report struct {
	out          io.Writer
	targets, met int
}

func (r *report) title(text string) { _, _ = fmt.Fprintf(r.out, "%s\n", text) }

// table prints rows under a heading, its columns aligned.
func (r *report) table(heading string, header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	_, _ = fmt.Fprintf(r.out, "\n### %s\n\n", heading)
	r.row(header, widths)
	rule := make([]string, len(header))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	r.row(rule, widths)
	for _, row := range rows {
		r.row(row, widths)
	}
}

func (r *report) row(cells []string, widths []int) {
	for i, cell := range cells {
		_, _ = fmt.Fprintf(r.out, "| %s%s ", cell, strings.Repeat(" ", widths[i]-len([]rune(cell))))
	}
	_, _ = fmt.Fprintln(r.out, "|")
}

// under says how a value stands against the most it should be.
func (r *report) under(got, most float64, unit string) string {
	r.targets++
	if got <= most {
		r.met++
		return fmt.Sprintf("≤ %g %s, met", most, unit)
	}
	return fmt.Sprintf("≤ %g %s, missed ×%.2f", most, unit, got/most)
}

// sample is a set of measured times.
type sample []time.Duration

// at returns the nearest-rank percentile.
func (s sample) at(percent int) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min((len(sorted)*percent+99)/100, len(sorted))-1]
}

const (
	median = 50
	tail   = 95
)

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }

func inMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
