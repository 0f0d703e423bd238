package datastoretest

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// long is a lease that does not end while a test runs; short is one that does.
const (
	long  = time.Hour
	short = 5 * time.Millisecond
)

func (w *world) acquire(t *testing.T, instance string, ttl time.Duration) (model.Lease, bool) {
	t.Helper()
	lease, granted, err := w.AcquireLease(t.Context(), w.piped, datastore.LeaseRequest{InstanceID: instance, Host: "host of " + instance, TTL: ttl})
	must(t, err)
	return lease, granted
}

// take asks until the lease is granted.
func (w *world) take(t *testing.T, instance string, ttl time.Duration) model.Lease {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if lease, granted := w.acquire(t, instance, ttl); granted {
			return lease
		}
	}
	t.Fatal("the lease did not expire")
	return model.Lease{}
}

func (w *world) fence(epoch int64) model.Fence { return model.Fence{PipedID: w.piped, Epoch: epoch} }

func testLeaseExclusive(t *testing.T, w *world) {
	first, granted := w.acquire(t, "a", long)
	if !granted || first.Epoch < 1 || first.InstanceID != "a" || first.Host != "host of a" || first.PipedID != w.piped {
		t.Fatalf("first lease: %+v, granted %t", first, granted)
	}
	denied, granted := w.acquire(t, "b", long)
	if granted || denied != first {
		t.Errorf("b was told %+v, granted %t, want the holder's lease %+v", denied, granted, first)
	}
	again, granted := w.acquire(t, "a", 2*long)
	if !granted || again.Epoch != first.Epoch || !again.ExpiresAt.After(first.ExpiresAt) {
		t.Errorf("the holder asked again and got %+v, granted %t", again, granted)
	}
	must(t, w.RenewLease(t.Context(), w.fence(first.Epoch), 3*long))
	got, err := w.GetLease(t.Context(), w.piped)
	must(t, err)
	if !got.ExpiresAt.After(again.ExpiresAt) {
		t.Errorf("renewing moved the end from %v to %v", again.ExpiresAt, got.ExpiresAt)
	}
	for _, epoch := range []int64{first.Epoch + 1, first.Epoch - 1, 0} {
		wantCode(t, w.RenewLease(t.Context(), w.fence(epoch), long), model.CodeFenced)
	}
	wantCode(t, w.RenewLease(t.Context(), model.Fence{PipedID: "nobody", Epoch: 1}, long), model.CodeFenced)
	for _, bad := range []datastore.LeaseRequest{{InstanceID: "a"}, {InstanceID: "a", TTL: -1}, {TTL: long}} {
		_, _, err := w.AcquireLease(t.Context(), w.piped, bad)
		wantCode(t, err, model.CodeInvalid)
	}
	wantCode(t, w.RenewLease(t.Context(), w.fence(first.Epoch), 0), model.CodeInvalid)
}

func testLeaseExpires(t *testing.T, w *world) {
	a := w.take(t, "a", short)
	b := w.take(t, "b", short)
	if b.Epoch <= a.Epoch {
		t.Errorf("takeover went from epoch %d to %d", a.Epoch, b.Epoch)
	}
	wantCode(t, w.RenewLease(t.Context(), w.fence(a.Epoch), long), model.CodeFenced)
	back := w.take(t, "a", short)
	if back.Epoch <= b.Epoch {
		t.Errorf("the first instance came back with epoch %d after %d", back.Epoch, b.Epoch)
	}
}

