package agentapi

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/clock"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	"pipecd/pkg/rpc/gen/pipecd/agent/v1/agentv1connect"
)

// Times of the protocol.
const (
	heartbeatInterval = 10 * time.Second
	leaseTTL          = 30 * time.Second
	// ownBeat is when the server sends a heartbeat that answers none. It is longer
	// than the agents' interval, so that each side is woken once for both.
	ownBeat      = 15 * time.Second
	helloTimeout = 10 * time.Second
	// standbyInterval is how often a process that stands by asks for the lease,
	// whose end nobody tells when its holder is cut off.
	standbyInterval = time.Second
	// pollInterval is how often a session looks for what nobody told it. It is
	// long, because there are many: the hub tells of changes, and package relay
	// asks for all agents at once which commands wait.
	pollInterval = 30 * time.Second
	// lookTimeout is how long the datastore may take. The stream's heartbeats
	// wait meanwhile; the next look makes up for one that was given up.
	lookTimeout = 5 * time.Second

	releaseTimeout = 5 * time.Second
)

// Store is what the service needs of the datastore.
type Store interface {
	datastore.Leases
	TouchPiped(ctx context.Context, id string, now time.Time) error
	TouchPipeds(ctx context.Context, ids []string, now time.Time) error
	ListUnhandledCommands(ctx context.Context, pipedID string) ([]*model.Command, error)
	GetDeployment(ctx context.Context, id string) (*model.Deployment, error)
}

// rechecker says whether a caller may go on.
type rechecker interface {
	Recheck(ctx context.Context, caller *auth.Piped) error
}

// Options is what the service works with.
type Options struct {
	Store  Store
	Pipeds rechecker
	Checks checkAppender
	// Histories records pieces of the histories of deployments.
	Histories historian
	Hub       *notify.Hub
	Clock     *clock.Clock // tells when agents live; nil for the process's own
	Logger    *slog.Logger
	// NothingWaits reports agents that are known to have no unanswered command; nil
	// means that the datastore is asked each time.
	NothingWaits func(pipedID string) bool
	// Observer is told how many agents are connected; nil means nobody looks.
	Observer observe.Observer
	// Interrupt makes a Receive that waits on the call's stream return. The
	// stream's own context cannot do it: it ends only with the call.
	Interrupt func(ctx context.Context)
}

// Service implements agentv1connect.AgentServiceHandler. It is safe for
// concurrent use.
type Service struct {
	store     Store
	pipeds    rechecker
	checks    checkAppender
	histories historian
	hub       *notify.Hub
	clock     *clock.Clock
	logger    *slog.Logger
	observer  observe.Observer
	interrupt func(ctx context.Context)

	nothingWaits func(pipedID string) bool

	pulse *pulse

	mu      sync.Mutex
	current map[string]*session // by piped id: the newest session that holds the lease
}

var _ agentv1connect.AgentServiceHandler = (*Service)(nil)

// New returns the service.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, pipeds: o.Pipeds, checks: o.Checks, histories: o.Histories, hub: o.Hub, clock: o.Clock, logger: o.Logger,
		observer: observe.Or(o.Observer), interrupt: o.Interrupt, current: make(map[string]*session),
		nothingWaits: o.NothingWaits,
	}
	if s.nothingWaits == nil {
		s.nothingWaits = func(string) bool { return false }
	}
	s.pulse = newPulse(s)
	return s
}

// stream is the server's end of the call.
type stream interface {
	Receive() (*agentv1.ConnectRequest, error)
	Send(res *agentv1.ConnectResponse) error
}

var (
	// errLeft says that the agent ended the stream, on purpose or not.
	errLeft = errors.New("the agent left")
	// errReplaced says that another stream got the lease.
	errReplaced = model.Errorf(model.CodeFenced, "a newer stream of this piped holds the lease")
)

// Connect implements agentv1connect.AgentServiceHandler.
func (s *Service) Connect(ctx context.Context, st agentv1connect.AgentServiceConnectServerStream) error {
	caller, err := auth.PipedFrom(ctx)
	if err != nil {
		return err
	}
	return s.serve(ctx, caller, st)
}

// serve runs the call. Messages are received by a goroutine of its own, which
// has ended when serve returns.
func (s *Service) serve(ctx context.Context, caller *auth.Piped, st stream) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	received := make(chan *agentv1.ConnectRequest)
	var receiver sync.WaitGroup
	receiver.Go(func() { cancel(receive(ctx, st, received)) })
	defer receiver.Wait()
	defer s.interrupt(ctx)
	defer cancel(nil)

	hello, err := awaitHello(ctx, received)
	if err != nil {
		return s.end(ctx, err)
	}
	se := &session{
		service: s, stream: st, received: received, caller: caller, cancel: cancel, unrenewed: make(chan struct{}, 1),
		request: datastore.LeaseRequest{InstanceID: hello.GetInstanceId(), Host: hello.GetHost(), TTL: leaseTTL},
		logger: s.logger.With(slog.String("piped", caller.Piped.ID), slog.String("instance", hello.GetInstanceId()),
			slog.String("host", hello.GetHost())),
	}
	return s.end(ctx, se.run(ctx))
}

// end returns what the agent is told: nothing if it left by itself, and why the
// call was ended rather than that it was.
func (s *Service) end(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); ctx.Err() != nil && cause != nil && errors.Is(err, ctx.Err()) {
		err = cause
	}
	if errors.Is(err, errLeft) {
		return nil
	}
	return err
}

// receive passes messages on until the stream ends, and returns why.
func receive(ctx context.Context, st stream, received chan<- *agentv1.ConnectRequest) error {
	for {
		m, err := st.Receive()
		if err != nil {
			return whyReceiveFailed(err)
		}
		select {
		case received <- m:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// whyReceiveFailed keeps the errors that are about what the agent sent; the
// others are ways of leaving.
func whyReceiveFailed(err error) error {
	var refused *model.Error
	code := connect.CodeOf(err)
	if errors.As(err, &refused) || code == connect.CodeInvalidArgument || code == connect.CodeResourceExhausted {
		return err
	}
	return errors.Join(errLeft, err)
}

func awaitHello(ctx context.Context, received <-chan *agentv1.ConnectRequest) (*agentv1.Hello, error) {
	timeout := time.NewTimer(helloTimeout)
	defer timeout.Stop()
	select {
	case m := <-received:
		if hello := m.GetHello(); hello != nil {
			return hello, nil
		}
		return nil, model.Errorf(model.CodeInvalid, "the first message of the stream must be a hello")
	case <-timeout.C:
		return nil, model.Errorf(model.CodeInvalid, "no hello came within %s", helloTimeout)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enter makes the session the agent's current one. An older session of the same
// process, whose connection broke without the server noticing, is ended: it must
// not release the lease that this one holds now.
func (s *Service) enter(ctx context.Context, se *session) {
	s.mu.Lock()
	old := s.current[se.caller.Piped.ID]
	s.current[se.caller.Piped.ID] = se
	s.tell(ctx)
	s.mu.Unlock()
	if old != nil {
		old.cancel(errReplaced)
	}
}

// leave reports whether the session was the agent's current one, and forgets it.
func (s *Service) leave(ctx context.Context, se *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current[se.caller.Piped.ID] != se {
		return false
	}
	delete(s.current, se.caller.Piped.ID)
	s.tell(ctx)
	return true
}

// tell says how many agents are connected. mu is held.
func (s *Service) tell(ctx context.Context) {
	s.observer.Set(context.WithoutCancel(ctx), observe.AgentsConnected, float64(len(s.current)))
}
