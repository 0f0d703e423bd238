package elb_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/simcloud/elb"
	"pipecd/pkg/simcloud/target"
)

// memory is a network without sockets: what a simulation under virtual time
// gives to Config.Listen and to its clients.
type memory struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener
}

type pipeListener struct {
	name   string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (m *memory) listen(_ context.Context, _, address string) (net.Listener, error) {
	l := &pipeListener{name: address, conns: make(chan net.Conn), closed: make(chan struct{})}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners[address] = l
	return l, nil
}

func (m *memory) dial(ctx context.Context, _, address string) (net.Conn, error) {
	m.mu.Lock()
	l := m.listeners[address]
	m.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr(l.name) }

type pipeAddr string

func (a pipeAddr) Network() string { return "pipe" }
func (a pipeAddr) String() string  { return string(a) }

// tasks is a transport to tasks that exist only as functions.
type tasks map[string]func(*http.Request) (*http.Response, error)

func (ts tasks) RoundTrip(r *http.Request) (*http.Response, error) {
	app, ok := ts[r.URL.Host]
	if !ok {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	return app(r)
}

func say(text string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, ContentLength: int64(len(text)),
			Body: io.NopCloser(strings.NewReader(text)), Request: r,
		}, nil
	}
}

// balancer has one listener and one group, with AWS's defaults.
func (m *memory) balancer(t *testing.T) *elb.Balancers {
	t.Helper()
	b, err := elb.New(elb.Config{
		Listen:    m.listen,
		Transport: tasks{"task-1": say("one")},
		LoadBalancers: []elb.LoadBalancer{{Name: "web", Listeners: []elb.Listener{{
			Port: 80, DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: 1}}}},
		}}}},
		TargetGroups: []elb.TargetGroup{{Name: "blue"}}, // AWS's defaults: 30 s checks, 300 s delay
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// get asks the balancer, which answers want.
func (m *memory) get(t *testing.T, want string) {
	t.Helper()
	client := &http.Transport{DialContext: m.dial}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:80/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != want || resp.Body.Close() != nil {
		t.Errorf("answered %q, %v", body, err)
	}
}

func TestUnderVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := &memory{listeners: map[string]*pipeListener{}}
		b := network.balancer(t)
		arn := b.TargetGroupARN("blue")
		good := target.Target{ID: "10.0.0.1", Port: 80, Addr: "task-1"}
		dead := target.Target{ID: "10.0.0.2", Port: 80, Addr: "task-2"}
		wantState := func(tg target.Target, want string) {
			t.Helper()
			synctest.Wait()
			if state, reason := b.Health(arn, tg); state != want {
				t.Errorf("%s is %s (%s), want %s", tg.ID, state, reason, want)
			}
		}
		for _, tg := range []target.Target{good, dead} {
			if err := b.Register(arn, tg); err != nil {
				t.Fatal(err)
			}
		}
		wantState(good, "initial")
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantState(good, "healthy") // the first check comes at once
		wantState(dead, "initial")
		time.Sleep(30 * time.Second)
		wantState(dead, "unhealthy") // two failures

		network.get(t, "one")
		left := b.Deregister(arn, good)
		time.Sleep(299 * time.Second)
		wantState(good, "draining")
		time.Sleep(time.Second)
		wantState(good, "unused")
		select {
		case <-left:
		default:
			t.Error("the channel is open after the deregistration delay")
		}
		if err := b.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestRegisterAgainEndsDraining(t *testing.T) {
	t.Parallel()
	b := newAPI(t, world())
	arn, tg := b.TargetGroupARN("blue"), target.Target{ID: "10.0.0.1", Port: 80, Addr: "127.0.0.1:1"}
	if err := b.Register(arn, tg); err != nil {
		t.Fatal(err)
	}
	left := b.Deregister(arn, tg)
	if err := b.Register(arn, tg); err != nil {
		t.Fatal(err)
	}
	<-left
	if state, _ := b.Health(arn, tg); state != "initial" {
		t.Errorf("registered again it is %s", state)
	}
	<-b.Deregister(arn, target.Target{ID: "10.9.9.9", Port: 1}) // never registered: gone at once
	if err := b.Register(b.TargetGroupARN("none"), tg); err == nil {
		t.Error("a target was registered with a group that does not exist")
	}
	if exists, _ := b.Lookup(b.TargetGroupARN("none")); exists {
		t.Error("a group that does not exist was found")
	}
}

func TestCloseTwiceAndWhileDraining(t *testing.T) {
	t.Parallel()
	b := setup(t, world())
	tg := b.app(t, "blue", "v1")
	b.await(t, "blue", tg, "healthy")
	left := b.Deregister(b.TargetGroupARN("blue"), tg)
	for range 2 {
		if err := b.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	<-left
	if err := b.Start(t.Context()); err == nil {
		t.Error("closed load balancers were started")
	}
}
