package apiclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

// Options says which control plane to talk to and as whom.
type Options struct {
	Address  string // host:port
	Insecure bool   // plaintext HTTP/2 instead of TLS
	CertFile string // PEM file of the certificates to trust; empty means the system's

	ProjectID string
	PipedID   string
	PipedKey  string // a secret; white space around it is ignored

	InstanceID string // unique per process; empty means a random one
	Host       string // where the process runs, for people; empty means the host's name
	Version    string // of the agent, for people

	Logger *slog.Logger // nil logs nothing

	// Observer is told about calls and the stream; nil means nobody looks.
	Observer observe.Observer

	// Dialer opens connections, nil means TCP. Tests and simulations pass one
	// that stays in memory.
	Dialer func(ctx context.Context, address string) (net.Conn, error)
}

// maxReceive is the largest message accepted, in bytes: a deployment with all
// its stages' metadata, many times over.
const maxReceive = 64 << 20

// window is how much a call or the connection may have under way, in bytes. A
// window that is given is not measured: measuring it costs a ping, and waking
// the control plane, for each heartbeat.
const window = 1 << 20

// Client calls one control plane. It is safe for concurrent use; Close it when
// all calls are done.
type Client struct {
	options Options
	conn    *grpc.ClientConn
	piped   pipedservice.PipedServiceClient
	agent   agentv1.AgentServiceClient
	standing

	noChecks  ignorance // of ReportAnalysisChecks
	noRecords ignorance // of Record
}

// standing is what the stream last said about this process's right to act.
type standing struct {
	epoch  atomic.Int64 // 0 until a lease was granted
	holder atomic.Pointer[Holder]
}

// Dial prepares a client. It does not connect: the first call does, and when
// the connection is lost the next one does again. An address, a certificate file or a
// credential that cannot work is CodeInvalid.
func Dial(ctx context.Context, o Options) (*Client, error) {
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.Observer = observe.Or(o.Observer)
	o.InstanceID = cmp.Or(o.InstanceID, model.NewID())
	if o.Host == "" {
		// Only shown to people: without a name there is none.
		o.Host, _ = os.Hostname()
	}
	if _, _, err := net.SplitHostPort(o.Address); err != nil {
		return nil, model.Errorf(model.CodeInvalid, "the control plane's address %q must be host:port, for example pipecd.example.com:443", o.Address)
	}
	authorization, err := auth.PipedCredential{ProjectID: o.ProjectID, PipedID: o.PipedID, Key: o.PipedKey}.Authorization()
	if err != nil {
		return nil, err
	}
	transport, err := transportCredentials(o)
	if err != nil {
		return nil, err
	}
	c := &Client{options: o}
	target := "dns:///" + o.Address
	dialOptions := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithPerRPCCredentials(callMetadata{authorization: authorization, secure: !o.Insecure, client: c}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceive)),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithKeepaliveParams(keepAlive()),
		grpc.WithConnectParams(reconnect()),
		grpc.WithChainUnaryInterceptor(observed(o.Observer)),
		grpc.WithUserAgent("piped/" + cmp.Or(o.Version, "unknown")),
	}
	if o.Dialer != nil {
		target = "passthrough:///" + o.Address
		dialOptions = append(dialOptions, grpc.WithContextDialer(o.Dialer))
	}
	c.conn, err = grpc.NewClient(target, dialOptions...)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "the control plane's address "+o.Address+" cannot be used")
	}
	c.piped = pipedservice.NewPipedServiceClient(c.conn)
	c.agent = agentv1.NewAgentServiceClient(c.conn)
	o.Logger.DebugContext(ctx, "control plane client is ready",
		slog.String("address", o.Address), slog.String("instance", o.InstanceID), slog.Bool("insecure", o.Insecure))
	return c, nil
}

// Close ends all calls and the connection.
func (c *Client) Close() error {
	return model.Wrap(model.CodeInternal, c.conn.Close(), "closing the connection to the control plane")
}

// Epoch returns the epoch of the lease granted last, 0 before the first.
func (c *Client) Epoch() int64 { return c.epoch.Load() }

// keepAlive asks no more often than servers tolerate by default (five minutes,
// else they hang up), which is too rare to keep a connection through a load
// balancer; the stream's heartbeats do that. Its Timeout also bounds, on Linux,
// how long sent bytes may stay unacknowledged, which finds a dead peer fast.
func keepAlive() keepalive.ClientParameters {
	return keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: 20 * time.Second}
}

// reconnect keeps the pause between attempts to connect short: calls fail at
// once during it, so it is how long a control plane that is back goes unnoticed.
func reconnect() grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.3, MaxDelay: 10 * time.Second},
		MinConnectTimeout: 10 * time.Second,
	}
}

func transportCredentials(o Options) (credentials.TransportCredentials, error) {
	if o.Insecure {
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CertFile != "" {
		pem, err := os.ReadFile(o.CertFile)
		if err != nil {
			return nil, model.Wrap(model.CodeInvalid, err, "reading the certificates to trust")
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, model.Errorf(model.CodeInvalid, "%s holds no PEM certificate", o.CertFile)
		}
	}
	return credentials.NewTLS(config), nil
}

// callMetadata is what goes along with every call.
type callMetadata struct {
	authorization string
	secure        bool
	client        *Client
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (m callMetadata) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	md := map[string]string{auth.HeaderAuthorization: m.authorization}
	if epoch := m.client.epoch.Load(); epoch > 0 {
		md[auth.HeaderLeaseEpoch] = auth.FormatEpoch(epoch)
	}
	return md, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials: the key
// only travels in the clear when that was asked for.
func (m callMetadata) RequireTransportSecurity() bool { return m.secure }
