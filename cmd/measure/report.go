package measure

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Report prints what was measured as Markdown, and counts targets. It is for one
// goroutine.
type Report struct {
	Out          io.Writer
	Targets, Met int
}

// Title prints a line of text.
func (r *Report) Title(text string) { _, _ = fmt.Fprintf(r.Out, "%s\n", text) }

// Machine prints what machine this is and which Go built the programs.
func (r *Report) Machine() {
	r.Title(fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()))
}

// Table prints rows under a heading, its columns aligned.
func (r *Report) Table(heading string, header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	_, _ = fmt.Fprintf(r.Out, "\n### %s\n\n", heading)
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

func (r *Report) row(cells []string, widths []int) {
	for i, cell := range cells {
		_, _ = fmt.Fprintf(r.Out, "| %s%s ", cell, strings.Repeat(" ", widths[i]-len([]rune(cell))))
	}
	_, _ = fmt.Fprintln(r.Out, "|")
}

// Under says how a value stands against the most it should be.
func (r *Report) Under(got, most float64, unit string) string {
	return r.judge(got <= most, got/most, "≤ "+plain(most)+" "+unit)
}

// Over says how a value stands against the least it should be.
func (r *Report) Over(got, least float64, unit string) string {
	return r.judge(got >= least, got/least, "≥ "+plain(least)+" "+unit)
}

func (r *Report) judge(met bool, ratio float64, target string) string {
	r.Targets++
	if met {
		r.Met++
		return target + ", met"
	}
	return fmt.Sprintf("%s, missed ×%.2f", target, ratio)
}

// plain writes a number without an exponent and without zeros behind the point.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Sample is a set of measured times.
type Sample []time.Duration

// At returns the nearest-rank percentile.
func (s Sample) At(percent int) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min((len(sorted)*percent+99)/100, len(sorted))-1]
}

// Percentiles that tables show.
const (
	Median = 50
	Tail   = 95
	Worst  = 99
)

// MS writes a time in milliseconds, short ones with more digits.
func MS(d time.Duration) string {
	const short = 10 * time.Millisecond
	if d < short {
		return fmt.Sprintf("%.1f ms", InMS(d))
	}
	return fmt.Sprintf("%.0f ms", InMS(d))
}

// InMS returns a time in milliseconds.
func InMS(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
