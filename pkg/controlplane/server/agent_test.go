package server_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

func lease(instance string) datastore.LeaseRequest {
	return datastore.LeaseRequest{InstanceID: instance, Host: "host-of-" + instance, TTL: time.Minute}
}

// connection is an agent's stream. Heartbeats of the server are left out.
type connection struct {
	t      testing.TB
	stream agentv1.AgentService_ConnectClient
	cancel context.CancelFunc
}

func (w *world) connect(a *agent, instance string) *connection {
	w.t.Helper()
	ctx, cancel := context.WithCancel(a.ctx)
	w.t.Cleanup(cancel)
	stream, err := a.stream.Connect(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &connection{t: w.t, stream: stream, cancel: cancel}
	c.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Hello{Hello: &agentv1.Hello{InstanceId: instance, Host: "host-of-" + instance}}})
	return c
}

func (c *connection) send(m *agentv1.ConnectRequest) {
	c.t.Helper()
	if err := c.stream.Send(m); err != nil {
		c.t.Fatal(err)
	}
}

func (c *connection) next() *agentv1.ConnectResponse {
	c.t.Helper()
	for {
		m, err := c.stream.Recv()
		if err != nil {
			c.t.Fatalf("the stream ended: %v", err)
		}
		if m.GetHeartbeat() == nil {
			return m
		}
	}
}

func (c *connection) lease() *agentv1.Lease {
	c.t.Helper()
	m := c.next()
	if m.GetLease() == nil {
		c.t.Fatalf("got %v, want a lease", m)
	}
	return m.GetLease()
}

// end receives until the stream ends and returns why.
func (c *connection) end() error {
	for {
		if _, err := c.stream.Recv(); err != nil {
			return err
		}
	}
}

func TestAgentStreamLeaseAndTakeover(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	first := w.connect(a, "first")
	l := first.lease()
	if l.GetEpoch() != 1 || l.GetHeartbeatIntervalMs() > 20_000 || l.GetTtlMs() <= l.GetHeartbeatIntervalMs() {
		t.Errorf("got %v", l)
	}
	second := w.connect(a, "second")
	if s := second.next().GetStandby(); s.GetHolderInstanceId() != "first" || s.GetHolderHost() != "host-of-first" {
		t.Errorf("got %v, want a standby that names the first", s)
	}
	stat := func(ctx context.Context) error {
		_, err := a.ReportPipedMeta(ctx, &pipedservice.ReportPipedMetaRequest{Version: "v1"})
		return err
	}
	wantCode(t, stat(a.under(1)), codes.OK)
	first.cancel() // a broken connection
	if got := second.lease().GetEpoch(); got != 2 {
		t.Errorf("the second has epoch %d, want 2", got)
	}
	wantCode(t, stat(a.under(1)), codes.Aborted)
	wantCode(t, stat(a.under(2)), codes.OK)

	third := w.connect(a, "third")
	if third.next().GetStandby() == nil {
		t.Error("the third does not stand by")
	}
	second.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Goodbye{Goodbye: &agentv1.Goodbye{}}})
	if got := third.lease().GetEpoch(); got != 3 {
		t.Errorf("the third has epoch %d, want 3", got)
	}
	if err := second.end(); err.Error() != "EOF" {
		t.Errorf("the second ended with %v, want the end", err)
	}
}

func TestAgentStreamOfTheSameProcess(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	old := w.connect(a, "process")
	old.lease()
	again := w.connect(a, "process")
	if got := again.lease().GetEpoch(); got != 1 {
		t.Errorf("got epoch %d after a reconnect, want the same", got)
	}
	wantCode(t, old.end(), codes.Aborted)
	// The end of the old stream has not taken the lease away.
	again.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}})
	other := w.connect(a, "another")
	if other.next().GetStandby().GetHolderInstanceId() != "process" {
		t.Error("the lease was lost")
	}
}

func TestAgentStreamPushesCommands(t *testing.T) {
	t.Parallel()
	w := shared(t)
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	user := w.user("dev")
	sync := func() string {
		resp, err := user.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetCommandId()
	}
	before := sync()
	c := w.connect(a, "process")
	c.lease()
	if got := c.next().GetCommand(); got.GetId() != before || got.GetType() != modelpb.Command_SYNC_APPLICATION {
		t.Errorf("got %v, want the command that waited", got)
	}
	after := sync()
	if got := c.next().GetCommand().GetId(); got != after {
		t.Errorf("got %v, want %s and not the first again", got, after)
	}
	// One that another process stored, and died before it told of it, is found all the same.
	foreign := &model.Command{
		ID: model.NewID(), PipedID: a.id, ProjectID: "dev", ApplicationID: app, Commander: "admin", CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	if err := w.store.AddCommand(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	if got := c.next().GetCommand().GetId(); got != foreign.ID {
		t.Errorf("got %v, want %s", got, foreign.ID)
	}
	w.application("dev", a, "another")
	if c.next().GetApplications() == nil {
		t.Error("the agent was not told of a new application")
	}
	// What is answered is not sent on the next stream.
	for _, id := range []string{before, after, foreign.ID} {
		_, err := a.ReportCommandHandled(a.under(1), &pipedservice.ReportCommandHandledRequest{
			CommandId: id, Status: modelpb.CommandStatus_COMMAND_SUCCEEDED, HandledAt: someTime,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	last := sync()
	c.cancel()
	c = w.connect(a, "process")
	c.lease()
	if got := c.next().GetCommand().GetId(); got != last {
		t.Errorf("got %v, want only %s", got, last)
	}
}

func TestAgentStreamEndsWhenDisabled(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	holder := w.connect(a, "holder")
	holder.lease()
	standby := w.connect(a, "standby")
	standby.next()
	if _, err := w.user("dev").DisablePiped(t.Context(), &webv1.DisablePipedRequest{PipedId: a.id}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, holder.end(), codes.Unauthenticated)
	wantCode(t, standby.end(), codes.Unauthenticated)
}

func TestAgentStreamRules(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	stream, err := a.stream.Connect(a.ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{t: t, stream: stream}
	c.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}})
	wantCode(t, c.end(), codes.InvalidArgument)

	wantCode(t, w.connect(a, "").end(), codes.InvalidArgument) // against the rules of the proto file

	twice := w.connect(a, "process")
	twice.lease()
	twice.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Hello{Hello: &agentv1.Hello{InstanceId: "process"}}})
	wantCode(t, twice.end(), codes.InvalidArgument)

	stream, err = a.stream.Connect(t.Context())
	if err == nil {
		_, err = stream.Recv()
	}
	wantCode(t, err, codes.Unauthenticated)
}
