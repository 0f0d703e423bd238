package server

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"pipecd/pkg/admin"
	"pipecd/pkg/controlplane/webhook"
	"pipecd/pkg/datastore"
	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// Limits of connections.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 5 * time.Minute
	maxHeaderBytes    = 64 << 10
	pingAfter         = 30 * time.Second // an HTTP/2 connection on which nothing came is asked whether it lives
	pingTimeout       = 15 * time.Second
	maxStreams        = 1000 // calls at once on one HTTP/2 connection
)

// Options is what a server is started with.
type Options struct {
	// Store and Files hold the state. The caller closes them after Run returned.
	Store datastore.Store
	Files filestore.Store
	// Projects are those of the configuration file.
	Projects []*model.Project
	// SessionKey signs sessions; at least 32 bytes.
	SessionKey []byte
	// Shared says that other servers may use the same stores. What one of them
	// changes is told to the others through the datastore.
	Shared bool
	// UI holds the built web UI; nil for a server without one.
	UI fs.FS
	// InsecureCookie lets the session cookie travel over plain HTTP.
	InsecureCookie bool
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Webhook holds the secrets of Git hosts; nil means webhooks are off.
	Webhook *webhook.Secrets
	// Address is the external base URL, for links. May be empty.
	Address string
	// Listen is the address of the one port, such as ":8080". With port 0 a free
	// one is taken; Ready tells which.
	Listen string
	// Listener is the one port where it is open already, and stands for Listen: a
	// simulation's stays in memory. Run closes it.
	Listener net.Listener
	// AdminListen is the address of the admin port. Empty means there is none.
	AdminListen string
	// GracePeriod is how long calls may take to end when the server stops.
	// Defaults to 15s.
	GracePeriod time.Duration
	// DrainPeriod is how long the server that stops serves on, unready, before it
	// ends streams. Zero where nobody looks whether it is ready.
	DrainPeriod time.Duration
	// Version is shown on the page.
	Version string
	Logger  *slog.Logger
	// Observer is told about calls and what they lead to; nil means nobody looks.
	Observer observe.Observer
	// Metrics is what the admin port shows; nil means nothing.
	Metrics *prometheus.Registry
	// Ready is called once, when both ports accept connections. May be nil.
	Ready func(Addresses)
}

// Addresses are what the ports are bound to, as host:port.
type Addresses struct {
	Public string
	Admin  string // empty when there is none
}

// errStopping tells streams to end and clients to come again.
var errStopping = model.Errorf(model.CodeUnavailable, "the control plane is stopping; connect again")

// Run serves until ctx is done and then lets running calls end. It returns nil
// after such a stop, and an error when the server could not start or broke.
func Run(ctx context.Context, o Options) error {
	if o.GracePeriod <= 0 {
		o.GracePeriod = 15 * time.Second
	}
	o.Observer = observe.Or(o.Observer)
	public := o.Listener
	if public == nil {
		var err error
		if public, err = listen(ctx, o.Listen, "--port"); err != nil {
			return err
		}
	}
	// Streams last, so they are told when the server stops.
	stopping, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	w := newWiring(o)
	handler, err := newHandler(stopping, o, w)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	servers := []bound{{listener: public, server: newHTTPServer(o.Logger, handler)}}
	addresses := Addresses{Public: public.Addr().String()}
	if o.AdminListen != "" {
		operators, err := listen(ctx, o.AdminListen, "--admin-port")
		if err != nil {
			return errors.Join(err, public.Close())
		}
		servers = append(servers, bound{listener: operators, server: newHTTPServer(o.Logger, newAdminHandler(o))})
		admin.Limit(servers[1].server)
		addresses.Admin = operators.Addr().String()
	}
	if err := w.prepare(ctx); err != nil {
		return errors.Join(err, closeAll(servers))
	}
	return serve(ctx, o, run{servers: servers, addresses: addresses, wiring: w, stop: func() { stop(errStopping) }})
}

type bound struct {
	listener net.Listener
	server   *http.Server
}

// run is a server whose ports are bound.
type run struct {
	servers   []bound
	addresses Addresses
	wiring    *wiring
	stop      func() // ends the streams
}

func closeAll(servers []bound) error {
	errs := make([]error, len(servers))
	for i, b := range servers {
		errs[i] = b.listener.Close()
	}
	return errors.Join(errs...)
}

func serve(ctx context.Context, o Options, r run) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, b := range r.servers {
		group.Go(func() error {
			if err := b.server.Serve(b.listener); !errors.Is(err, http.ErrServerClosed) {
				return model.Wrap(model.CodeUnavailable, err, "serving "+b.listener.Addr().String())
			}
			return nil
		})
	}
	group.Go(func() error {
		r.wiring.chores(ctx)
		return nil
	})
	// The others are told until the last call has ended.
	relaying, relayed := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		r.wiring.relayUntil(relaying)
		return nil
	})
	group.Go(func() error {
		defer relayed()
		<-ctx.Done()
		r.drain(context.WithoutCancel(ctx), o)
		o.Logger.InfoContext(ctx, "stopping: streams are told to come again, calls in progress may end", slog.Duration("grace", o.GracePeriod))
		r.stop()
		shutdown(context.WithoutCancel(ctx), o, r.servers)
		o.Logger.InfoContext(ctx, "stopped")
		return nil
	})
	o.Logger.InfoContext(ctx, "control plane is serving",
		slog.String("address", r.addresses.Public), slog.String("admin_address", r.addresses.Admin), slog.String("version", o.Version))
	if o.Ready != nil {
		o.Ready(r.addresses)
	}
	return group.Wait()
}

// drain serves on for a while and says that it is not ready, so that what comes
// anew goes to other servers, as will those whose stream ends afterwards.
func (r run) drain(ctx context.Context, o Options) {
	close(r.wiring.draining)
	if o.DrainPeriod <= 0 {
		return
	}
	o.Logger.InfoContext(ctx, "not ready any more; serving on until load balancers know", slog.Duration("period", o.DrainPeriod))
	time.Sleep(o.DrainPeriod)
}

// shutdown lets calls end, and cuts those that take longer than the grace
// period. The public port goes first: the operator wants to see it go.
func shutdown(ctx context.Context, o Options, servers []bound) {
	ctx, cancel := context.WithTimeout(ctx, o.GracePeriod)
	defer cancel()
	for _, b := range servers {
		if err := b.server.Shutdown(ctx); err != nil {
			o.Logger.WarnContext(ctx, "calls were cut off", slog.String("address", b.listener.Addr().String()), slog.Any("error", err))
			if err := b.server.Close(); err != nil {
				o.Logger.WarnContext(ctx, "closing connections failed", slog.Any("error", err))
			}
		}
	}
}

func newHTTPServer(logger *slog.Logger, handler http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// listen binds an address. flag is how a person chooses another port.
func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, model.Errorf(model.CodeUnavailable, "%s is in use by another program: stop that one, or choose another port with %s", portOf(address), flag)
	case errors.Is(err, syscall.EACCES):
		return nil, model.Errorf(model.CodePermissionDenied, "%s may not be used by this user: choose a port above 1023 with %s", portOf(address), flag)
	default:
		return nil, model.Errorf(model.CodeInvalid, "listening on %s failed: %w", address, err)
	}
}

func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if _, numeric := strconv.Atoi(port); err != nil || numeric != nil {
		return address
	}
	return "port " + port
}
