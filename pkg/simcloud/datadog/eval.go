package datadog

import (
	"math"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/simcloud/metric"
)

// Source is where the measurements come from.
type Source interface {
	// Query returns the series of a metric with their points in from ≤ t < to.
	Query(name string, from, to time.Time) []metric.Series
	// Resolution is the finest distance between two points.
	Resolution() time.Duration
}

// window is the time a query is about.
type window struct {
	from, to time.Time
	interval time.Duration // where no rollup says otherwise
}

// Datadog's limits on points: by default and at most.
const (
	usualPoints = 300
	mostPoints  = 1500
)

func newWindow(from, to time.Time, resolution time.Duration) window {
	length := to.Sub(from)
	interval := 4 * time.Hour
	for _, step := range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second,
		time.Minute, 5 * time.Minute, 10 * time.Minute, time.Hour,
	} {
		if length <= usualPoints*step {
			interval = step
			break
		}
	}
	return window{from: from, to: to, interval: max(interval, resolution)}
}

// bounded coarsens an interval that would give more than mostPoints.
func (w window) bounded(interval time.Duration) time.Duration {
	for w.to.Sub(w.from) > mostPoints*interval {
		interval *= 2
	}
	return interval
}

// line is one series of an answer. A NaN point is a null.
type line struct {
	tags     []string // the group's tags, empty if ungrouped
	points   map[int64]float64
	interval time.Duration
	// zero: an interval without a point counts as 0 in arithmetic.
	zero bool
}

func (l *line) times() []int64 {
	times := make([]int64, 0, len(l.points))
	for t := range l.points {
		times = append(times, t)
	}
	slices.Sort(times)
	return times
}

// at is the value for arithmetic.
func (l *line) at(t int64) float64 {
	if v, ok := l.points[t]; ok {
		return v
	}
	if l.zero {
		return 0
	}
	return math.NaN()
}

// value is what an expression comes to: lines or a plain number.
type value struct {
	lines   []*line
	scalar  float64
	plain   bool // scalar, not lines
	grouped bool
}

// evaluator computes expressions over one window.
type evaluator struct {
	source Source
	window window
}

func (ev *evaluator) eval(e expr) value {
	switch e := e.(type) {
	case number:
		return value{scalar: e.value, plain: true}
	case negate:
		return ev.eval(e.arg).each(func(v float64) float64 { return -v })
	case call:
		arg := ev.eval(e.arg)
		if e.name == "abs" {
			return arg.each(math.Abs)
		}
		return ev.defaultZero(arg)
	case binary:
		return combine(e.op, ev.eval(e.left), ev.eval(e.right))
	case metricQuery:
		return ev.metric(e)
	default:
		return value{}
	}
}

// each applies f to every value; a null stays null.
func (v value) each(f func(float64) float64) value {
	if v.plain {
		v.scalar = f(v.scalar)
		return v
	}
	for _, l := range v.lines {
		for t, p := range l.points {
			l.points[t] = f(p)
		}
	}
	return v
}

// defaultZero fills every empty interval of the window.
func (ev *evaluator) defaultZero(v value) value {
	if v.plain {
		return v
	}
	if len(v.lines) == 0 && !v.grouped {
		v.lines = []*line{{points: map[int64]float64{}, interval: ev.window.bounded(ev.window.interval)}}
	}
	for _, l := range v.lines {
		l.zero = true
		for _, t := range ev.window.ticks(l.interval) {
			if p, ok := l.points[t]; !ok || math.IsNaN(p) {
				l.points[t] = 0
			}
		}
	}
	return v
}

// ticks are the beginnings of the window's intervals, in Unix milliseconds.
func (w window) ticks(interval time.Duration) []int64 {
	var ticks []int64
	for t := w.from.Truncate(interval); t.Before(w.to); t = t.Add(interval) {
		ticks = append(ticks, t.UnixMilli())
	}
	return ticks
}

