package apiclient_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/convert"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice/pipedserviceconnect"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	"pipecd/pkg/rpc/gen/pipecd/agent/v1/agentv1connect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plane is a control plane at the far end of the wire. It answers over Connect
// (on loopback) and over gRPC (in memory), checks that every request obeys the
// wire's rules, and remembers what came.
type plane struct {
	pipedservice.UnimplementedPipedServiceServer
	agentv1.UnimplementedAgentServiceServer

	// answer, if set, decides what a unary call returns instead of success.
	answer func(method string, call int) error
	// connect, if set, serves the stream.
	connect func(stream agentStream) error

	statInterval int64 // seconds between signs of life, as the control plane wants it

	mu     sync.Mutex
	calls  []received
	counts map[string]int
}

// received is one unary call.
type received struct {
	method        string
	request       proto.Message
	authorization string
	epoch         string
	trace         string
}

// agentStream is what the two libraries' server streams have in common.
type agentStream interface {
	Send(response *agentv1.ConnectResponse) error
	Recv() (*agentv1.ConnectRequest, error)
	Context() context.Context
}

func (p *plane) take(c received) error {
	if err := protovalidate.Validate(c.request); err != nil {
		return model.Wrap(model.CodeInvalid, err, c.method+" breaks the wire's rules: "+err.Error())
	}
	p.mu.Lock()
	p.calls = append(p.calls, c)
	if p.counts == nil {
		p.counts = make(map[string]int)
	}
	p.counts[c.method]++
	call := p.counts[c.method]
	p.mu.Unlock()
	if p.answer == nil {
		return nil
	}
	return p.answer(c.method, call)
}

// last returns the last call of the method.
func (p *plane) last(t *testing.T, method string) received {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, v := range slices.Backward(p.calls) {
		if v.method == method {
			return v
		}
	}
	t.Fatalf("%s was not called", method)
	return received{}
}

func (p *plane) count(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[method]
}

// grpcOne and connectOne translate how each library says who calls.
func (p *plane) grpcOne(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c := received{method: base(info.FullMethod), authorization: first(md, auth.HeaderAuthorization), epoch: first(md, auth.HeaderLeaseEpoch)}
	c.request, _ = req.(proto.Message)
	if err := p.take(c); err != nil {
		return nil, status.Error(convert.CodeToGRPC(model.CodeOf(err)), err.Error())
	}
	return handler(ctx, req)
}

func (p *plane) connectOne(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if spec.StreamType != connect.StreamTypeUnary {
			return convert.ErrorToConnect(next(ctx, spec, stream))
		}
		info, _ := connect.CallInfoForServerContext(ctx)
		checked := &checkedStream{ServerStream: stream, take: func(m proto.Message) error {
			return p.take(received{
				method: base(spec.Procedure), request: m,
				authorization: info.RequestHeader().Get(auth.HeaderAuthorization),
				epoch:         info.RequestHeader().Get(auth.HeaderLeaseEpoch),
				trace:         info.RequestHeader().Get("traceparent"),
			})
		}}
		return convert.ErrorToConnect(next(ctx, spec, checked))
	}
}

type checkedStream struct {
	connect.ServerStream
	take func(proto.Message) error
}

func (s *checkedStream) Receive(msg any) error {
	if err := s.ServerStream.Receive(msg); err != nil {
		return err
	}
	m, ok := msg.(proto.Message)
	if !ok {
		return errors.New("not a protobuf message")
	}
	return s.take(m)
}

func base(procedure string) string {
	for i := len(procedure) - 1; i >= 0; i-- {
		if procedure[i] == '/' {
			return procedure[i+1:]
		}
	}
	return procedure
}

func first(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Connect serves the stream over gRPC.
func (p *plane) Connect(stream grpc.BidiStreamingServer[agentv1.ConnectRequest, agentv1.ConnectResponse]) error {
	if p.connect == nil {
		return p.UnimplementedAgentServiceServer.Connect(stream)
	}
	return p.connect(stream)
}

// connectAgent serves the stream over Connect.
type connectAgent struct{ plane *plane }

type connectStream struct {
	agentv1connect.AgentServiceConnectServerStream
	ctx context.Context
}

func (s connectStream) Recv() (*agentv1.ConnectRequest, error) { return s.Receive() }
func (s connectStream) Context() context.Context               { return s.ctx }

func (a connectAgent) Connect(ctx context.Context, stream agentv1connect.AgentServiceConnectServerStream) error {
	return a.plane.connect(connectStream{stream, ctx})
}

func (connectAgent) ReportAnalysisChecks(context.Context, *agentv1.ReportAnalysisChecksRequest) (*agentv1.ReportAnalysisChecksResponse, error) {
	return &agentv1.ReportAnalysisChecksResponse{}, nil
}

func (connectAgent) Record(context.Context, *agentv1.RecordRequest) (*agentv1.RecordResponse, error) {
	return &agentv1.RecordResponse{}, nil
}

// Handler is the control plane as HTTP.
func (p *plane) Handler() http.Handler {
	server := connect.NewServer(p.connectOne)
	pipedserviceconnect.RegisterPipedServiceHandler(server, p)
	if p.connect != nil {
		agentv1connect.RegisterAgentServiceHandler(server, connectAgent{p})
	}
	mux := http.NewServeMux()
	connecthttp.Mount(mux, server)
	// What the web UI of a control plane answers to a path it does not know.
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>web</title>"))
	})
	return mux
}

// serve starts the control plane on loopback, speaking plaintext HTTP/2.
func (p *plane) serve(t *testing.T) (address string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: p.Handler(), Protocols: &protocols}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String()
}

// serveInMemory starts the control plane without sockets, for virtual time. The
// network can be cut: a server that was stopped is away until it is started again.
func (p *plane) serveInMemory(t *testing.T) *memoryNet {
	t.Helper()
	n := &memoryNet{plane: p}
	n.start()
	t.Cleanup(n.stop)
	return n
}

type memoryNet struct {
	plane *plane

	mu       sync.Mutex
	listener *bufconn.Listener
	server   *grpc.Server
	dialed   int
}

// dials returns how often a connection was asked for.
func (n *memoryNet) dials() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialed
}

func (n *memoryNet) start() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listener = bufconn.Listen(1 << 20)
	n.server = grpc.NewServer(grpc.UnaryInterceptor(n.plane.grpcOne))
	pipedservice.RegisterPipedServiceServer(n.server, n.plane)
	agentv1.RegisterAgentServiceServer(n.server, n.plane)
	go func(s *grpc.Server, l net.Listener) { _ = s.Serve(l) }(n.server, n.listener)
}

func (n *memoryNet) stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server != nil {
		n.server.Stop()
		n.server = nil
	}
}

var errRefused = errors.New("dial tcp: connection refused")

func (n *memoryNet) dial(ctx context.Context, _ string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed++
	listener, up := n.listener, n.server != nil
	n.mu.Unlock()
	if !up {
		return nil, errRefused
	}
	return listener.DialContext(ctx)
}

func options(address string) apiclient.Options {
	return apiclient.Options{
		Address: address, Insecure: true,
		ProjectID: "quickstart", PipedID: "piped-1", PipedKey: "sesame\n",
		InstanceID: "instance-1", Host: "host-1", Version: "v1.0.0",
		Logger: slog.New(slog.DiscardHandler),
	}
}

func dial(t *testing.T, o apiclient.Options) *apiclient.Client {
	t.Helper()
	c, err := apiclient.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
