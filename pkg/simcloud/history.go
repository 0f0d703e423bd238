package simcloud

import (
	"context"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
)

// Bounds of the history that the page draws.
const (
	historyPeriod   = 500 * time.Millisecond
	historySpan     = time.Minute
	historyVersions = 64 // versions whose order of appearance is kept
)

// point is what the load balancers did since the point before.
type point struct {
	At       int64             `json:"at"`       // milliseconds since the epoch
	Took     int64             `json:"took"`     // milliseconds since the point before
	Versions map[string]uint64 `json:"versions"` // requests by the version that got them
	Errors   uint64            `json:"errors"`   // answers 5xx, whoever made them
}

// history remembers the last minute, so that a page that is opened late, or
// loaded again, shows it too. It is safe for concurrent use.
type history struct {
	mu       sync.Mutex
	at       time.Time // of the newest totals; zero before the first
	targets  map[string]targetTotal
	errors   uint64
	points   []point
	versions []string // in order of appearance, which gives them their colours
}

type targetTotal struct {
	version  string
	requests uint64
}

// sample remembers what happened since the last sample. Samples that come too
// close to say a rate are left out.
func (h *history) sample(now time.Time, balancers elb.Snapshot, tasks map[string]ecs.TaskState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	took := now.Sub(h.at)
	if !h.at.IsZero() && took < historyPeriod/2 {
		return
	}
	before, errorsBefore, first := h.targets, h.errors, h.at.IsZero()
	h.at, h.targets, h.errors = now, map[string]targetTotal{}, 0
	p := point{At: now.UnixMilli(), Took: took.Milliseconds(), Versions: map[string]uint64{}}
	for _, n := range balancers.Errors {
		h.errors += n
	}
	for _, group := range balancers.TargetGroups {
		h.errors += group.Answers["5xx"]
		for _, t := range group.Targets {
			key := group.Name + " " + t.ID
			total := targetTotal{version: tasks[t.ID].Version, requests: t.Requests}
			if total.version == "" {
				total.version = before[key].version // a task that is gone drains still
			}
			h.targets[key] = total
			h.appear(total.version)
			if n := gain(total.requests, before[key].requests); n > 0 && total.version != "" {
				p.Versions[total.version] += n
			}
		}
	}
	if first {
		return
	}
	p.Errors = gain(h.errors, errorsBefore)
	h.points = append(h.points, p)
	begin := now.Add(-historySpan).UnixMilli()
	h.points = slices.DeleteFunc(h.points, func(p point) bool { return p.At < begin })
}

func (h *history) appear(version string) {
	if version != "" && len(h.versions) < historyVersions && !slices.Contains(h.versions, version) {
		h.versions = append(h.versions, version)
	}
}

// gain is how much a total grew. One that shrank was counted anew.
func gain(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// snapshot returns copies of the points, oldest first, and of the versions.
func (h *history) snapshot() ([]point, []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]point{}, h.points...), append([]string{}, h.versions...)
}

// remember samples the load balancers until ctx ends.
func (c *Cloud) remember(ctx context.Context) {
	ticker := time.NewTicker(historyPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			c.history.sample(now, c.ELB.Snapshot(), c.ECS.Snapshot().Tasks)
		}
	}
}
