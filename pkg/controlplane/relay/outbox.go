package relay

import (
	"context"
	"maps"
	"slices"
	"sync"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
)

// outbox is what others are to be told. Each topic is in it once.
type outbox struct {
	woken chan struct{} // gets a value after something was added that was not taken

	mu      sync.Mutex
	pending map[notify.Topic]struct{} // everything alone, when it is more than can be named
}

func (o *outbox) add(topics []notify.Topic) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range topics {
		o.pending[t] = struct{}{}
	}
	_, all := o.pending[everything]
	if all || len(o.pending) > mostAtOnce*datastore.MaxSignalTopics {
		clear(o.pending)
		o.pending[everything] = struct{}{}
	}
	select {
	case o.woken <- struct{}{}:
	default: // woken already
	}
}

// take returns what is pending, in order.
func (o *outbox) take() []notify.Topic {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := slices.Sorted(maps.Keys(o.pending))
	clear(o.pending)
	return taken
}

// send tells the others what is notified here, until ctx is done and all is told.
func (r *Relay) send(ctx context.Context) {
	failures := 0
	for {
		select {
		case <-r.outbox.woken:
		case <-ctx.Done():
			r.sendLast(context.WithoutCancel(ctx))
			return
		}
		if rest(ctx, gather+pauseAfter(failures)) {
			once, cancel := context.WithTimeout(ctx, callTimeout)
			err := r.flush(once)
			cancel()
			failures = r.note(ctx, err, failures, "other processes cannot be told of changes now")
		}
	}
}

// sendLast tells what is left of a process that stops.
func (r *Relay) sendLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTimeout)
	defer cancel()
	r.note(ctx, r.flush(ctx), 0, "other processes could not be told the last changes; they look by themselves")
}

// flush stores what is pending. What cannot be stored stays pending.
func (r *Relay) flush(ctx context.Context) error {
	pending := r.outbox.take()
	for len(pending) > 0 {
		n := min(len(pending), datastore.MaxSignalTopics)
		if err := Tell(ctx, r.store, r.name, pending[:n]...); err != nil {
			r.outbox.add(pending)
			return err
		}
		pending = pending[n:]
	}
	return nil
}

// Tell stores one signal, for a process that has no relay because it ends soon.
// There are at most datastore.MaxSignalTopics topics.
func Tell(ctx context.Context, store datastore.Signals, sender string, topics ...notify.Topic) error {
	named := make([]string, len(topics))
	for i, t := range topics {
		named[i] = string(t)
	}
	return store.AddSignal(ctx, sender, named)
}