func testLeaseReleased(t *testing.T, w *world) {
	a, _ := w.acquire(t, "a", long)
	must(t, w.ReleaseLease(t.Context(), w.fence(a.Epoch+1))) // not held: does nothing
	if _, granted := w.acquire(t, "b", long); granted {
		t.Fatal("a release with a wrong epoch gave the lease away")
	}
	must(t, w.ReleaseLease(t.Context(), w.fence(a.Epoch)))
	must(t, w.ReleaseLease(t.Context(), w.fence(a.Epoch)))
	wantCode(t, w.RenewLease(t.Context(), w.fence(a.Epoch), long), model.CodeFenced) // a late heartbeat does not take it back
	b, granted := w.acquire(t, "b", long)
	if !granted || b.Epoch <= a.Epoch {
		t.Errorf("after the release b got %+v, granted %t", b, granted)
	}
	must(t, w.ReleaseLease(t.Context(), w.fence(a.Epoch))) // the old holder cannot release the new one's
	if _, granted := w.acquire(t, "c", long); granted {
		t.Error("the old holder released the new holder's lease")
	}
	must(t, w.ReleaseLease(t.Context(), model.Fence{PipedID: "nobody", Epoch: 1}))
}

func testLeaseRace(t *testing.T, w *world) {
	var winners atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := retried(t.Context(), func(ctx context.Context) error {
				_, granted, err := w.AcquireLease(ctx, w.piped, datastore.LeaseRequest{InstanceID: strconv.Itoa(i), TTL: long})
				if granted {
					winners.Add(1)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d instances were granted one lease", winners.Load())
	}
}

func testFencing(t *testing.T, w *world) {
	ctx := t.Context()
	application, deployment, command := w.addApplication(t, nil), w.addDeployment(t, nil), w.newCommand(nil)
	must(t, w.AddCommand(ctx, command))
	event, chain := w.addEvent(t, nil), w.addChain(t, nil)
	writes := map[string]func(model.Fence) error{
		"application": func(f model.Fence) error {
			_, err := w.UpdateApplication(ctx, f, application.ID, func(a *model.Application) error { a.Description += "x"; return nil })
			return err
		},
		"deployment": func(f model.Fence) error {
			_, err := w.UpdateDeployment(ctx, f, deployment.ID, func(d *model.Deployment) error { d.Summary += "x"; return nil })
			return err
		},
		"command": func(f model.Fence) error {
			_, err := w.UpdateCommand(ctx, f, command.ID, func(c *model.Command) error { c.Commander += "x"; return nil })
			return err
		},
		"event": func(f model.Fence) error {
			_, err := w.UpdateEvent(ctx, f, event.ID, func(e *model.Event) error { e.Data += "x"; return nil })
			return err
		},
		"chain": func(f model.Fence) error {
			_, err := w.UpdateChain(ctx, f, chain.ID, func(c *model.DeploymentChain) error { c.UpdatedAt = c.UpdatedAt.Add(1e6); return nil })
			return err
		},
		"new chain":      func(f model.Fence) error { return w.StartChain(ctx, f, w.newChain(nil)) },
		"new deployment": func(f model.Fence) error { return w.CreateDeployment(ctx, f, w.newDeployment(nil)) },
	}
	for name, write := range writes {
		wantCode(t, write(w.fence(1)), model.CodeFenced) // there never was a lease
		if err := write(w.fence(0)); err != nil {
			t.Errorf("%s: a write without an epoch: %v", name, err)
		}
	}
	a, _ := w.acquire(t, "a", long)
	for _, write := range writes {
		wantCode(t, write(w.fence(a.Epoch)), "")
	}
	must(t, w.ReleaseLease(ctx, w.fence(a.Epoch)))
	b, _ := w.acquire(t, "b", long)
	for _, write := range writes {
		wantCode(t, write(w.fence(a.Epoch)), model.CodeFenced)
		wantCode(t, write(w.fence(b.Epoch+1)), model.CodeFenced)
		wantCode(t, write(w.fence(b.Epoch)), "")
		wantCode(t, write(w.fence(0)), "")
	}
	got, err := w.GetDeployment(ctx, deployment.ID)
	must(t, err)
	if diff := cmp.Diff("xxxx", got.Summary); diff != "" {
		t.Errorf("a fenced write was written (-want +got):\n%s", diff)
	}
}
