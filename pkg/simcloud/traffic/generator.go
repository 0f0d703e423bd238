package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"pipecd/pkg/model"
)

// VersionHeader is the header in which an application names its version.
const VersionHeader = "X-App-Version"

// Bounds of a generator.
const (
	MaxRPS         = 5000
	maxWorkers     = 1000
	defaultWorkers = 32
	defaultTimeout = 10 * time.Second
	defaultLimit   = time.Hour
	maxBody        = 1 << 20
)

// Config sets up a Generator. The zero value of a field means its default.
type Config struct {
	// URL is what is requested. Its host must be loopback. Required.
	URL string
	// RPS is how many requests begin per second, 1 to MaxRPS. Required.
	RPS int
	// Workers is how many requests may be under way. When all are busy, what is
	// due is not sent and counted as skipped. Defaults to 32.
	Workers int
	// Timeout of one request. Defaults to 10 s.
	Timeout time.Duration
	// Duration after which the generator stops by itself. Defaults to 1 h.
	Duration time.Duration
	// MaxRequests after which it stops by itself; 0 is no such bound.
	MaxRequests uint64
	// Host is the Host header. Defaults to the URL's.
	Host string
	// Transport carries the requests. Defaults to one of its own.
	Transport http.RoundTripper
	// Logger receives failed connections at debug level. Defaults to discarding.
	Logger *slog.Logger
}

// Snapshot is what was counted. Requests is the sum of the other numbers except
// Skipped, once all requests have ended.
type Snapshot struct {
	Requests         uint64            // sent
	ByVersion        map[string]uint64 // answers of the application below 500, by version
	ApplicationError uint64            // 5xx with a version header
	LoadBalancer     uint64            // 5xx without one
	Failed           uint64            // no answer, or one that broke off
	Other            uint64            // below 500 without a version
	Skipped          uint64            // due while every worker was busy
	// LoadBalancerByStatus splits LoadBalancer by HTTP code.
	LoadBalancerByStatus map[int]uint64
	// ErrorsByVersion splits ApplicationError by version.
	ErrorsByVersion map[string]uint64
}

// Generator sends the requests. It is safe for concurrent use.
type Generator struct {
	config Config
	client *http.Client

	mu      sync.Mutex
	counts  Snapshot
	sent    uint64 // since Start, for MaxRequests
	cancel  context.CancelCauseFunc
	stopped chan struct{}
}

var errStopped = errors.New("the load generator was stopped")

// New checks the configuration; the error has code CodeInvalid.
func New(c Config) (*Generator, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "reading the URL of the load generator")
	}
	switch {
	case u.Scheme != "http" || !loopback(u.Hostname()):
		return nil, model.Errorf(model.CodeInvalid, "the load generator sends only to http URLs on loopback, not to %q", c.URL)
	case c.RPS < 1 || c.RPS > MaxRPS:
		return nil, model.Errorf(model.CodeInvalid, "the load generator sends 1 to %d requests a second, not %d", MaxRPS, c.RPS)
	case c.Workers < 0 || c.Workers > maxWorkers:
		return nil, model.Errorf(model.CodeInvalid, "the load generator has at most %d workers, not %d", maxWorkers, c.Workers)
	}
	c = c.withDefaults()
	g := &Generator{config: c, counts: zero()}
	g.client = &http.Client{
		Transport: c.Transport, Timeout: c.Timeout,
		// An answer is counted, whatever it says; it is not followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return g, nil
}

