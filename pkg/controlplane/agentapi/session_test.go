package agentapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
	rpcauth "pipecd/pkg/rpc/auth"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is the agent's end of a stream.
type wire struct {
	toServer chan *agentv1.ConnectRequest
	toAgent  chan *agentv1.ConnectResponse
	broken   chan struct{}
}

func (w *wire) Receive() (*agentv1.ConnectRequest, error) {
	select {
	case m := <-w.toServer:
		return m, nil
	case <-w.broken:
		return nil, io.ErrUnexpectedEOF
	}
}

func (w *wire) Send(m *agentv1.ConnectResponse) error {
	w.toAgent <- m
	return nil
}

// bench is a service with one agent, under virtual time.
type bench struct {
	t       *testing.T
	store   datastore.Store
	service *Service
	caller  *auth.Piped
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	now, key := time.Now(), rpcauth.NewKey()
	err = store.AddPiped(t.Context(), &model.Piped{
		ID: "a", Name: "a", ProjectID: "p", Keys: []model.PipedKey{{Hash: rpcauth.HashKey(key), CreatedAt: now}}, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	pipeds := auth.NewPipeds(auth.NewProjects([]*model.Project{{ID: "p"}}, store), store, new(notify.Hub), logger)
	header, err := rpcauth.PipedCredential{ProjectID: "p", PipedID: "a", Key: key}.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	caller, err := pipeds.Check(t.Context(), header, "")
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, store: store, caller: caller, service: New(Options{
		Store: store, Pipeds: pipeds, Hub: new(notify.Hub), Logger: logger,
		Interrupt: func(ctx context.Context) {
			if w, ok := ctx.Value(wireKey{}).(*wire); ok {
				close(w.broken)
			}
		},
	})}
}

type wireKey struct{}

// run serves a stream on which the agent does what act does, and returns what
// the stream ended with and when. The agent reads all that is sent.
func (b *bench) run(act func(w *wire)) (time.Duration, error) {
	return b.listen(act, func(string) {})
}

// serve serves a stream whose agent speaks as act does and listens as listen
// does, until its context ends. It returns when both sides have ended.
func (b *bench) serve(act func(w *wire), listen func(ctx context.Context, w *wire)) (time.Duration, error) {
	w := &wire{toServer: make(chan *agentv1.ConnectRequest), toAgent: make(chan *agentv1.ConnectResponse), broken: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithValue(b.t.Context(), wireKey{}, w))
	var listening sync.WaitGroup
	listening.Go(func() { listen(ctx, w) })
	go act(w)
	started := time.Now()
	err := b.service.serve(ctx, b.caller, w)
	took := time.Since(started)
	cancel()
	listening.Wait()
	return took, err
}

func (w *wire) hello(instance string) {
	w.toServer <- &agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Hello{Hello: &agentv1.Hello{InstanceId: instance}}}
}

func (w *wire) heartbeat() {
	w.toServer <- &agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		act   func(w *wire)
		after time.Duration
		code  model.Code
	}{
		"no hello":      {func(*wire) {}, helloTimeout, model.CodeInvalid},
		"no heartbeat":  {func(w *wire) { w.hello("i") }, leaseTTL, model.CodeUnavailable},
		"one heartbeat": {func(w *wire) { w.hello("i"); time.Sleep(heartbeatInterval); w.heartbeat() }, heartbeatInterval + leaseTTL, model.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				defer func() {
					if err := b.store.Close(); err != nil {
						t.Error(err)
					}
				}()
				took, err := b.run(test.act)
				if took != test.after || model.CodeOf(err) != test.code {
					t.Errorf("ended after %s with %v, want %s and %s", took, err, test.after, test.code)
				}
				if _, granted, err := b.store.AcquireLease(t.Context(), "a", datastore.LeaseRequest{InstanceID: "next", TTL: time.Minute}); err != nil || !granted {
					t.Errorf("the lease was not released: %t, %v", granted, err)
				}
			})
		})
	}
}

// A lease that was released under a session, as an older stream of the same
// process on another server does, is taken again; one that another process got
// ends the session.
func TestLeaseLostInBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer func() {
			if err := b.store.Close(); err != nil {
				t.Error(err)
			}
		}()
		release := func(epoch int64) {
			if err := b.store.ReleaseLease(t.Context(), model.Fence{PipedID: "a", Epoch: epoch}); err != nil {
				t.Error(err)
			}
		}
		_, err := b.run(func(w *wire) {
			w.hello("i")
			time.Sleep(heartbeatInterval)
			release(1)
			w.heartbeat()
			time.Sleep(heartbeatInterval)
			release(1)
			if _, granted, err := b.store.AcquireLease(t.Context(), "a", datastore.LeaseRequest{InstanceID: "thief", TTL: time.Minute}); err != nil || !granted {
				t.Errorf("%t, %v", granted, err)
			}
			w.heartbeat()
		})
		if model.CodeOf(err) != model.CodeFenced {
			t.Errorf("got %v", err)
		}
		if l, err := b.store.GetLease(t.Context(), "a"); err != nil || l.InstanceID != "thief" || l.Epoch != 2 {
			t.Errorf("got %+v, %v", l, err)
		}
	})
}

func TestBrokenConnectionIsNoError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer func() {
			if err := b.store.Close(); err != nil {
				t.Error(err)
			}
		}()
		b.service.interrupt = func(context.Context) {}
		_, err := b.run(func(w *wire) {
			w.hello("i")
			time.Sleep(time.Second)
			close(w.broken)
		})
		if err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
	})
}
