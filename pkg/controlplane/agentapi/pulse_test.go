package agentapi

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// counted counts the statements of what agents do all day.
type counted struct {
	datastore.Store

	touches, renewals, looks atomic.Int64
}

func (c *counted) TouchPipeds(ctx context.Context, ids []string, now time.Time) error {
	c.touches.Add(1)
	return c.Store.TouchPipeds(ctx, ids, now)
}

func (c *counted) RenewLeases(ctx context.Context, fences []model.Fence, ttl time.Duration) (int, error) {
	c.renewals.Add(1)
	return c.Store.RenewLeases(ctx, fences, ttl)
}

func (c *counted) ListUnhandledCommands(ctx context.Context, pipedID string) ([]*model.Command, error) {
	c.looks.Add(1)
	return c.Store.ListUnhandledCommands(ctx, pipedID)
}

// close closes the store at the end of the bubble.
func (b *bench) close() {
	if err := b.store.Close(); err != nil {
		b.t.Error(err)
	}
}

// TestIdleAgent: an agent that only lives costs two statements for each of its
// heartbeats, and a look now and then; its lease and sign of life stay fresh.
func TestIdleAgent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		store := &counted{Store: b.store}
		b.service.store = store
		b.service.interrupt = func(context.Context) {}
		_, err := b.run(func(w *wire) {
			w.hello("i")
			for range 60 {
				time.Sleep(heartbeatInterval)
				w.heartbeat()
				lease, err := b.store.GetLease(t.Context(), "a")
				if left := time.Until(lease.ExpiresAt); err != nil || left < leaseTTL/2 {
					t.Errorf("the lease lasts %v more (%v)", left, err)
				}
			}
			time.Sleep(2 * pulseInterval)
			p, err := b.store.GetPiped(t.Context(), "a")
			if err != nil || time.Since(p.LastSeenAt) > 2*pulseInterval {
				t.Errorf("seen at %v (%v)", p.LastSeenAt, err)
			}
			close(w.broken)
		})
		if err != nil {
			t.Error(err)
		}
		if n, m := store.touches.Load(), store.renewals.Load(); n != 60 || m != 60 {
			t.Errorf("60 heartbeats were %d signs of life and %d renewals", n, m)
		}
		if n := store.looks.Load(); n > 26 {
			t.Errorf("it was looked for commands %d times in ten minutes", n)
		}
	})
}

// TestManyHeartbeats: those of many agents are told together, and one whose
// lease is lost is the only one that loses it.
func TestManyHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		store := &counted{Store: b.store}
		b.service.store = store
		const agents = 1000
		sessions := make([]*session, agents)
		for i := range sessions {
			id := fmt.Sprintf("piped-%d", i)
			lease, _, err := b.store.AcquireLease(t.Context(), id, datastore.LeaseRequest{InstanceID: "i", TTL: leaseTTL})
			if err != nil {
				t.Fatal(err)
			}
			sessions[i] = &session{
				service: b.service, caller: &auth.Piped{Piped: &model.Piped{ID: id}}, logger: b.service.logger,
				fence: model.Fence{PipedID: id, Epoch: lease.Epoch}, request: datastore.LeaseRequest{InstanceID: "i", TTL: leaseTTL},
				unrenewed: make(chan struct{}, 1),
			}
			b.service.pulse.add(sessions[i])
		}
		time.Sleep(2 * pulseInterval)
		if n, m := store.touches.Load(), store.renewals.Load(); n != 2 || m != 2 {
			t.Errorf("the heartbeats of %d agents were %d and %d statements", agents, n, m)
		}
		lost := sessions[7]
		if err := b.store.ReleaseLease(t.Context(), lost.fence); err != nil {
			t.Fatal(err)
		}
		if _, granted, err := b.store.AcquireLease(t.Context(), lost.fence.PipedID, datastore.LeaseRequest{InstanceID: "thief", TTL: leaseTTL}); err != nil || !granted {
			t.Fatal(granted, err)
		}
		for _, se := range sessions[:20] {
			b.service.pulse.add(se)
		}
		time.Sleep(2 * pulseInterval)
		for i, se := range sessions[:20] {
			select {
			case <-se.unrenewed:
			default:
				t.Errorf("session %d was not told to look", i)
			}
			if err := se.renew(t.Context()); (model.CodeOf(err) == model.CodeFenced) != (se == lost) {
				t.Errorf("session %d: %v", i, err)
			}
		}
	})
}

// TestNoWordIsNeeded: an agent that was disabled is out although nobody said so.
func TestNoWordIsNeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		took, err := b.run(func(w *wire) {
			w.hello("i")
			time.Sleep(time.Second)
			_, err := b.store.UpdatePiped(t.Context(), "a", func(p *model.Piped) error { p.Disabled = true; return nil })
			if err != nil {
				t.Error(err)
			}
			for range 2 {
				time.Sleep(heartbeatInterval)
				w.heartbeat()
			}
		})
		if model.CodeOf(err) != model.CodeUnauthenticated || took > 2*pollInterval {
			t.Errorf("ended after %v with %v", took, err)
		}
	})
}
