package agentapi

import (
	"maps"
	"slices"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/webhook"
	"pipecd/pkg/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// hintInterval is the least time between two hints on one stream. What is
// hinted at meanwhile is told once, after it.
const hintInterval = 200 * time.Millisecond

// hints are the repositories that one agent is to look at. Each is told once,
// however often it was hinted at meanwhile.
type hints struct {
	watch *notify.Watch
	ids   map[notify.Topic][]string // of the repositories that a topic is about
}

// newHints begins to listen for pushes to the repositories. A hint that is lost
// with the stream is not repeated: an agent that connects again looks at
// everything.
func newHints(hub *notify.Hub, repositories []model.GitRepository) *hints {
	ids := map[notify.Topic][]string{}
	for _, r := range repositories {
		if topic, ok := webhook.Follows(r); ok {
			ids[topic] = append(ids[topic], r.ID)
		}
	}
	return &hints{watch: hub.Watch(slices.Collect(maps.Keys(ids))...), ids: ids}
}

// take returns the repositories that were hinted at since the last time, in
// order.
func (h *hints) take() []string {
	found := map[string]struct{}{}
	for _, topic := range h.watch.Take() {
		for _, id := range h.ids[topic] {
			found[id] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// sendHints sends what waits.
func (se *session) sendHints(h *hints) error {
	for _, id := range h.take() {
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
