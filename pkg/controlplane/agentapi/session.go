package agentapi

import (
	"context"
	"log/slog"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// session is one stream after its hello. All of it but unrenewed belongs to the
// goroutine that runs it.
type session struct {
	service  *Service
	stream   stream
	received <-chan *agentv1.ConnectRequest
	caller   *auth.Piped
	request  datastore.LeaseRequest
	cancel   context.CancelCauseFunc
	logger   *slog.Logger

	unrenewed chan struct{} // gets a value when the lease may not have been renewed

	fence model.Fence
	sent  map[string]bool // ids of the commands that were sent and are not answered
}

// run stands by until the lease is granted, then serves until the stream ends.
func (se *session) run(ctx context.Context) error {
	if err := se.acquire(ctx); err != nil {
		return err
	}
	se.service.enter(ctx, se)
	defer se.release(ctx)
	se.logger.InfoContext(ctx, "piped connected", slog.Int64("epoch", se.fence.Epoch))
	return se.push(ctx)
}

// acquire returns when the lease is granted.
func (se *session) acquire(ctx context.Context) error {
	s, pipedID := se.service, se.caller.Piped.ID
	changed, stop := s.hub.Subscribe(notify.Agent(pipedID))
	defer stop()
	w := newWatch(func() time.Duration { return standbyInterval })
	defer w.stop()
	standingBy := false
	for {
		lease, granted, err := s.store.AcquireLease(ctx, pipedID, se.request)
		switch {
		case err != nil && !model.IsRetryable(err):
			return err
		case granted:
			se.fence = model.Fence{PipedID: pipedID, Epoch: lease.Epoch}
			return nil
		case err == nil && !standingBy:
			standingBy = true
			se.logger.InfoContext(ctx, "piped stands by", slog.String("holder", lease.InstanceID), slog.String("holder_host", lease.Host))
			if err := se.sendStandby(lease); err != nil {
				return err
			}
		}
		if err := se.standBy(ctx, changed, w); err != nil {
			return err
		}
		if err := s.pipeds.Recheck(ctx, se.caller); err != nil && !model.IsRetryable(err) {
			return err
		}
	}
}

// standBy returns when it is time to ask for the lease again.
func (se *session) standBy(ctx context.Context, changed <-chan struct{}, w *watch) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			return nil
		case <-w.poll.C:
			w.again()
			return nil
		case <-w.silence.C:
			return errSilent()
		case <-w.beat.C:
			if err := se.sendHeartbeat(); err != nil {
				return err
			}
		case m := <-se.received:
			if m.GetGoodbye() != nil {
				return errLeft
			}
			w.heard()
		}
	}
}

// push grants the lease and then sends what the agent has to know.
func (se *session) push(ctx context.Context) error {
	s, pipedID := se.service, se.caller.Piped.ID
	// Subscribed before the first look, so that nothing falls in between.
	commands, stopCommands := s.hub.Subscribe(notify.Commands(pipedID))
	defer stopCommands()
	apps, stopApps := s.hub.Subscribe(notify.Applications(pipedID))
	defer stopApps()
	agent, stopAgent := s.hub.Subscribe(notify.Agent(pipedID))
	defer stopAgent()
	hints := newHints(s.hub, se.caller.Piped.Repositories)
	defer hints.watch.Stop()
	w, paced := newWatch(func() time.Duration { return notify.Jittered(pollInterval) }), newPace()
	defer w.stop()
	defer paced.timer.Stop()
	if err := se.begin(ctx); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.silence.C:
			return errSilent()
		case <-w.beat.C:
			err = se.sendHeartbeat()
		case <-commands:
			err = se.sendCommands(ctx)
		case <-agent:
			err = se.look(ctx)
		case <-w.poll.C:
			w.again()
			err = se.look(ctx)
		case <-se.unrenewed:
			err = se.renew(ctx)
		case <-apps:
			err = se.stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Applications{Applications: &agentv1.ApplicationsChanged{}}})
		case <-hints.watch.Woken():
			paced.ask()
		case <-paced.timer.C:
			paced.sent()
			err = se.sendHints(hints)
		case m := <-se.received:
			w.heard()
			err = se.handle(m, w)
		}
		if err != nil {
			return err
		}
	}
}

func (se *session) begin(ctx context.Context) error {
	err := se.stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Lease{Lease: &agentv1.Lease{
		Epoch: se.fence.Epoch, HeartbeatIntervalMs: heartbeatInterval.Milliseconds(), TtlMs: leaseTTL.Milliseconds(),
	}}})
	if err != nil {
		return err
	}
	se.touch(ctx)
	se.service.hub.Notify(notify.OfPiped(se.caller.Piped)...) // it is online now
	return se.sendCommands(ctx)
}

// look is the poll: is the agent still allowed, and what did others store?
func (se *session) look(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := se.service.pipeds.Recheck(short, se.caller); err != nil && !model.IsRetryable(err) {
		return err
	}
	if se.service.nothingWaits(se.caller.Piped.ID) {
		return nil
	}
	return se.sendCommands(ctx)
}

