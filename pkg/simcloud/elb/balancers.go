package elb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/model"
)

// Balancers is the load-balancing half of the simulated cloud. It is safe for
// concurrent use. New, then Start, then Close; the API and the registration of
// targets also work before Start, but no health check runs and nothing listens.
type Balancers struct {
	cfg        Config
	names      names
	transport  http.RoundTripper // carries requests
	checks     http.RoundTripper // carries health checks
	operations map[string]operation

	mu      sync.Mutex
	world   world
	counts  counts
	running context.Context //nolint:containedctx // the lifetime: nil before Start; ends with Close
	stop    context.CancelCauseFunc
	sockets map[string]*socket // by listener ARN
	closed  bool
	work    sync.WaitGroup
}

// socket is one listener's server.
type socket struct {
	addr   string
	server *http.Server
}

// errClosed is why work ends when the load balancers are closed.
var errClosed = errors.New("the load balancers are closed")

// New builds the world of the configuration. It opens no socket. The error has
// code CodeInvalid and says which load balancer or target group is wrong.
func New(cfg Config) (*Balancers, error) {
	cfg = cfg.withDefaults()
	b := &Balancers{
		cfg:        cfg,
		names:      names{region: cfg.Region, account: cfg.AccountID},
		transport:  cfg.Transport,
		operations: operations(),
		sockets:    map[string]*socket{},
	}
	b.checks = b.transport
	if b.transport == nil {
		b.transport = newTransport(cfg.ConnectTimeout)
		// Health checks have connections of their own: each is closed after the
		// check, and must not take one from the pool of the requests.
		checks := newTransport(cfg.ConnectTimeout)
		checks.DisableKeepAlives = true
		b.checks = checks
	}
	b.world = world{names: b.names, tags: map[string]map[string]string{}}
	if err := b.build(); err != nil {
		return nil, err
	}
	return b, nil
}

func newTransport(connect time.Duration) *http.Transport {
	dialer := net.Dialer{Timeout: connect}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		MaxIdleConnsPerHost: 128,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true, // the client's choice passes through
	}
}

// Start opens the listeners and begins the health checks. ctx bounds opening
// only; Close ends what was started.
func (b *Balancers) Start(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.running != nil {
		return model.Errorf(model.CodeFailedPrecondition, "the load balancers were started before")
	}
	b.running, b.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	for _, l := range b.world.listeners() {
		if err := b.open(ctx, l, l.port); err != nil {
			b.stop(err)
			return errors.Join(err, closeSockets(context.WithoutCancel(ctx), b.sockets))
		}
		if l.port == 0 {
			l.port = b.boundPort(l.arn)
		}
	}
	for _, g := range b.world.groups {
		for _, m := range g.members {
			b.watch(m) //nolint:contextcheck // until Close, not until Start returns
		}
	}
	return nil
}

// open starts the listener's server on the loopback port; 0 is a free one.
func (b *Balancers) open(ctx context.Context, l *listener, port int) error {
	if b.closed {
		return model.Wrap(model.CodeFailedPrecondition, errClosed, "opening a listener")
	}
	ln, err := b.cfg.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return model.Wrap(model.CodeUnavailable, err,
			fmt.Sprintf("opening port %d for a listener of load balancer %q", port, l.balancer.name))
	}
	server := &http.Server{
		Handler:           b.newProxy(l),
		ReadHeaderTimeout: b.cfg.IdleTimeout,
		MaxHeaderBytes:    64 << 10, // AWS: 64 K for the entire header
		ErrorLog:          slog.NewLogLogger(b.cfg.Logger.Handler(), slog.LevelDebug),
	}
	b.sockets[l.arn] = &socket{addr: ln.Addr().String(), server: server}
	b.work.Go(func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			b.cfg.Logger.ErrorContext(ctx, "a listener ended", "listener", l.arn, "error", err)
		}
	})
	return nil
}

func (b *Balancers) boundPort(arn string) int {
	addr, err := net.ResolveTCPAddr("tcp", b.sockets[arn].addr)
	if err != nil {
		return 0
	}
	return addr.Port
}

// Close stops listening, ends health checks and lets every draining target go.
// Requests in flight get until ctx ends, then are cut. It may be called twice.
func (b *Balancers) Close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	if b.stop != nil {
		b.stop(errClosed)
	}
	for _, g := range b.world.groups {
		for _, m := range slices.Clone(g.members) {
			m.unwatch()
			if m.draining {
				b.remove(m)
			}
		}
	}
	sockets := maps.Clone(b.sockets)
	b.mu.Unlock()

	err := closeSockets(ctx, sockets)
	b.work.Wait()
	if t, ok := b.transport.(*http.Transport); ok && b.cfg.Transport == nil {
		t.CloseIdleConnections()
	}
	return err
}

func closeSockets(ctx context.Context, sockets map[string]*socket) error {
	var errs []error
	for _, s := range sockets {
		if err := s.server.Shutdown(ctx); err != nil {
			errs = append(errs, err, s.server.Close())
		}
	}
	return errors.Join(errs...)
}

// ListenerAddr returns the "host:port" on which the n-th listener (from 0) of
// the named load balancer listens, "" if there is none or it is not started.
func (b *Balancers) ListenerAddr(loadBalancer string, n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lb := find(b.world.balancers, func(lb *balancer) bool { return lb.name == loadBalancer })
	if lb == nil || n < 0 || n >= len(lb.listeners) {
		return ""
	}
	s, ok := b.sockets[lb.listeners[n].arn]
	if !ok {
		return ""
	}
	return s.addr
}

// TargetGroupARN returns the ARN that a target group of the name has here,
// whether or not it exists.
func (b *Balancers) TargetGroupARN(name string) string { return b.names.targetGroup(name) }

// LoadBalancerARN returns the ARN that a load balancer of the name has here.
func (b *Balancers) LoadBalancerARN(name string) string { return b.names.loadBalancer(name) }

// DNSName returns the DNS name that a load balancer of the name has here, which
// is also its "hostname" tag in metrics.
func (b *Balancers) DNSName(name string) string { return b.names.dnsName(name) }
