package relay

import (
	"context"
	"maps"
	"sync"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
)

// lookAge is how old a look at the commands may be to answer from. When the
// datastore is slow, agents' calls ask it themselves.
const lookAge = 2 * lookInterval

// waiting is which agents may have unanswered commands: those that had one at
// the last look, and those of whom was told since. Any number of agents that ask
// for commands, and have none, so cost two queries a second.
type waiting struct {
	mu       sync.Mutex
	lookedAt time.Time // when the last look began; zero when none saw everything
	lostAt   time.Time // when it was learned that something was not told
	agents   map[string]struct{}
	told     map[string]time.Time
}

// note takes down of which agents' commands is told. It is called with the hub's
// lock held.
func (w *waiting) note(topics []notify.Topic) {
	for _, topic := range topics {
		if pipedID, is := topic.OfCommands(); is {
			w.noteAgent(pipedID)
		}
	}
}

func (w *waiting) noteAgent(pipedID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[pipedID] = time.Now()
}

// saw takes down what a look that began at then found: whose the commands are,
// by their ids.
func (w *waiting) saw(then time.Time, found map[string]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.agents)
	for _, pipedID := range found {
		w.agents[pipedID] = struct{}{}
	}
	// What was told before the look began had been committed, so the look saw it.
	maps.DeleteFunc(w.told, func(_ string, at time.Time) bool { return at.Before(then) })
	w.lookedAt = then
	if len(found) >= datastore.MaxPageSize || then.Before(w.lostAt) { // there may be more
		w.lookedAt = time.Time{}
	}
}

// none reports whether the agent has no unanswered command, as far as is known
// without asking.
func (w *waiting) none(pipedID string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, had := w.agents[pipedID]
	_, told := w.told[pipedID]
	return !had && !told && !w.lookedAt.IsZero() && time.Since(w.lookedAt) < lookAge
}

// forget is for when nobody knows of what was not told: the next look knows.
func (w *waiting) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookedAt, w.lostAt = time.Time{}, time.Now()
}

// NothingWaits reports that an agent has no unanswered command. What another
// process stored in the last half second may be missing: agents ask again, and
// those that listen are told. False means that the datastore knows.
func (r *Relay) NothingWaits(pipedID string) bool { return r.waiting.none(pipedID) }

// look asks which commands wait at all, and wakes the agents of those that were
// not there at the last look. That is for commands whose signal was lost, and
// for writers that give none.
func (r *Relay) look(ctx context.Context) error {
	began := time.Now()
	found, err := r.store.WaitingCommands(ctx)
	if err != nil {
		return err
	}
	r.waiting.saw(began, found)
	for id, pipedID := range found {
		if _, known := r.known[id]; !known {
			r.hub.Tell(notify.Commands(pipedID))
		}
	}
	r.known = found
	return nil
}
