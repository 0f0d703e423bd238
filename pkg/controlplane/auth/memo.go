package auth

import (
	"sync"
	"time"

	"pipecd/pkg/controlplane/notify"
)

const (
	// memory is how long something read is believed. It is less than the second
	// within which a change has to take effect everywhere, also when no process
	// tells of it.
	memory = 500 * time.Millisecond

	// sweepInterval is how often what is not asked for any more is thrown away.
	sweepInterval = 10 * time.Second
)

// memo remembers for a moment what was read of the datastore, so that a caller
// in a hurry costs one read and not thousands. What this process is told has
// changed is read again at once. It is safe for concurrent use.
type memo[V any] struct {
	hub *notify.Hub

	mu      sync.Mutex
	entries map[string]*remembered[V]
	swept   time.Time
}

type remembered[V any] struct {
	watch  *notify.Watch
	value  V
	readAt time.Time // when the reading began; zero before the first
}

func newMemo[V any](hub *notify.Hub) *memo[V] {
	return &memo[V]{hub: hub, entries: map[string]*remembered[V]{}, swept: time.Now()}
}

// get returns what is remembered for the key, or what read returns. topics are
// what a change would be told as. Errors are not remembered.
func (m *memo[V]) get(key string, read func() (V, error), topics ...notify.Topic) (V, error) {
	m.mu.Lock()
	m.sweep()
	e := m.entries[key]
	if e != nil && e.isFresh() {
		defer m.mu.Unlock()
		return e.value, nil
	}
	if e == nil {
		e = &remembered[V]{watch: m.hub.Watch(topics...)} // before the reading: a change during it is not missed
		m.entries[key] = e
	}
	m.mu.Unlock()
	began := time.Now()
	value, err := read()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		if e.readAt.IsZero() && m.entries[key] == e {
			m.forget(key, e)
		}
		return value, err
	}
	if !began.Before(e.readAt) {
		e.value, e.readAt = value, began
	}
	return value, nil
}

// isFresh says whether the value may be used. A change that was told of is taken
// note of: what is read from now on is newer.
func (e *remembered[V]) isFresh() bool {
	select {
	case <-e.watch.Woken():
		e.watch.Take()
		return false
	default:
		return time.Since(e.readAt) < memory
	}
}

// drop makes the next get read.
func (m *memo[V]) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		m.forget(key, e)
	}
}

func (m *memo[V]) forget(key string, e *remembered[V]) {
	e.watch.Stop()
	delete(m.entries, key)
}

// sweep throws away what is old, now and then.
func (m *memo[V]) sweep() {
	if time.Since(m.swept) < sweepInterval {
		return
	}
	m.swept = time.Now()
	for key, e := range m.entries {
		if time.Since(e.readAt) > memory {
			m.forget(key, e)
		}
	}
}