func (se *session) handle(m *agentv1.ConnectRequest, w *watch) error {
	switch {
	case m.GetGoodbye() != nil:
		return errLeft
	case m.GetHello() != nil:
		return model.Errorf(model.CodeInvalid, "a stream has only one hello")
	case m.GetHeartbeat() != nil:
		se.service.pulse.add(se)
		return se.answer(w)
	default:
		return nil // something newer than this server
	}
}

// renew finds out why the lease was not renewed, and renews it. A lease that was released under this session, by an
// older stream of the same process on another server, is acquired again; only
// another holder ends the session.
func (se *session) renew(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	err := se.service.store.RenewLease(short, se.fence, leaseTTL)
	if model.CodeOf(err) != model.CodeFenced {
		return se.unlessRetryable(ctx, err, "the lease could not be renewed now")
	}
	lease, granted, acquireErr := se.service.store.AcquireLease(ctx, se.fence.PipedID, se.request)
	switch {
	case acquireErr != nil:
		return acquireErr
	case !granted:
		return err
	case lease.Epoch != se.fence.Epoch:
		// Somebody else had it in between, so what this process did may be
		// stale: it has to begin anew, with the new epoch.
		se.fence = model.Fence{PipedID: se.fence.PipedID, Epoch: lease.Epoch}
		return err
	default:
		return nil
	}
}

// sendCommands sends the unanswered commands that were not sent on this stream.
func (se *session) sendCommands(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	commands, err := se.service.store.ListUnhandledCommands(short, se.caller.Piped.ID)
	if err != nil {
		return se.unlessRetryable(ctx, err, "commands could not be read now")
	}
	open := make(map[string]bool, len(commands))
	for _, c := range commands {
		if !se.sent[c.ID] {
			item := &agentv1.ConnectResponse_Command{Command: convert.CommandToPB(c)}
			if err := se.stream.Send(&agentv1.ConnectResponse{Item: item}); err != nil {
				return err
			}
		}
		open[c.ID] = true
	}
	se.sent = open
	return nil
}

// touch records the sign of life; the next one makes up for a failure.
func (se *session) touch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := se.service.store.TouchPiped(ctx, se.caller.Piped.ID, se.service.clock.Now()); err != nil {
		se.logger.WarnContext(ctx, "a sign of life could not be recorded", slog.Any("error", err))
	}
}

// unlessRetryable hides an error that the next attempt may not have.
func (se *session) unlessRetryable(ctx context.Context, err error, what string) error {
	if err == nil || !model.IsRetryable(err) || ctx.Err() != nil {
		return err
	}
	se.logger.WarnContext(ctx, what, slog.Any("error", err))
	return nil
}

// release gives the lease back, unless a newer stream of the same process holds
// it. It must work after the call was cancelled.
func (se *session) release(ctx context.Context) {
	se.service.pulse.forget(se)
	if !se.service.leave(ctx, se) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if err := se.service.store.ReleaseLease(ctx, se.fence); err != nil {
		se.logger.WarnContext(ctx, "the lease could not be released; it will expire", slog.Any("error", err))
	}
	se.service.hub.Notify(notify.OfPiped(se.caller.Piped)...)
	se.logger.InfoContext(ctx, "piped disconnected", slog.Int64("epoch", se.fence.Epoch))
}

func (se *session) sendHeartbeat() error {
	return se.stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}})
}

// answer sends a heartbeat for the one that came.
func (se *session) answer(w *watch) error {
	w.beat.Reset(ownBeat)
	return se.sendHeartbeat()
}

func (se *session) sendStandby(holder model.Lease) error {
	return se.stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Standby{Standby: &agentv1.Standby{
		HolderInstanceId: holder.InstanceID, HolderHost: holder.Host, HeartbeatIntervalMs: heartbeatInterval.Milliseconds(),
	}}})
}

func errSilent() error {
	return model.Errorf(model.CodeUnavailable, "no heartbeat came for %s; connect again", leaseTTL)
}

// watch is the clocks of a session.
type watch struct {
	beat    *time.Ticker // when to send a heartbeat
	poll    *time.Timer  // when to read the datastore
	silence *time.Timer  // when the agent was silent for too long

	interval func() time.Duration // of the poll
}

func newWatch(poll func() time.Duration) *watch {
	return &watch{
		beat: time.NewTicker(ownBeat), poll: time.NewTimer(poll()), silence: time.NewTimer(leaseTTL), interval: poll,
	}
}

// again makes the next poll come.
func (w *watch) again() { w.poll.Reset(w.interval()) }

func (w *watch) heard() { w.silence.Reset(leaseTTL) }

func (w *watch) stop() {
	w.beat.Stop()
	w.poll.Stop()
	w.silence.Stop()
}
