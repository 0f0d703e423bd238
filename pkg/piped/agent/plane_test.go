package agent_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// plane is a control plane at the far end of the wire: it keeps what agents
// report by the rules of the model, grants the lease to one process at a time,
// and refuses the writes of the others. It outlives the agents.
type plane struct {
	pipedservice.UnimplementedPipedServiceServer
	agentv1.UnimplementedAgentServiceServer

	listener *bufconn.Listener
	deaf     func(commandID string) bool // answers that are lost; nil loses none

	mu          sync.Mutex
	changed     chan struct{} // closed and replaced with every change
	apps        map[string]*model.Application
	deployments map[string]*model.Deployment
	commands    map[string]*model.Command
	sent        map[string]int64 // command → epoch whose stream carried it
	hinted      map[string]bool  // repositories to look at, by id
	cut         int              // streams with this number and those before are cut
	streams     int
	holder      string
	last        string // the holder before
	epoch       int64
	standbys    int
	writes      map[int64]int // accepted writes, by epoch
}

func newPlane(t *testing.T, apps ...*model.Application) *plane {
	t.Helper()
	p := newServedPlane(t, func(server *grpc.Server, p *plane) {
		pipedservice.RegisterPipedServiceServer(server, p)
		agentv1.RegisterAgentServiceServer(server, p)
	})
	p.know(apps)
	return p
}

// newForeignPlane is a control plane of PipeCD's: it has never heard of
// AgentService.
func newForeignPlane(t *testing.T, apps ...*model.Application) *plane {
	t.Helper()
	p := newServedPlane(t, func(server *grpc.Server, p *plane) { pipedservice.RegisterPipedServiceServer(server, p) })
	p.know(apps)
	return p
}

func (p *plane) know(apps []*model.Application) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range apps {
		p.apps[a.ID] = a
	}
}

func newServedPlane(t *testing.T, register func(*grpc.Server, *plane)) *plane {
	t.Helper()
	p := &plane{
		listener: bufconn.Listen(1 << 20), changed: make(chan struct{}), apps: map[string]*model.Application{},
		deployments: map[string]*model.Deployment{}, commands: map[string]*model.Command{}, sent: map[string]int64{}, hinted: map[string]bool{}, writes: map[int64]int{},
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(p.unary))
	register(server, p)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(p.listener) // ends with Stop
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return p
}

func (p *plane) dial(ctx context.Context, _ string) (net.Conn, error) {
	return p.listener.DialContext(ctx)
}

// unary refuses writes of a process that does not hold the lease, and turns
// errors of the model into the wire's.
func (p *plane) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	res, err := p.serve(ctx, req, info, handler)
	if err != nil && status.Code(err) == codes.Unknown { // one of ours
		err = status.Error(convert.CodeToGRPC(model.CodeOf(err)), err.Error())
	}
	return res, err
}

func (p *plane) serve(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if values := md.Get(auth.HeaderLeaseEpoch); len(values) == 1 {
		epoch, err := auth.ParseEpoch(values[0])
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		held := p.epoch
		if epoch == held {
			p.writes[epoch]++
		}
		p.mu.Unlock()
		if epoch != held {
			return nil, model.Errorf(model.CodeFenced, "%s: epoch %d is over", info.FullMethod, epoch)
		}
	}
	return handler(ctx, req)
}

// tell wakes who waits for a change. mu is held.
func (p *plane) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// until waits until ok, which is called with mu held.
func (p *plane) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		p.mu.Lock()
		done, changed := ok(), p.changed
		p.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			p.mu.Lock()
			for _, d := range p.deployments {
				t.Logf("deployment %s of %.7s: %s %s %+v", d.ID, d.Trigger.Commit.Hash, d.Status, d.StatusReason, d.Stages)
			}
			p.mu.Unlock()
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// of returns the deployment of the commit, nil before it is created. mu is held.
func (p *plane) of(hash string) *model.Deployment {
	for _, d := range p.deployments {
		if d.Trigger.Commit.Hash == hash {
			return d
		}
	}
	return nil
}

// ends waits until the commit's deployment is completed and returns it.
func (p *plane) ends(t *testing.T, hash string) *model.Deployment {
	t.Helper()
	var out *model.Deployment
	p.until(t, "the deployment of "+hash+" ends, and the application is told", func() bool {
		d := p.of(hash)
		if d == nil || !d.Status.IsCompleted() || p.apps[d.ApplicationID].Deploying {
			return false
		}
		out = d.Clone()
		return true
	})
	return out
}

