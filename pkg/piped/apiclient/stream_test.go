package apiclient_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

// virtual runs f in virtual time with a client of a control plane whose stream f
// sets up.
func virtual(t *testing.T, f func(t *testing.T, n *memoryNet, c *apiclient.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := (&plane{}).serveInMemory(t)
		o := options("plane.test:80")
		o.Dialer = n.dial
		f(t, n, dial(t, o))
	})
}

func TestHeartbeatsKeepTheInterval(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		said := make(chan []string, 1)
		n.plane.connect = func(stream agentStream) error {
			if err := stream.Send(lease(1, 4*time.Second)); err != nil {
				return err
			}
			defer beating(stream, 4*time.Second)()
			said <- drain(stream)
			return nil
		}
		l := newListener()
		stop := run(t, c, l)
		time.Sleep(41 * time.Second)
		_ = stop()
		want := []string{"hello instance-1 host-1 v1.0.0"}
		for range 10 {
			want = append(want, "heartbeat")
		}
		want = append(want, "goodbye", "closed")
		if diff := cmp.Diff(want, <-said); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"leased 1"}, l.heard()); diff != "" {
			t.Error(diff)
		}
	})
}

// A control plane that holds the stream open and says nothing is not there.
func TestSilenceReopensTheStream(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		opened := make(chan time.Time, 10)
		n.plane.connect = func(stream agentStream) error {
			opened <- time.Now()
			if err := stream.Send(lease(1, 10*time.Second)); err != nil {
				return err
			}
			<-stream.Context().Done()
			return nil
		}
		l := newListener()
		run(t, c, l)
		first, second := <-opened, <-opened
		if gap := second.Sub(first); gap < 25*time.Second || gap > 26*time.Second {
			t.Errorf("reopened after %s, want two and a half intervals of 10s and a short pause", gap)
		}
		l.expect(t, "leased 1", "disconnected: unavailable", "leased 1")
	})
}

// Nothing at all after the hello counts as silence too.
func TestNoFirstAnswer(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		opened := make(chan struct{}, 10)
		n.plane.connect = func(stream agentStream) error {
			opened <- struct{}{}
			<-stream.Context().Done()
			return nil
		}
		l := newListener()
		run(t, c, l)
		<-opened
		start := time.Now()
		<-opened
		if gap := time.Since(start); gap > 20*time.Second {
			t.Errorf("reopened after %s", gap)
		}
		l.expect(t, "disconnected: unavailable")
	})
}

// A slow handler does not make the stream look dead, and heartbeats go on.
func TestSlowHandler(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		said := make(chan []string, 1)
		n.plane.connect = func(stream agentStream) error {
			err := send(stream, lease(1, 10*time.Second), command("c1"))
			said <- drain(stream)
			return err
		}
		l := newListener()
		l.block = make(chan struct{})
		stop := run(t, c, l)
		time.Sleep(5 * time.Minute)
		close(l.block)
		_ = stop()
		if got := len(<-said); got < 30 {
			t.Errorf("the agent said %d things in five minutes", got)
		}
		if diff := cmp.Diff([]string{"leased 1", "command c1"}, l.heard()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOutage(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		var epoch atomic.Int64
		n.plane.connect = func(stream agentStream) error {
			if err := stream.Send(lease(epoch.Add(1), 10*time.Second)); err != nil {
				return err
			}
			defer beating(stream, 10*time.Second)()
			drain(stream)
			return nil
		}
		l := newListener()
		run(t, c, l)
		time.Sleep(time.Minute)
		n.stop()
		before := n.dials()
		time.Sleep(10 * time.Minute)
		if tries := n.dials() - before; tries < 20 || tries > 200 {
			t.Errorf("tried %d times in ten minutes", tries)
		}
		n.start()
		back := time.Now()
		l.expect(t, "leased 1", "disconnected: unavailable", "leased 2")
		if gone := time.Since(back); gone > 40*time.Second {
			t.Errorf("noticed after %s", gone)
		}
		if c.Epoch() != 2 {
			t.Errorf("epoch %d", c.Epoch())
		}
	})
}