func (c Config) withDefaults() Config {
	if c.Workers == 0 {
		c.Workers = defaultWorkers
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Duration <= 0 {
		c.Duration = defaultLimit
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Transport == nil {
		dialer := net.Dialer{Timeout: c.Timeout}
		c.Transport = &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: c.Workers, IdleConnTimeout: time.Minute}
	}
	return c
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

func zero() Snapshot {
	return Snapshot{ByVersion: map[string]uint64{}, LoadBalancerByStatus: map[int]uint64{}, ErrorsByVersion: map[string]uint64{}}
}

// Start begins to send until Stop, the end of ctx or a bound. It may be started
// again after Stop.
func (g *Generator) Start(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		return model.Errorf(model.CodeFailedPrecondition, "the load generator is running")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	g.cancel, g.stopped, g.sent = cancel, make(chan struct{}), 0
	go g.run(ctx, g.stopped)
	return nil
}

// Stop ends sending and waits for the requests under way, which get until their
// timeout. It may be called twice and before Start.
func (g *Generator) Stop() {
	g.mu.Lock()
	cancel, stopped := g.cancel, g.stopped
	g.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel(errStopped)
	<-stopped
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped == stopped {
		g.cancel = nil
	}
	g.client.CloseIdleConnections()
}

// Done is closed when the generator has stopped, by itself or by Stop; nil
// before Start.
func (g *Generator) Done() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped
}

// run hands out requests by the clock. What a late tick owes is sent at once, so
// the rate holds over time.
func (g *Generator) run(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, g.config.Workers)
	limit := time.NewTimer(g.config.Duration)
	defer limit.Stop()
	ticker := time.NewTicker(max(time.Second/time.Duration(g.config.RPS), time.Millisecond))
	defer ticker.Stop()
	start, handed := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-limit.C:
			return
		case now := <-ticker.C:
			due := int(now.Sub(start).Seconds() * float64(g.config.RPS))
			for ; handed < due; handed++ {
				select {
				case free <- struct{}{}:
				default:
					g.count(func(s *Snapshot) { s.Skipped++ })
					continue
				}
				if !g.admit() {
					return
				}
				wg.Go(func() {
					defer func() { <-free }()
					// A request that has begun is not cut by Stop: that would
					// look like a failure of the load balancer.
					g.send(context.WithoutCancel(ctx))
				})
			}
		}
	}
}

// admit counts a request as sent unless the bound is reached.
func (g *Generator) admit() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.config.MaxRequests > 0 && g.sent >= g.config.MaxRequests {
		return false
	}
	g.sent++
	g.counts.Requests++
	return true
}

func (g *Generator) count(f func(*Snapshot)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(&g.counts)
}

func (g *Generator) send(ctx context.Context) {
	status, version, err := g.exchange(ctx)
	if err != nil {
		g.config.Logger.DebugContext(ctx, "a request failed", "error", err)
		g.count(func(s *Snapshot) { s.Failed++ })
		return
	}
	g.count(func(s *Snapshot) {
		switch {
		case status >= http.StatusInternalServerError && version == "":
			s.LoadBalancer++
			s.LoadBalancerByStatus[status]++
		case status >= http.StatusInternalServerError:
			s.ApplicationError++
			s.ErrorsByVersion[version]++
		case version == "":
			s.Other++
		default:
			s.ByVersion[version]++
		}
	})
}

func (g *Generator) exchange(ctx context.Context) (status int, version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.config.URL, http.NoBody)
	if err != nil {
		return 0, "", fmt.Errorf("making the request: %w", err)
	}
	req.Host = g.config.Host
	resp, err := g.client.Do(req)
	if err != nil {
		return 0, "", fmt.Errorf("sending the request: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)); err != nil {
		return 0, "", fmt.Errorf("reading the answer: %w", err)
	}
	return resp.StatusCode, resp.Header.Get(VersionHeader), nil
}

// Snapshot returns a copy of the counts since New or the last Reset.
func (g *Generator) Snapshot() Snapshot {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.counts
	s.ByVersion = maps.Clone(s.ByVersion)
	s.LoadBalancerByStatus = maps.Clone(s.LoadBalancerByStatus)
	s.ErrorsByVersion = maps.Clone(s.ErrorsByVersion)
	return s
}

// Reset sets every count to nothing. A request under way is counted where it
// ends, so Requests may then be smaller than the sum of the outcomes.
func (g *Generator) Reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts = zero()
}
