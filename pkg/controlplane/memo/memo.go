package memo

import (
	"context"
	"errors"
	"sync"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
)

const (
	// Age is how long something read is believed. It is less than the second
	// within which a change has to take effect everywhere, also when no process
	// tells of it.
	Age = 500 * time.Millisecond

	// sweepInterval is how often what is not asked for any more is thrown away.
	sweepInterval = 10 * time.Second

	// patience is how long a reading may take. It does not end with the caller who
	// began it, because others wait for it too.
	patience = 15 * time.Second
)

// Memo remembers values by key. It is safe for concurrent use. Callers share a
// value: they must not change it.
type Memo[V any] struct {
	hub   *notify.Hub
	limit int

	mu      sync.Mutex
	entries map[string]*remembered[V]
	swept   time.Time
}

type remembered[V any] struct {
	watch   *notify.Watch
	value   V
	readAt  time.Time   // when the reading began; zero when nothing is remembered
	reading *reading[V] // that whoever comes now waits for, nil if none
}

// reading is one under way. Its result is set before done is closed.
type reading[V any] struct {
	began time.Time
	done  chan struct{}
	value V
	err   error
}

// errPanicked is what others get of a reading that ended in a panic.
var errPanicked = errors.New("the reading panicked")

// New returns a memo that hub tells of changes. It remembers at most limit
// values, any number if that is 0; what is too much is read each time.
func New[V any](hub *notify.Hub, limit int) *Memo[V] {
	return &Memo[V]{hub: hub, limit: limit, entries: map[string]*remembered[V]{}, swept: time.Now()}
}

// Get returns what is remembered for the key, or what read returns; callers that
// come while it reads wait for the same reading. topics are what a change would
// be told as. Errors are not remembered.
func (m *Memo[V]) Get(ctx context.Context, key string, read func(context.Context) (V, error), topics ...notify.Topic) (V, error) {
	m.mu.Lock()
	m.sweep()
	e := m.entries[key]
	switch {
	case e != nil && e.isFresh():
		defer m.mu.Unlock()
		return e.value, nil
	case e == nil && m.limit > 0 && len(m.entries) >= m.limit:
		m.mu.Unlock()
		return read(ctx)
	case e == nil:
		e = &remembered[V]{watch: m.hub.Watch(topics...)} // before the reading: a change during it is not missed
		m.entries[key] = e
	}
	if r := e.reading; r != nil {
		m.mu.Unlock()
		return r.wait(ctx)
	}
	r := &reading[V]{began: time.Now(), done: make(chan struct{}), err: errPanicked}
	e.reading = r
	m.mu.Unlock()
	defer m.end(key, e, r)
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	r.value, r.err = read(detached)
	return r.value, r.err
}

// end gives the result to those who wait, and remembers it unless it may be older
// than a change.
func (m *Memo[V]) end(key string, e *remembered[V], r *reading[V]) {
	close(r.done)
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.reading == r { // no change was told of meanwhile
		e.reading = nil
		if r.err == nil {
			e.value, e.readAt = r.value, r.began
		}
	}
	if e.readAt.IsZero() && e.reading == nil && m.entries[key] == e {
		m.forget(key, e)
	}
}

func (r *reading[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none V
		return none, model.Wrap(model.CodeUnavailable, context.Cause(ctx), "waiting for what another caller reads")
	}
}

// isFresh says whether the value may be used. A change that was told of is taken
// note of: what is read from now on is newer, and what is being read is not.
func (e *remembered[V]) isFresh() bool {
	select {
	case <-e.watch.Woken():
		e.watch.Take()
		e.readAt, e.reading = time.Time{}, nil
		return false
	default:
		return time.Since(e.readAt) < Age
	}
}

// Drop makes the next Get read.
func (m *Memo[V]) Drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		m.forget(key, e)
	}
}

func (m *Memo[V]) forget(key string, e *remembered[V]) {
	e.watch.Stop()
	delete(m.entries, key)
}

// sweep throws away what is old, now and then.
func (m *Memo[V]) sweep() {
	if time.Since(m.swept) < sweepInterval {
		return
	}
	m.swept = time.Now()
	for key, e := range m.entries {
		if e.reading == nil && time.Since(e.readAt) > Age {
			m.forget(key, e)
		}
	}
}