// A stream that breaks as soon as it was granted is not a busy loop.
func TestFlappingStream(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		var opened atomic.Int64
		n.plane.connect = func(stream agentStream) error {
			opened.Add(1)
			if err := stream.Send(lease(1, 10*time.Second)); err != nil {
				return err
			}
			return status.Error(codes.Unavailable, "going away")
		}
		stop := run(t, c, newListener())
		time.Sleep(10 * time.Minute)
		_ = stop()
		if n := opened.Load(); n < 20 || n > 120 {
			t.Errorf("opened %d streams in ten minutes", n)
		}
	})
}

func TestStandby(t *testing.T) {
	t.Parallel()
	free := make(chan struct{})
	p := &plane{connect: func(stream agentStream) error {
		if err := stream.Send(standby("instance-0", "host-0")); err != nil {
			return err
		}
		<-free
		if err := stream.Send(lease(2, 10*time.Second)); err != nil {
			return err
		}
		drain(stream)
		return nil
	}}
	c := dial(t, options(p.serve(t)))
	l := newListener()
	run(t, c, l)
	l.expect(t, "standby instance instance-0 on host-0")

	if err := c.ReportStatus(t.Context(), "d1", model.DeploymentRunning, ""); model.CodeOf(err) != model.CodeFenced || !strings.Contains(err.Error(), "host-0") {
		t.Errorf("acting while standing by: %v", err)
	}
	if _, err := c.ListApplications(t.Context()); err != nil {
		t.Errorf("reading while standing by: %v", err)
	}
	close(free)
	l.expect(t, "leased 2")
	if err := c.ReportStatus(t.Context(), "d1", model.DeploymentRunning, ""); err != nil {
		t.Errorf("acting with the lease: %v", err)
	}
}

// While it polls, the agent asks for the stream again, and uses it when it is
// there.
func TestStreamAppears(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		var attempts atomic.Int64
		n.plane.connect = func(stream agentStream) error {
			if attempts.Add(1) < 3 {
				return status.Error(codes.Unimplemented, "unknown service")
			}
			if err := stream.Send(lease(1, 10*time.Second)); err != nil {
				return err
			}
			drain(stream)
			return nil
		}
		l := newListener()
		run(t, c, l)
		l.expect(t, "polling")
		for range 60 { // two turns of three minutes, one command each five seconds
			l.expect(t, "command c1")
		}
		for {
			if event := <-l.events; event != "command c1" {
				if event != "leased 1" {
					t.Errorf("got %q", event)
				}
				return
			}
		}
	})
}

// A control plane that refuses the credential is asked again, politely.
func TestRefusedCredential(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		var opened atomic.Int64
		n.plane.connect = func(agentStream) error {
			opened.Add(1)
			return status.Error(codes.Unauthenticated, "unknown key")
		}
		l := newListener()
		run(t, c, l)
		time.Sleep(10 * time.Minute)
		l.expect(t, "disconnected: unauthenticated")
		if n := opened.Load(); n > 100 || len(l.heard()) != 0 {
			t.Errorf("asked %d times", n)
		}
	})
}

// Stopping does not wait for a control plane that does not answer the goodbye.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		n.plane.connect = func(stream agentStream) error {
			if err := stream.Send(lease(1, 10*time.Second)); err != nil {
				return err
			}
			<-stream.Context().Done()
			return nil
		}
		l := newListener()
		stop := run(t, c, l)
		l.expect(t, "leased 1")
		start := time.Now()
		if err := stop(); err != nil || time.Since(start) > 5*time.Second {
			t.Errorf("Run = %v after %s", err, time.Since(start))
		}
	})
}

func TestImpossibleEpoch(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T, n *memoryNet, c *apiclient.Client) {
		n.plane.connect = func(stream agentStream) error { return stream.Send(lease(0, 10*time.Second)) }
		l := newListener()
		run(t, c, l)
		l.expect(t, "disconnected: unavailable")
		if c.Epoch() != 0 {
			t.Errorf("epoch %d", c.Epoch())
		}
	})
}
