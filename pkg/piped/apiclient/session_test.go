package apiclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// listener writes down what it is told.
type listener struct {
	events chan string
	block  chan struct{} // when set, Command waits for it to be closed
}

func newListener() *listener { return &listener{events: make(chan string, 10_000)} }

func (l *listener) Leased(_ context.Context, epoch int64) {
	l.events <- "leased " + strconv.FormatInt(epoch, 10)
}
func (l *listener) Standby(_ context.Context, h apiclient.Holder) {
	l.events <- "standby " + h.String()
}
func (l *listener) Polling(context.Context) { l.events <- "polling" }
func (l *listener) Command(_ context.Context, c *model.Command) {
	l.events <- "command " + c.ID
	if l.block != nil {
		<-l.block
	}
}
func (l *listener) RepositoryChanged(_ context.Context, id string) { l.events <- "repository " + id }
func (l *listener) ApplicationsChanged(context.Context)            { l.events <- "applications" }
func (l *listener) Disconnected(_ context.Context, err error) {
	l.events <- "disconnected: " + string(model.CodeOf(err))
}

// expect waits for the events in this order.
func (l *listener) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-l.events:
			if got != w {
				t.Fatalf("got %q, want %q", got, w)
			}
		case <-t.Context().Done():
			t.Fatalf("never heard %q", w)
		}
	}
}

// heard returns all events so far.
func (l *listener) heard() []string {
	var all []string
	for {
		select {
		case e := <-l.events:
			all = append(all, e)
		default:
			return all
		}
	}
}

// run runs a session until the function returned is called, which returns what
// Run did.
func run(t *testing.T, c *apiclient.Client, h apiclient.Handler) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- apiclient.NewSession(c).Run(ctx, h) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return stop
}

func lease(epoch int64, interval time.Duration) *agentv1.ConnectResponse {
	return &agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Lease{Lease: &agentv1.Lease{
		Epoch: epoch, HeartbeatIntervalMs: interval.Milliseconds(), TtlMs: (3 * interval).Milliseconds(),
	}}}
}

func standby(instance, host string) *agentv1.ConnectResponse {
	return &agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Standby{Standby: &agentv1.Standby{
		HolderInstanceId: instance, HolderHost: host, HeartbeatIntervalMs: 10_000,
	}}}
}

func beat() *agentv1.ConnectResponse {
	return &agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}}
}

func command(id string) *agentv1.ConnectResponse {
	return &agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Command{Command: &modelpb.Command{Id: id}}}
}

// drain receives until the agent leaves and returns what it said.
func drain(stream agentStream) (said []string) {
	for {
		msg, err := stream.Recv()
		if err != nil {
			if errors.Is(err, io.EOF) {
				said = append(said, "closed")
			}
			return said
		}
		switch item := msg.GetItem().(type) {
		case *agentv1.ConnectRequest_Hello:
			said = append(said, "hello "+item.Hello.GetInstanceId()+" "+item.Hello.GetHost()+" "+item.Hello.GetVersion())
		case *agentv1.ConnectRequest_Heartbeat:
			said = append(said, "heartbeat")
		case *agentv1.ConnectRequest_Goodbye:
			said = append(said, "goodbye")
		}
	}
}

// beating sends heartbeats until the function returned is called.
func beating(stream agentStream, interval time.Duration) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for stream.Send(beat()) == nil {
			select {
			case <-ticker.C:
			case <-quit:
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// send sends all messages or none of the rest.
func send(stream agentStream, messages ...*agentv1.ConnectResponse) error {
	for _, m := range messages {
		if err := stream.Send(m); err != nil {
			return err
		}
	}
	return nil
}

// The whole conversation over a real server, as agents meet it.
func TestConversation(t *testing.T) {
	t.Parallel()
	said := make(chan []string, 1)
	p := &plane{connect: func(stream agentStream) error {
		err := send(stream, lease(7, 10*time.Second), command("c1"), beat(),
			&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Repository{Repository: &agentv1.RepositoryHint{RepoId: "r1"}}},
			&agentv1.ConnectResponse{}, // something newer than this agent
			&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Applications{Applications: &agentv1.ApplicationsChanged{}}})
		said <- drain(stream)
		return err
	}}
	c := dial(t, options(p.serve(t)))
	l := newListener()
	stop := run(t, c, l)
	l.expect(t, "leased 7", "command c1", "repository r1", "applications")

	if err := c.ReportStat(t.Context()); err != nil {
		t.Fatal(err)
	}
	if epoch := p.last(t, "ReportStat").epoch; epoch != "7" || c.Epoch() != 7 {
		t.Errorf("calls carry epoch %q, want 7", epoch)
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	want := []string{"hello instance-1 host-1 v1.0.0", "goodbye", "closed"}
	if diff := cmp.Diff(want, <-said); diff != "" {
		t.Error(diff)
	}
	if rest := l.heard(); len(rest) != 0 {
		t.Errorf("also heard %q", rest)
	}
}

// The peers that know no stream: one that answers UNIMPLEMENTED, and a gateway
// that answers every path with 200 and a page.
func TestNoStream(t *testing.T) {
	t.Parallel()
	unknown := (&plane{}).serve(t) // its mux answers unknown services with a page
	unimplemented := (&plane{connect: func(agentStream) error { return model.Errorf(model.CodeUnimplemented, "no stream") }}).serve(t)
	for name, address := range map[string]string{"page": unknown, "unimplemented": unimplemented} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, options(address))
			l := newListener()
			stop := run(t, c, l)
			l.expect(t, "polling", "command c1")
			if err := stop(); err != nil || c.Epoch() != 0 {
				t.Errorf("Run = %v, epoch %d", err, c.Epoch())
			}
		})
	}
}

// A page instead of an answer is a wrong address, not an answer and not an outage.
func TestPageInsteadOfAnAnswer(t *testing.T) {
	t.Parallel()
	tcp, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: &protocols, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>")
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(tcp) }()
	t.Cleanup(func() { _ = server.Close(); <-done })

	err = dial(t, options(tcp.Addr().String())).ReportStat(t.Context())
	if model.CodeOf(err) != model.CodeUnimplemented || !strings.Contains(err.Error(), "check the address") {
		t.Errorf("got %s: %v", model.CodeOf(err), err)
	}
}
