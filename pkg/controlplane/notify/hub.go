package notify

import "sync"

// Topic names what may have changed.
type Topic string

// Commands is about the unanswered commands of an agent.
func Commands(pipedID string) Topic { return Topic("commands/" + pipedID) }

// Applications is about the list of an agent's applications.
func Applications(pipedID string) Topic { return Topic("applications/" + pipedID) }

// Agent is about the agent itself: its lease, and whether it is disabled.
func Agent(pipedID string) Topic { return Topic("agent/" + pipedID) }

// Deployment is about a deployment, its stages and their metadata.
func Deployment(id string) Topic { return Topic("deployment/" + id) }

// StageLog is about the log of one stage, in any of its attempts.
func StageLog(deploymentID, stageID string) Topic {
	return Topic("log/" + deploymentID + "/" + stageID)
}

// Hub connects those who change things with those who wait for changes. The
// zero value is ready to use, and all methods are safe for concurrent use.
type Hub struct {
	mu          sync.Mutex
	subscribers map[Topic]map[chan struct{}]struct{}
}

// Subscribe returns a channel that gets one value when the topic was notified
// since the last receive, however often. stop ends the subscription; it may be
// called more than once. The channel is never closed.
func (h *Hub) Subscribe(topic Topic) (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subscribers == nil {
		h.subscribers = make(map[Topic]map[chan struct{}]struct{})
	}
	if h.subscribers[topic] == nil {
		h.subscribers[topic] = make(map[chan struct{}]struct{})
	}
	h.subscribers[topic][ch] = struct{}{}
	return ch, func() { h.unsubscribe(topic, ch) }
}

func (h *Hub) unsubscribe(topic Topic, ch chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subscribers[topic], ch)
	if len(h.subscribers[topic]) == 0 {
		delete(h.subscribers, topic)
	}
}

// Notify wakes the subscribers of the topic. It never blocks.
func (h *Hub) Notify(topic Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subscribers[topic] {
		select {
		case ch <- struct{}{}:
		default: // woken already, and has not looked yet
		}
	}
}
