package datadog

import (
	"math"
	"slices"
	"strings"
	"time"
)

// combine applies an operator; doc.go says what happens where points are
// missing.
func combine(op byte, left, right value) value {
	switch {
	case left.plain && right.plain:
		return value{scalar: apply(op, left.scalar, right.scalar), plain: true}
	case right.plain:
		return onPlain(op, left, func(v float64) float64 { return apply(op, v, right.scalar) })
	case left.plain:
		v := onPlain(op, right, func(v float64) float64 { return apply(op, left.scalar, v) })
		if op == '/' {
			for _, l := range v.lines {
				l.zero = false
			}
		}
		return v
	}
	result := value{grouped: left.grouped || right.grouped}
	for _, pair := range match(left, right) {
		result.lines = append(result.lines, join(op, pair[0], pair[1]))
	}
	return result
}

// onPlain is an operation with a number. Adding a number to nothing is not
// nothing, so that a sum is no longer aligned as 0.
func onPlain(op byte, v value, f func(float64) float64) value {
	v = v.each(f)
	if op == '+' || op == '-' {
		for _, l := range v.lines {
			l.zero = false
		}
	}
	return v
}

// match pairs the lines of two sides: those of the same group, or the single
// line of an ungrouped side with each of the other.
func match(left, right value) [][2]*line {
	var pairs [][2]*line
	for _, l := range left.lines {
		for _, r := range right.lines {
			same := slices.EqualFunc(l.tags, r.tags, strings.EqualFold)
			if same || !left.grouped || !right.grouped {
				pairs = append(pairs, [2]*line{l, r})
			}
		}
	}
	return pairs
}

func join(op byte, left, right *line) *line {
	result := &line{
		tags: left.tags, points: map[int64]float64{}, interval: max(left.interval, right.interval),
		zero: left.zero && right.zero && op != '/',
	}
	if len(result.tags) == 0 {
		result.tags = right.tags
	}
	for _, side := range []*line{left, right} {
		for t := range side.points {
			result.points[t] = apply(op, left.at(t), right.at(t))
		}
	}
	return result
}

// apply computes one value; what is undefined is NaN.
func apply(op byte, a, b float64) float64 {
	v := math.NaN()
	switch op {
	case '+':
		v = a + b
	case '-':
		v = a - b
	case '*':
		v = a * b
	case '/':
		if b != 0 {
			v = a / b
		}
	}
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// fill interpolates the gaps of a line that are within the limit.
func (ev *evaluator) fill(l *line, f fill) {
	if f.method == "null" {
		l.zero = false
		return
	}
	l.zero = l.zero || f.method == "zero"
	known := l.times()
	for _, t := range ev.window.ticks(l.interval) {
		if _, ok := l.points[t]; ok {
			continue
		}
		if v, ok := l.between(known, t, f); ok {
			l.points[t] = v
		}
	}
}

// between is the value for the moment t between two of the known ones, if the
// fill has one for it.
func (l *line) between(known []int64, t int64, f fill) (float64, bool) {
	i, _ := slices.BinarySearch(known, t)
	before, after := int64(math.MinInt64/2), int64(math.MaxInt64/2)
	if i > 0 {
		before = known[i-1]
	}
	if i < len(known) {
		after = known[i]
	}
	limit := f.limit.Milliseconds()
	switch {
	case f.method == "zero" && (t-before <= limit || after-t <= limit):
		return 0, true
	case f.method == "last" && t-before <= limit:
		return l.points[before], true
	case f.method == "linear" && i > 0 && i < len(known) && after-before <= limit:
		share := float64(t-before) / float64(after-before)
		return l.points[before] + share*(l.points[after]-l.points[before]), true
	default:
		return 0, false
	}
}

// seconds is a duration in whole seconds, at least 1.
func seconds(d time.Duration) int64 { return max(int64(d/time.Second), 1) }
