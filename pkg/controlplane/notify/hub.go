package notify

import (
	"maps"
	"slices"
	"sync"
)

// Hub connects those who change things with those who wait for changes. The
// zero value is ready to use, and all methods are safe for concurrent use.
type Hub struct {
	mu          sync.Mutex
	subscribers map[Topic]map[*Watch]struct{}
	forward     func(topics []Topic)
	listeners   []func(topics []Topic)
}

// Forward makes the hub call f with what is notified from now on, for other
// processes to know. f must not block and must not call the hub.
func (h *Hub) Forward(f func(topics []Topic)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forward = f
}

// Listen makes the hub call f with what is told from now on, here or by other
// processes, before those who watch are woken. f must not block and must not
// call the hub. TellAll is not told of: nobody knows its topics.
func (h *Hub) Listen(f func(topics []Topic)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners = append(h.listeners, f)
}

// Watch is a subscription to any number of topics. What was notified is kept
// once for each topic, however often, until it is taken.
type Watch struct {
	hub   *Hub
	woken chan struct{}

	// Guarded by the hub's lock.
	topics  map[Topic]struct{}
	changed map[Topic]struct{}
}

// Watch returns a subscription to the topics. Stop must be called in the end.
func (h *Hub) Watch(topics ...Topic) *Watch {
	w := &Watch{
		hub: h, woken: make(chan struct{}, 1),
		topics: make(map[Topic]struct{}, len(topics)), changed: make(map[Topic]struct{}),
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subscribers == nil {
		h.subscribers = make(map[Topic]map[*Watch]struct{})
	}
	for _, topic := range topics {
		w.topics[topic] = struct{}{}
		if h.subscribers[topic] == nil {
			h.subscribers[topic] = make(map[*Watch]struct{})
		}
		h.subscribers[topic][w] = struct{}{}
	}
	return w
}

// Woken gets a value after something was notified that was not taken. It is
// never closed.
func (w *Watch) Woken() <-chan struct{} { return w.woken }

// Take returns the topics that were notified since the last time, in order.
func (w *Watch) Take() []Topic {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	taken := slices.Sorted(maps.Keys(w.changed))
	clear(w.changed)
	return taken
}

// Stop ends the subscription. It may be called more than once.
func (w *Watch) Stop() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	for topic := range w.topics {
		delete(w.hub.subscribers[topic], w)
		if len(w.hub.subscribers[topic]) == 0 {
			delete(w.hub.subscribers, topic)
		}
	}
}

// Subscribe is Watch for who follows one topic: the channel gets one value when
// the topic was notified since the last receive, however often.
func (h *Hub) Subscribe(topic Topic) (changed <-chan struct{}, stop func()) {
	w := h.Watch(topic)
	return w.woken, w.Stop
}

// Notify wakes the subscribers of the topics, also those in other processes. It
// never blocks.
func (h *Hub) Notify(topics ...Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.announce(topics)
	if h.forward != nil {
		h.forward(topics)
	}
}

// Tell is Notify for what other processes know already.
func (h *Hub) Tell(topics ...Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.announce(topics)
}

// TellAll wakes all subscribers of this process, because nobody knows what was
// missed. A push is not made up: it tells of nothing that could be read here.
func (h *Hub) TellAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Topic
	for topic := range h.subscribers {
		if !topic.isPush() {
			all = append(all, topic)
		}
	}
	h.tell(all)
}

func (h *Hub) announce(topics []Topic) {
	for _, f := range h.listeners {
		f(topics)
	}
	h.tell(topics)
}

func (h *Hub) tell(topics []Topic) {
	wake := map[*Watch]struct{}{} // each once, when all of it is marked
	for _, topic := range topics {
		for w := range h.subscribers[topic] {
			w.changed[topic] = struct{}{}
			wake[w] = struct{}{}
		}
	}
	for w := range wake {
		select {
		case w.woken <- struct{}{}:
		default: // woken already, and has not looked yet
		}
	}
}

// Watching returns how many subscriptions of this process have one of the
// topics.
func (h *Hub) Watching(topics ...Topic) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	watching := map[*Watch]struct{}{}
	for _, topic := range topics {
		for w := range h.subscribers[topic] {
			watching[w] = struct{}{}
		}
	}
	return len(watching)
}
