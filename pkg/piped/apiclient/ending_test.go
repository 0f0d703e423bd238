package apiclient

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// cutOff is a stream that the server ended while a message of its own was still
// on the way: sending fails, and the reader finds the message before the end.
type cutOff struct {
	grpc.ClientStream

	ctx   context.Context // a stream has one
	inbox chan *agentv1.ConnectResponse
	sends int
}

func (c *cutOff) Send(*agentv1.ConnectRequest) error {
	if c.sends++; c.sends > 1 {
		c.inbox <- &agentv1.ConnectResponse{}
		close(c.inbox)
		synctest.Wait() // the reader has the message in hand
		return io.EOF
	}
	return nil
}

func (c *cutOff) Recv() (*agentv1.ConnectResponse, error) {
	select {
	case msg, ok := <-c.inbox:
		if ok {
			return msg, nil
		}
	case <-c.ctx.Done():
	}
	return nil, status.Error(codes.Unavailable, "the server is gone")
}

func (c *cutOff) Context() context.Context { return c.ctx }

func (c *cutOff) CloseSend() error { return nil }

type cutOffServer struct {
	agentv1.AgentServiceClient

	wire *cutOff
}

func (s cutOffServer) Connect(ctx context.Context, _ ...grpc.CallOption) (grpc.BidiStreamingClient[agentv1.ConnectRequest, agentv1.ConnectResponse], error) {
	s.wire.ctx = ctx
	return s.wire, nil
}

// TestAnEndWithAMessageOnTheWay: the agent notices the end, and can connect again.
func TestAnEndWithAMessageOnTheWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wire := &cutOff{inbox: make(chan *agentv1.ConnectResponse, 1)}
		wire.inbox <- &agentv1.ConnectResponse{} // so that it is not the silence that ends the stream
		session := &Session{client: &Client{agent: cutOffServer{wire: wire}}, log: slog.New(slog.DiscardHandler)}
		ended := make(chan error, 1)
		go func() {
			_, err := session.connect(t.Context(), nil)
			ended <- err
		}()
		select {
		case err := <-ended:
			if status.Code(err) != codes.Unavailable {
				t.Errorf("the stream ended with %v", err)
			}
		case <-time.After(time.Hour):
			t.Fatal("the stream never ended")
		}
	})
}
