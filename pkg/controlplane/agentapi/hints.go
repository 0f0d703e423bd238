package agentapi

import (
	"maps"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// hintInterval is the least time between two hints on one stream. What is
// hinted at meanwhile is told once, after it.
const hintInterval = 200 * time.Millisecond

// LookAt tells every agent that is connected to this process, and has a
// repository that is meant, to look at it now. It returns how many there are
// and does not wait until they did. A hint that is lost with its stream is not
// repeated: an agent that connects again looks at everything.
func (s *Service) LookAt(meant func(model.GitRepository) bool) (agents int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, se := range s.current {
		found := false
		for _, r := range se.caller.Piped.Repositories {
			if meant(r) {
				se.hints.add(r.ID)
				found = true
			}
		}
		if found {
			agents++
		}
	}
	return agents
}

// hints are the repositories that one agent is to look at. Each is kept once,
// however often it was hinted at, until it is taken.
type hints struct {
	woken chan struct{} // gets a value after something was added that was not taken

	mu      sync.Mutex
	pending map[string]struct{} // by repository id
}

func newHints() *hints {
	return &hints{woken: make(chan struct{}, 1), pending: map[string]struct{}{}}
}

func (h *hints) add(repoID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending[repoID] = struct{}{}
	select {
	case h.woken <- struct{}{}:
	default: // woken already
	}
}

// take returns the repositories that were added since the last time, in order.
func (h *hints) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := slices.Sorted(maps.Keys(h.pending))
	clear(h.pending)
	return taken
}

// sendHints sends what waits.
func (se *session) sendHints() error {
	for _, id := range se.hints.take() {
		item := &agentv1.ConnectResponse_Repository{Repository: &agentv1.RepositoryHint{RepoId: id}}
		if err := se.stream.Send(&agentv1.ConnectResponse{Item: item}); err != nil {
			return err
		}
	}
	return nil
}

// pace spreads hints: its channel gets a value when the next may be sent.
type pace struct {
	timer *time.Timer
	last  time.Time
}

func newPace() *pace {
	p := &pace{timer: time.NewTimer(0)}
	p.timer.Stop()
	return p
}

// ask makes the channel get a value as soon as the interval has passed.
func (p *pace) ask() { p.timer.Reset(max(0, time.Until(p.last.Add(hintInterval)))) }

// sent begins the interval.
func (p *pace) sent() { p.last = time.Now() }
