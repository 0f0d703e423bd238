package agentapi

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

const (
	// pulseInterval is how long heartbeats are gathered before the datastore is
	// told of them. It is short beside the lease.
	pulseInterval = time.Second
	pulseTimeout  = 10 * time.Second
)

// pulse tells the datastore of the heartbeats of all sessions: two statements a
// second for hundreds of agents instead of two for each.
type pulse struct {
	service *Service

	writing sync.Mutex // is held while the datastore is told
	mu      sync.Mutex
	timer   *time.Timer // nil when nobody waits
	waiting map[*session]model.Fence
}

func newPulse(s *Service) *pulse { return &pulse{service: s, waiting: map[*session]model.Fence{}} }

// add takes up a heartbeat. A lease that turns out not to be renewed is told to
// the session.
func (p *pulse) add(se *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting[se] = se.fence
	if p.timer == nil {
		p.timer = time.AfterFunc(pulseInterval, p.beat)
	}
}

// forget leaves the session out. Nothing is written for it after it returned.
func (p *pulse) forget(se *session) {
	p.mu.Lock()
	delete(p.waiting, se)
	if len(p.waiting) == 0 && p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.mu.Unlock()
	p.writing.Lock()
	p.writing.Unlock() //nolint:gocritic,staticcheck // what is being written is waited for
}

func (p *pulse) beat() {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.mu.Lock()
	beats := p.waiting
	p.waiting, p.timer = map[*session]model.Fence{}, nil
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), pulseTimeout) // it is not one session's
	defer cancel()
	sessions := make([]*session, 0, len(beats))
	for se := range beats {
		sessions = append(sessions, se)
	}
	for some := range slices.Chunk(sessions, datastore.MaxPageSize) {
		p.write(ctx, some, beats)
	}
}

// write records signs of life and renews leases. What fails is made up for by
// the next heartbeat.
func (p *pulse) write(ctx context.Context, sessions []*session, beats map[*session]model.Fence) {
	s := p.service
	ids, fences := make([]string, len(sessions)), make([]model.Fence, len(sessions))
	for i, se := range sessions {
		ids[i], fences[i] = beats[se].PipedID, beats[se]
	}
	if err := s.store.TouchPipeds(ctx, ids, s.clock.Now()); err != nil {
		s.logger.WarnContext(ctx, "signs of life could not be recorded", slog.Int("pipeds", len(ids)), slog.Any("error", err))
	}
	renewed, err := s.store.RenewLeases(ctx, fences, leaseTTL)
	if err != nil {
		s.logger.WarnContext(ctx, "leases could not be renewed now", slog.Int("pipeds", len(ids)), slog.Any("error", err))
		return
	}
	if renewed == len(sessions) {
		return
	}
	for _, se := range sessions { // each finds out about its own
		select {
		case se.unrenewed <- struct{}{}:
		default: // is told already
		}
	}
}
