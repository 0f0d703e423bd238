package apiclient

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/rpc/convert"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// stream is one opened stream. Two goroutines share it: the reader (read) is
// the only one that receives and calls the handler, the keeper (keep) the only
// one that sends and watches the clock.
type stream struct {
	session *Session
	handler Handler
	wire    grpc.BidiStreamingClient[agentv1.ConnectRequest, agentv1.ConnectResponse]

	heard chan time.Duration // one per message; not 0 is a new heartbeat interval
	busy  atomic.Bool        // the handler runs

	ended chan struct{} // closed when the reader stopped; what follows is the reader's until then
	err   error         // why it stopped
	since time.Time     // when the lease or the standby came
}

// connect opens the stream and keeps it until it breaks or ctx ends. It returns
// how long it worked and gRPC's error.
func (s *Session) connect(ctx context.Context, h Handler) (time.Duration, error) {
	// The stream outlives ctx by a goodbye.
	wireCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	wire, err := s.client.agent.Connect(wireCtx)
	if err != nil {
		stop()
		return 0, err
	}
	st := &stream{session: s, handler: h, wire: wire, heard: make(chan time.Duration), ended: make(chan struct{})}
	err = wire.Send(s.client.hello())
	stop()
	go func() {
		defer close(st.ended)
		st.err = st.read(ctx)
	}()
	if err == nil {
		err = st.keep(ctx)
	}
	if errors.Is(err, io.EOF) { // sending failed: the reader knows why
		err = st.readerEnds()
	}
	cancel(err)
	<-st.ended
	if st.since.IsZero() {
		return 0, err
	}
	return time.Since(st.since), err
}

// readerEnds waits for the reader and returns why it stopped. What it still has
// to tell is taken from it: it may have a message in hand that came before the end.
func (st *stream) readerEnds() error {
	for {
		select {
		case <-st.heard:
		case <-st.ended:
			return st.err
		}
	}
}

func (c *Client) hello() *agentv1.ConnectRequest {
	return &agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Hello{Hello: &agentv1.Hello{
		InstanceId: convert.Text(c.options.InstanceID),
		Host:       convert.Text(c.options.Host),
		Version:    convert.Text(c.options.Version),
	}}}
}

// keep sends heartbeats and returns when the stream ended, the control plane
// fell silent, or ctx ended and the goodbye was said.
func (st *stream) keep(ctx context.Context) error {
	interval := firstAnswer
	beat, silence := time.NewTimer(interval), time.NewTimer(interval)
	defer beat.Stop()
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return st.farewell()
		case <-st.ended:
			return st.err
		case named := <-st.heard:
			if named != 0 && named != interval {
				interval = named
				beat.Reset(interval)
			}
			silence.Reset(interval * 5 / 2)
		case <-beat.C:
			if err := st.wire.Send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}}); err != nil {
				return err
			}
			beat.Reset(interval)
		case <-silence.C:
			if !st.busy.Load() {
				return errSilent()
			}
			// It is the handler that does not listen.
			silence.Reset(interval * 5 / 2)
		}
	}
}

func errSilent() error {
	return status.Error(codes.Unavailable, "transport: no heartbeat came on the stream")
}

// farewell gives the lease back and waits a moment for the control plane to end
// the stream. Its errors do not matter: a lease that is not given back runs out.
func (st *stream) farewell() error {
	err := st.wire.Send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Goodbye{Goodbye: &agentv1.Goodbye{}}})
	if err == nil {
		err = st.wire.CloseSend()
	}
	if err != nil {
		return err
	}
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	for {
		select {
		case <-st.heard:
		case <-st.ended:
			return nil
		case <-timer.C:
			return nil
		}
	}
}

// read hands what comes to the handler until the stream ends.
func (st *stream) read(ctx context.Context) error {
	for {
		msg, err := st.wire.Recv()
		if errors.Is(err, io.EOF) {
			return status.Error(codes.Unavailable, "it ended the stream")
		}
		if err != nil {
			return err
		}
		st.busy.Store(true)
		interval, err := st.dispatch(ctx, msg)
		st.busy.Store(false)
		if err != nil {
			return err
		}
		select {
		case st.heard <- interval:
		case <-st.wire.Context().Done():
			return st.wire.Context().Err()
		}
	}
}

// dispatch returns the heartbeat interval the message names, 0 for none.
func (st *stream) dispatch(ctx context.Context, msg *agentv1.ConnectResponse) (time.Duration, error) {
	switch item := msg.GetItem().(type) {
	case *agentv1.ConnectResponse_Lease:
		return st.leased(ctx, item.Lease)
	case *agentv1.ConnectResponse_Standby:
		return st.standby(ctx, item.Standby), nil
	case *agentv1.ConnectResponse_Command:
		st.handler.Command(ctx, convert.CommandFromPB(item.Command))
	case *agentv1.ConnectResponse_Repository:
		st.handler.RepositoryChanged(ctx, item.Repository.GetRepoId())
	case *agentv1.ConnectResponse_Applications:
		st.handler.ApplicationsChanged(ctx)
	default: // a heartbeat, or something newer than this agent
	}
	return 0, nil
}

func (st *stream) leased(ctx context.Context, lease *agentv1.Lease) (time.Duration, error) {
	if lease.GetEpoch() <= 0 {
		return 0, status.Errorf(codes.Unavailable, "it granted a lease with the impossible epoch %d", lease.GetEpoch())
	}
	s := st.session
	s.client.epoch.Store(lease.GetEpoch())
	s.client.holder.Store(nil)
	st.established(ctx)
	s.log.InfoContext(ctx, "this process holds the lease", slog.Int64("epoch", lease.GetEpoch()))
	st.handler.Leased(ctx, lease.GetEpoch())
	return heartbeat(lease.GetHeartbeatIntervalMs()), nil
}

func (st *stream) standby(ctx context.Context, standby *agentv1.Standby) time.Duration {
	s := st.session
	holder := Holder{InstanceID: standby.GetHolderInstanceId(), Host: standby.GetHolderHost()}
	s.client.holder.Store(&holder)
	st.established(ctx)
	s.log.WarnContext(ctx, "another process with this piped's id holds the lease; standing by",
		slog.String("holder", holder.InstanceID), slog.String("host", holder.Host))
	st.handler.Standby(ctx, holder)
	return heartbeat(standby.GetHeartbeatIntervalMs())
}

func (st *stream) established(ctx context.Context) {
	st.session.observe(ctx, true)
	st.session.mode = modeStream
	if st.since.IsZero() {
		st.since = time.Now()
	}
}

// heartbeat returns the interval the control plane named, within what the
// contract allows.
func heartbeat(milliseconds int64) time.Duration {
	if milliseconds <= 0 || milliseconds > maxHeartbeat.Milliseconds() {
		return maxHeartbeat
	}
	return max(time.Duration(milliseconds)*time.Millisecond, minHeartbeat)
}