// gathered is a group while its series are collected.
type gathered struct {
	line   *line
	values map[int64][]float64
}

// metric reads, filters, rolls up and aggregates the series of one metric.
func (ev *evaluator) metric(m metricQuery) value {
	groups := ev.gather(m)
	keys := make([]string, 0, len(groups))
	for key := range groups {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	v := value{grouped: len(m.groupBy) > 0}
	for _, key := range keys {
		g := groups[key]
		for t, values := range g.values {
			g.line.points[t] = aggregate(m.aggregator, values)
		}
		if m.fill != nil {
			ev.fill(g.line, *m.fill)
		}
		v.lines = append(v.lines, g.line)
	}
	return v
}

// gather rolls up the selected series and collects them by group.
func (ev *evaluator) gather(m metricQuery) map[string]*gathered {
	method, interval := "", ev.window.interval
	if m.rollup != nil {
		method = m.rollup.method
		if m.rollup.interval > 0 {
			interval = max(m.rollup.interval, ev.source.Resolution())
		}
	}
	interval = ev.window.bounded(interval)
	groups := map[string]*gathered{}
	for _, s := range ev.source.Query(m.name, ev.window.from, ev.window.to) {
		if !selected(m.filters, s.Tags) {
			continue
		}
		tags := groupTags(m.groupBy, s.Tags)
		key := strings.Join(tags, ",")
		g, ok := groups[key]
		if !ok {
			g = &gathered{
				line:   &line{tags: tags, points: map[int64]float64{}, interval: interval},
				values: map[int64][]float64{},
			}
			groups[key] = g
		}
		g.line.zero = g.line.zero || (s.Kind == metric.Count && m.mode != asStored)
		for t, v := range roll(s, method, interval) {
			if m.mode == asRate && s.Kind == metric.Count {
				v /= interval.Seconds()
			}
			g.values[t] = append(g.values[t], v)
		}
	}
	return groups
}

// roll puts a series into intervals: counts are summed, other metrics averaged,
// unless a method is given.
func roll(s metric.Series, method string, interval time.Duration) map[int64]float64 {
	if method == "" {
		method = "avg"
		if s.Kind == metric.Count {
			method = "sum"
		}
	}
	values := map[int64][]float64{}
	for _, p := range s.Points {
		t := p.Time.Truncate(interval).UnixMilli()
		values[t] = append(values[t], p.Value)
	}
	rolled := make(map[int64]float64, len(values))
	for t, vs := range values {
		rolled[t] = aggregate(method, vs)
	}
	return rolled
}

// aggregate joins at least one value.
func aggregate(method string, values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	switch method {
	case "sum":
		return total
	case "min":
		return slices.Min(values)
	case "max":
		return slices.Max(values)
	case "count":
		return float64(len(values))
	default: // avg
		return total / float64(len(values))
	}
}

// selected reports whether the tags pass every filter.
func selected(filters []filter, tags []string) bool {
	for _, f := range filters {
		if f.tag == "*" {
			continue
		}
		if slices.ContainsFunc(tags, func(tag string) bool { return tagMatches(f.tag, tag) }) == f.exclude {
			return false
		}
	}
	return true
}

// tagMatches compares a filter with a tag; a filter may end in *.
func tagMatches(pattern, tag string) bool {
	tag = strings.ToLower(tag)
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(tag, prefix)
	}
	return tag == pattern
}

// groupTags are the tags of a series that its group is known by. A series
// without the tag is in the group "key:N/A", as Datadog shows it.
func groupTags(keys, tags []string) []string {
	group := make([]string, 0, len(keys))
	for _, key := range keys {
		i := slices.IndexFunc(tags, func(tag string) bool { return strings.HasPrefix(strings.ToLower(tag), key+":") })
		if i < 0 {
			group = append(group, key+":N/A")
			continue
		}
		group = append(group, tags[i])
	}
	return group
}
