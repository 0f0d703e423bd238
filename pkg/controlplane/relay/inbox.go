package relay

import (
	"context"
	"slices"
	"time"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
)

// inbox reads what other processes tell.
type inbox struct {
	relay  *Relay
	window *window   // nil before the first read
	readAt time.Time // when all there was had been read
}

// read wakes the subscribers of what is new.
func (in *inbox) read(ctx context.Context) error {
	if in.window == nil || time.Since(in.readAt) > Keep/2 {
		return in.begin(ctx)
	}
	for {
		found, err := in.relay.store.ListSignals(ctx, in.window.low, in.relay.name)
		if err != nil {
			return err
		}
		full, last := len(found) == datastore.MaxPageSize, in.window.low
		if full {
			last = found[len(found)-1].ID
		}
		for _, s := range in.window.take(found, time.Now()) {
			in.tell(s)
		}
		if !full {
			in.readAt = time.Now()
			return nil
		}
		in.window.skip(last) // there is too much to wait for what is missing
	}
}

// begin reads from now on. What was told before is not known, so everybody looks.
func (in *inbox) begin(ctx context.Context) error {
	last, err := in.relay.store.LastSignal(ctx)
	if err != nil {
		return err
	}
	in.window, in.readAt = newWindow(last), time.Now()
	in.relay.waiting.forget()
	in.relay.hub.TellAll()
	return nil
}

func (in *inbox) tell(s datastore.Signal) {
	if slices.Contains(s.Topics, everything) {
		in.relay.waiting.forget()
		in.relay.hub.TellAll()
		return
	}
	topics := make([]notify.Topic, len(s.Topics))
	for i, t := range s.Topics {
		topics[i] = notify.Topic(t)
	}
	in.relay.hub.Tell(topics...)
}
