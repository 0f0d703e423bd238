package simtest

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// mishap is what goes wrong with one call.
type mishap string

// The mishaps. A call is made, and only its answer is lost, where the name says
// so.
const (
	fine        mishap = ""
	throttled   mishap = "throttled"
	unavailable mishap = "unavailable"
	refused     mishap = "connection refused"
	lost        mishap = "answer lost"
	hangs       mishap = "timeout"
	hangsAfter  mishap = "timeout after the call happened"
	stale       mishap = "stale read"
	killBefore  mishap = "killed before"
	killAfter   mishap = "killed after"
)

// weather is how often calls go wrong, in thousandths.
type weather int

// point is one call of an agent, and the side of it on which the agent is killed.
type point struct {
	Call   string
	Nth    int
	Mishap mishap // killBefore or killAfter
}

// stop is a place in the course of a deployment, named by what was written so
// far: the first call of the name after so many calls that change something.
// Later ones of the same name are the same wait asking again.
type stop struct {
	Writes int
	Call   string
	Mishap mishap // killBefore or killAfter
}

func (s stop) String() string {
	return fmt.Sprintf("%s %s after %d writes", s.Mishap, s.Call, s.Writes)
}

// event is a mishap that happened.
type event struct {
	At    time.Duration // since the beginning of the scenario
	Actor string
	Call  string
	Nth   int
	What  string
}

func (e event) String() string {
	return fmt.Sprintf("%10s  %-8s %s #%d: %s", e.At.Truncate(time.Millisecond), e.Actor, e.Call, e.Nth, e.What)
}

// schedule decides what goes wrong. Each decision is a pure function of the seed,
// the actor, the call and how often that actor made it; what happened is recorded.
// It is safe for concurrent use.
type schedule struct {
	seed    uint64
	weather weather
	kills   []point
	crash   *stop // nil: none
	began   time.Time

	mu       sync.Mutex
	nth      map[[2]string]int
	happened []event
	faults   int
	crashes  int
	stops    []stop          // of the agent, in their order, without sides
	writes   int             // of the agent
	since    map[string]bool // calls of the agent since the last write
	visited  bool            // crash has happened
}

func newSchedule(sc scenario) *schedule {
	return &schedule{seed: sc.Seed, weather: sc.Weather, kills: sc.Kills, crash: sc.Crash, began: time.Now(), nth: map[[2]string]int{}, since: map[string]bool{}}
}

// lottery returns random numbers that depend on the seed and the names alone.
func lottery(seed uint64, names ...any) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, names...) // a hash takes everything
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// next counts a call of the actor and decides about it.
func (s *schedule) next(actor, call string) (mishap, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{actor, call}
	s.nth[key]++
	nth := s.nth[key]
	m := s.decide(actor, call, nth)
	if at, news := s.progress(actor, call); news && s.crash != nil && !s.visited && at.Writes == s.crash.Writes && at.Call == s.crash.Call {
		s.visited, m = true, s.crash.Mishap
	}
	if m != fine {
		s.record(actor, call, nth, string(m))
	}
	return m, nth
}

func (s *schedule) decide(actor, call string, nth int) mishap {
	if at := slices.IndexFunc(s.kills, func(p point) bool { return p.Call == call && p.Nth == nth }); at >= 0 && actor == agentName {
		return s.kills[at].Mishap
	}
	r := lottery(s.seed, actor, call, nth)
	if r.IntN(1000) >= int(s.weather) {
		return fine
	}
	kinds := []mishap{throttled, throttled, unavailable, unavailable, refused, lost, lost, lost, hangs, hangsAfter}
	if reads(call) {
		kinds = []mishap{throttled, throttled, unavailable, refused, hangs, stale, stale, stale}
	}
	return kinds[r.IntN(len(kinds))]
}

// record remembers something that happened. The caller holds s.mu.
func (s *schedule) record(actor, call string, nth int, what string) {
	s.happened = append(s.happened, event{time.Since(s.began), actor, call, nth, what})
	s.faults++
	if strings.HasPrefix(what, "killed") {
		s.crashes++
	}
}

// note remembers something that happened beside the calls.
func (s *schedule) note(actor, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(actor, "-", 0, what)
}

// reads reports whether a call changes nothing.
func reads(call string) bool {
	return strings.HasPrefix(call, "Describe") || strings.HasPrefix(call, "List") || strings.HasPrefix(call, "Get") || call == queryMetrics
}

// progress returns the place of a call of the agent, and whether it was not
// there before. The caller holds s.mu.
func (s *schedule) progress(actor, call string) (at stop, news bool) {
	if actor != agentName {
		return stop{}, false
	}
	at = stop{Writes: s.writes, Call: call}
	news = !s.since[call]
	s.since[call] = true
	if !reads(call) {
		s.writes++
		clear(s.since)
	}
	if news {
		s.stops = append(s.stops, at)
	}
	return at, news
}