// waits waits until the commit's deployment waits for approval.
func (p *plane) waits(t *testing.T, hash string) *model.Deployment {
	t.Helper()
	var out *model.Deployment
	p.until(t, "the deployment of "+hash+" waits for approval", func() bool {
		d := p.of(hash)
		if d == nil {
			return false
		}
		for _, s := range d.Stages {
			if s.Name == model.StageWaitApproval && s.Status == model.StageRunning && s.Metadata["Approvers"] != "" {
				out = d.Clone()
				return true
			}
		}
		return false
	})
	return out
}

// ask stores a person's command; a stream carries it.
func (p *plane) ask(c model.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Commander, c.CreatedAt = "kim", time.Now()
	p.commands[c.ID] = &c
	p.tell()
}

// answered waits for the answer to the command.
func (p *plane) answered(t *testing.T, id string) model.Command {
	t.Helper()
	var out model.Command
	p.until(t, "command "+id+" is answered", func() bool {
		out = *p.commands[id]
		return out.Status != model.CommandNotHandled
	})
	return out
}

// Connect implements agentv1.AgentServiceServer.
func (p *plane) Connect(stream grpc.BidiStreamingServer[agentv1.ConnectRequest, agentv1.ConnectResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go func() { // what the agent says next is a heartbeat, a goodbye, or the end
		defer cancel()
		for {
			if m, err := stream.Recv(); err != nil || m.GetGoodbye() != nil {
				return
			}
		}
	}()
	epoch, err := p.lease(ctx, stream, first.GetHello().GetInstanceId())
	if err != nil {
		return err
	}
	defer p.release(epoch)
	number := p.opened()
	for {
		if p.isCut(number) {
			return status.Error(codes.Unavailable, "the connection broke")
		}
		for _, id := range p.hints() {
			if err := stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Repository{Repository: &agentv1.RepositoryHint{RepoId: id}}}); err != nil {
				return err
			}
		}
		commands, changed := p.unsent(epoch)
		for _, c := range commands {
			if err := stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Command{Command: convert.CommandToPB(c)}}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func (p *plane) lease(ctx context.Context, stream grpc.BidiStreamingServer[agentv1.ConnectRequest, agentv1.ConnectResponse], instance string) (int64, error) {
	const interval = 10_000
	for told := false; ; told = true {
		p.mu.Lock()
		free, changed := p.holder == "", p.changed
		if free {
			if instance != p.last {
				p.epoch++
			}
			p.holder, p.last = instance, instance
			p.tell()
		} else if !told {
			p.standbys++
			p.tell()
			changed = p.changed
		}
		epoch, holder := p.epoch, p.holder
		p.mu.Unlock()
		if free {
			return epoch, stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Lease{
				Lease: &agentv1.Lease{Epoch: epoch, HeartbeatIntervalMs: interval, TtlMs: 3 * interval},
			}})
		}
		if !told {
			err := stream.Send(&agentv1.ConnectResponse{Item: &agentv1.ConnectResponse_Standby{
				Standby: &agentv1.Standby{HolderInstanceId: holder, HeartbeatIntervalMs: interval},
			}})
			if err != nil {
				return 0, err
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-changed:
		}
	}
}

func (p *plane) release(epoch int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoch == epoch {
		p.holder = ""
	}
	p.tell()
}

func (p *plane) unsent(epoch int64) ([]*model.Command, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*model.Command
	for _, id := range slices.Sorted(maps.Keys(p.commands)) {
		if c := p.commands[id]; c.Status == model.CommandNotHandled && p.sent[id] != epoch {
			p.sent[id] = epoch
			out = append(out, c.Clone())
		}
	}
	return out, p.changed
}

// change changes a deployment by the rules of the model.
func (p *plane) change(id string, f func(d *model.Deployment, now time.Time) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.deployments[id]
	if !ok {
		return model.Errorf(model.CodeNotFound, "no deployment %s", id)
	}
	d = d.Clone()
	err := f(d, time.Now())
	if err == nil {
		p.deployments[id] = d
		p.tell()
	}
	return err
}

var errNoApplication = errors.New("no such application")

func (p *plane) app(id string, f func(a *model.Application)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.apps[id]
	if !ok {
		return model.Wrap(model.CodeNotFound, errNoApplication, id)
	}
	f(a)
	p.tell()
	return nil
}
