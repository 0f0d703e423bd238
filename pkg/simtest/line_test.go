package simtest

import (
	"net"
	"strings"
	"sync"
)

// line is one connection of an agent. While the network stalls nothing comes
// through it, and what was sent arrives afterwards.
type line struct {
	net.Conn

	network *network
	who     string
	once    sync.Once
	closed  chan struct{}
}

// Write implements net.Conn.
func (l *line) Write(p []byte) (int, error) {
	l.pass()
	return l.Conn.Write(p)
}

// Read implements net.Conn.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.pass()
	return n, err
}

// Close implements net.Conn.
func (l *line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Conn.Close()
}

// pass waits until the network does not stall.
func (l *line) pass() {
	l.network.mu.Lock()
	flows := l.network.flows
	stalls := l.network.stalled != "" && strings.HasPrefix(l.who, l.network.stalled)
	l.network.mu.Unlock()
	if !stalls {
		return
	}
	select {
	case <-flows:
	case <-l.closed:
	}
}

// stall lets nothing come through to the processes of the name, or lets it flow
// again.
func (n *network) stall(name string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if on {
		n.stalled, n.flows = name+"-", make(chan struct{})
		return
	}
	n.stalled = ""
	close(n.flows)
}
