package gitcli

import (
	"context"
	"sync"
)

// flights lets concurrent callers share work. A caller that arrives while a run
// is under way does not get that run's result, because what the caller wants to
// see may have happened after the run looked; all such callers share the next
// run. A run is stopped when nobody waits for it any more.
type flights struct {
	ctx  context.Context //nolint:containedctx // the owner's lifetime, not a call's
	work func(ctx context.Context) error
	// spawn runs a function in a goroutine the owner waits for, or reports
	// that the owner is closed.
	spawn func(func()) bool

	mu      sync.Mutex
	current *flight
	next    *flight
}

type flight struct {
	ctx     context.Context //nolint:containedctx // of the run, which several calls wait for
	cancel  context.CancelCauseFunc
	done    chan struct{}
	err     error // written before done is closed
	waiters int
}

// join waits for the first run that starts after the call.
func (s *flights) join(ctx context.Context) error {
	f := s.board()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiters--
	if f.waiters == 0 {
		f.cancel(context.Cause(ctx))
	}
	return context.Cause(ctx)
}

func (s *flights) board() *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		f := &flight{done: make(chan struct{})}
		f.ctx, f.cancel = context.WithCancelCause(s.ctx)
		s.next = f
		if s.current == nil {
			s.depart()
		}
		f.waiters++
		return f
	}
	s.next.waiters++
	return s.next
}

// depart starts the next flight, if any. mu is held.
func (s *flights) depart() {
	f := s.next
	s.current, s.next = f, nil
	if f == nil {
		return
	}
	if !s.spawn(func() { s.fly(f) }) {
		s.current = nil
		f.land(errClosed)
	}
}

func (s *flights) fly(f *flight) {
	err := s.work(f.ctx)
	s.mu.Lock()
	s.depart()
	s.mu.Unlock()
	f.land(err)
}

func (f *flight) land(err error) {
	f.err = err
	f.cancel(nil)
	close(f.done)
}
