package metric

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind says how the values of a bucket come together.
type Kind int

// The kinds of series.
const (
	Count   Kind = iota + 1 // values add up: requests
	Average                 // values are averaged: response times
	Gauge                   // the last value of the bucket stands: hosts
)

// Config sets up a Store. The zero value of a field means its default.
type Config struct {
	// Resolution is the width of a bucket. Defaults to 60 s, as CloudWatch's.
	Resolution time.Duration
	// Delay is how long after its end a bucket becomes visible. Defaults to 0.
	Delay time.Duration
	// Retention is how long a bucket is kept. Defaults to 3 h.
	Retention time.Duration
	// MaxSeries bounds the number of series; values for further ones are
	// dropped. Defaults to 10,000.
	MaxSeries int
}

// Store holds the measurements. It is safe for concurrent use.
type Store struct {
	config Config

	mu      sync.Mutex
	series  map[string]*record // by name and tags
	dropped uint64
}

type record struct {
	name    string
	tags    []string
	kind    Kind
	buckets []bucket // in time order
}

type bucket struct {
	start time.Time
	sum   float64
	n     int
	last  float64
}

// Series is one series of a query's answer.
type Series struct {
	Name   string
	Tags   []string // sorted "key:value"
	Kind   Kind
	Points []Point // in time order, without gaps filled
}

// Point is one visible bucket; Time is its beginning.
type Point struct {
	Time  time.Time
	Value float64
}

// New returns an empty store.
func New(c Config) *Store {
	if c.Resolution <= 0 {
		c.Resolution = time.Minute
	}
	if c.Retention <= 0 {
		c.Retention = 3 * time.Hour
	}
	if c.MaxSeries <= 0 {
		c.MaxSeries = 10_000
	}
	return &Store{config: c, series: map[string]*record{}}
}

// Resolution returns the width of a bucket.
func (s *Store) Resolution() time.Duration { return s.config.Resolution }

// Delay returns how long after its end a bucket becomes visible.
func (s *Store) Delay() time.Duration { return s.config.Delay }

// Add counts n events now. tags are "key:value" texts in any order.
func (s *Store) Add(name string, tags []string, n float64) { s.put(name, tags, Count, n) }

// Observe adds one value to an average.
func (s *Store) Observe(name string, tags []string, v float64) { s.put(name, tags, Average, v) }

// Set records the present value of a gauge.
func (s *Store) Set(name string, tags []string, v float64) { s.put(name, tags, Gauge, v) }

func (s *Store) put(name string, tags []string, kind Kind, v float64) {
	tags = slices.Clone(tags)
	slices.Sort(tags)
	key := name + "\x00" + strings.Join(tags, "\x00")

	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	r, ok := s.series[key]
	if !ok {
		if len(s.series) >= s.config.MaxSeries {
			s.sweep(now)
		}
		if len(s.series) >= s.config.MaxSeries {
			s.dropped++
			return
		}
		r = &record{name: name, tags: tags, kind: kind}
		s.series[key] = r
	}
	b := r.at(now.Truncate(s.config.Resolution))
	b.sum += v
	b.n++
	b.last = v
	r.forget(now.Add(-s.config.Retention))
}

// at returns the bucket that starts at the time, appending it if need be. Time
// only moves forward, so it is the last one or a new one; a clock set back adds
// to the last one.
func (r *record) at(start time.Time) *bucket {
	if n := len(r.buckets); n > 0 && !r.buckets[n-1].start.Before(start) {
		return &r.buckets[n-1]
	}
	r.buckets = append(r.buckets, bucket{start: start})
	return &r.buckets[len(r.buckets)-1]
}

func (r *record) forget(before time.Time) {
	i := 0
	for i < len(r.buckets) && r.buckets[i].start.Before(before) {
		i++
	}
	if i > 0 {
		r.buckets = slices.Delete(r.buckets, 0, i)
	}
}

// sweep forgets series that have nothing younger than the retention.
func (s *Store) sweep(now time.Time) {
	for key, r := range s.series {
		r.forget(now.Add(-s.config.Retention))
		if len(r.buckets) == 0 {
			delete(s.series, key)
		}
	}
}

// Query returns the series of that name with the points of from ≤ time < to that
// are visible now, ordered by tags. Series without such a point are left out.
func (s *Store) Query(name string, from, to time.Time) []Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var found []Series
	for _, r := range s.series {
		if r.name != name {
			continue
		}
		if points := s.visible(r, from, to, now); len(points) > 0 {
			found = append(found, Series{Name: r.name, Tags: slices.Clone(r.tags), Kind: r.kind, Points: points})
		}
	}
	slices.SortFunc(found, func(a, b Series) int {
		return cmp.Compare(strings.Join(a.Tags, ","), strings.Join(b.Tags, ","))
	})
	return found
}

func (s *Store) visible(r *record, from, to, now time.Time) []Point {
	var points []Point
	for _, b := range r.buckets {
		published := b.start.Add(s.config.Resolution + s.config.Delay)
		expired := b.start.Before(now.Add(-s.config.Retention))
		if b.start.Before(from) || !b.start.Before(to) || published.After(now) || expired {
			continue
		}
		points = append(points, Point{Time: b.start, Value: b.value(r.kind)})
	}
	return points
}

func (b bucket) value(kind Kind) float64 {
	switch kind {
	case Average:
		return b.sum / float64(b.n)
	case Gauge:
		return b.last
	case Count:
		return b.sum
	default:
		return b.sum
	}
}

// Dropped returns how many values were refused because there were too many
// series.
func (s *Store) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}
