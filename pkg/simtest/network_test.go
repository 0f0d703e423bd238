package simtest

import (
	"context"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc/test/bufconn"

	"pipecd/pkg/model"
)

// network connects agents and people with the control plane, in memory.
type network struct {
	listener *bufconn.Listener

	mu       sync.Mutex
	away     bool                  // nobody reaches the control plane
	isolated string                // prefix of those who do not reach it; "" for none
	stalled  string                // prefix of those to whom nothing comes through; "" for none
	flows    chan struct{}         // closed when it does again
	gone     map[string]bool       // by who: never reaches it any more
	conns    map[string][]net.Conn // by who
}

func newNetwork() *network {
	const buffer = 256 << 10
	return &network{listener: bufconn.Listen(buffer), gone: map[string]bool{}, conns: map[string][]net.Conn{}}
}

// dialer returns how who connects: at once or not at all. gRPC holds a stream's
// lock while it waits for a connection, and the bubble's clock stands still while
// anybody waits for a lock.
func (n *network) dialer(who string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, _ string) (net.Conn, error) {
		if err := n.reachable(who); err != nil {
			return nil, err
		}
		inner, err := n.listener.DialContext(ctx)
		if err != nil {
			return nil, err
		}
		conn := &line{Conn: inner, network: n, who: who, closed: make(chan struct{})}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.conns[who] = append(n.conns[who], conn)
		return conn, nil
	}
}

func (n *network) reachable(who string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	stalls := n.stalled != "" && strings.HasPrefix(who, n.stalled)
	if n.away || stalls || n.gone[who] || n.isolated != "" && strings.HasPrefix(who, n.isolated) {
		return model.Errorf(model.CodeUnavailable, "connection refused")
	}
	return nil
}

// isolate takes the control plane away from the processes of the name, or brings
// it back.
func (n *network) isolate(name string, away bool) {
	n.mu.Lock()
	n.isolated = ""
	var conns []net.Conn
	if away {
		n.isolated = name + "-"
		for who, own := range n.conns {
			if strings.HasPrefix(who, n.isolated) {
				conns = append(conns, own...)
				delete(n.conns, who)
			}
		}
	}
	n.mu.Unlock()
	closeAll(conns)
}

// cut ends the connections of who for good.
func (n *network) cut(who string) {
	n.mu.Lock()
	n.gone[who] = true
	conns := n.conns[who]
	delete(n.conns, who)
	n.mu.Unlock()
	closeAll(conns)
}

// leave takes the control plane away, or brings it back.
func (n *network) leave(away bool) {
	n.mu.Lock()
	n.away = away
	var conns []net.Conn
	if away {
		for who, own := range n.conns {
			conns = append(conns, own...)
			delete(n.conns, who)
		}
	}
	n.mu.Unlock()
	closeAll(conns)
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		_ = c.Close() // what is under way fails, which is the purpose
	}
}
