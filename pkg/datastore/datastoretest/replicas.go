package datastoretest

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func testManyLeases(t *testing.T, w *world) {
	ctx := t.Context()
	held, _ := w.acquire(t, "a", long)
	grant := func(id string) model.Fence {
		lease, granted, err := w.AcquireLease(ctx, id, datastore.LeaseRequest{InstanceID: "a", TTL: long})
		must(t, err)
		if !granted {
			t.Fatalf("no lease for %s", id)
		}
		return model.Fence{PipedID: id, Epoch: lease.Epoch}
	}
	other, released := grant(w.other), grant(model.NewID())
	must(t, w.ReleaseLease(ctx, released))
	n, err := w.RenewLeases(ctx, []model.Fence{
		other, w.fence(held.Epoch), released, {PipedID: w.other, Epoch: other.Epoch + 1}, {PipedID: "nobody", Epoch: 1},
	}, 3*long)
	must(t, err)
	if n != 2 {
		t.Errorf("%d leases were renewed, want the two that are held", n)
	}
	leases, err := w.GetLeases(ctx, []string{w.piped, w.other, released.PipedID})
	must(t, err)
	for _, id := range []string{w.piped, w.other} {
		if got := leases[id].ExpiresAt; !got.After(held.ExpiresAt.Add(long)) {
			t.Errorf("the lease of %s ends at %v; before it was %v", id, got, held.ExpiresAt)
		}
	}
	if got := leases[released.PipedID].ExpiresAt; got.After(held.ExpiresAt) {
		t.Errorf("a lease that was given back ends at %v", got)
	}
	if n, err := w.RenewLeases(ctx, nil, long); n != 0 || err != nil {
		t.Errorf("of no leases %d were renewed: %v", n, err)
	}
	_, err = w.RenewLeases(ctx, []model.Fence{other}, 0)
	wantCode(t, err, model.CodeInvalid)
	_, err = w.RenewLeases(ctx, make([]model.Fence, datastore.MaxPageSize+1), long)
	wantCode(t, err, model.CodeInvalid)
}

func testTouchPipeds(t *testing.T, w *world) {
	ctx := t.Context()
	a, b, c := w.newPiped("a"), w.newPiped("b"), w.newPiped("c")
	for _, p := range []*model.Piped{a, b, c} {
		must(t, w.AddPiped(ctx, p))
	}
	must(t, w.TouchPiped(ctx, b.ID, w.at(20)))
	must(t, w.TouchPipeds(ctx, []string{b.ID, a.ID, "nobody"}, w.at(10)))
	must(t, w.TouchPipeds(ctx, nil, w.at(10)))
	got := map[string]time.Time{}
	list, err := w.GetPipeds(ctx, []string{a.ID, b.ID, c.ID})
	must(t, err)
	for _, p := range list {
		got[p.ID] = p.LastSeenAt
	}
	if diff := cmp.Diff(map[string]time.Time{a.ID: w.at(10), b.ID: w.at(20), c.ID: {}}, got); diff != "" {
		t.Errorf("signs of life (-want +got):\n%s", diff)
	}
	wantCode(t, w.TouchPipeds(ctx, make([]string, datastore.MaxPageSize+1), w.now), model.CodeInvalid)
}

func testWaitingCommands(t *testing.T, w *world) {
	ctx := t.Context()
	// Newer than what other tests add, of which there may be more than are returned.
	future := func(c *model.Command) { c.CreatedAt = w.now.AddDate(100, 0, 0) }
	mine := w.newCommand(future)
	foreign := w.newCommand(func(c *model.Command) { future(c); c.PipedID = w.other })
	handled := w.newCommand(func(c *model.Command) { future(c); c.Status = model.CommandSucceeded })
	for _, c := range []*model.Command{mine, foreign, handled} {
		must(t, w.AddCommand(ctx, c))
	}
	got, err := w.WaitingCommands(ctx)
	must(t, err)
	if got[mine.ID] != w.piped || got[foreign.ID] != w.other {
		t.Errorf("waiting are %v, want %s and %s among them", got, mine.ID, foreign.ID)
	}
	if _, ok := got[handled.ID]; ok {
		t.Error("an answered command waits")
	}
}

// testSignals is the only test of the suite that adds signals.
func testSignals(t *testing.T, w *world) {
	ctx := t.Context()
	start, err := w.LastSignal(ctx)
	must(t, err)
	me, other := model.NewID(), model.NewID()
	must(t, w.AddSignal(ctx, me, []string{"mine"}))
	must(t, w.AddSignal(ctx, other, []string{"list/😀", "b"}))
	got, err := w.ListSignals(ctx, start, me)
	must(t, err)
	if len(got) != 2 || got[0].ID <= start || got[1].ID <= got[0].ID {
		t.Fatalf("signals after %d are %+v", start, got)
	}
	want := []datastore.Signal{{ID: got[0].ID, Sender: me}, {ID: got[1].ID, Sender: other, Topics: []string{"list/😀", "b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signals (-want +got):\n%s", diff)
	}
	if last, err := w.LastSignal(ctx); err != nil || last != got[1].ID {
		t.Errorf("the last signal is %d (%v), want %d", last, err, got[1].ID)
	}
	rest, err := w.ListSignals(ctx, got[0].ID, other)
	must(t, err)
	if diff := cmp.Diff([]datastore.Signal{{ID: got[1].ID, Sender: other}}, rest); diff != "" {
		t.Errorf("signals after the first (-want +got):\n%s", diff)
	}
	must(t, w.ForgetSignals(ctx, time.Hour))
	if kept, err := w.ListSignals(ctx, start, me); err != nil || len(kept) != 2 {
		t.Errorf("young signals were forgotten: %v, %v", kept, err)
	}
	must(t, w.ForgetSignals(ctx, -time.Hour))
	kept, err := w.ListSignals(ctx, 0, me)
	must(t, err)
	if len(kept) != 1 || kept[0].ID != got[1].ID {
		t.Errorf("of old signals %+v was kept, want the last one", kept)
	}
	wantCode(t, w.AddSignal(ctx, me, nil), model.CodeInvalid)
	wantCode(t, w.AddSignal(ctx, "", []string{"x"}), model.CodeInvalid)
	wantCode(t, w.AddSignal(ctx, me, make([]string, datastore.MaxSignalTopics+1)), model.CodeInvalid)
	w.signalTogether(t)
}

// signalTogether adds signals at the same time: each has an id of its own and
// is read once.
func (w *world) signalTogether(t *testing.T) {
	t.Helper()
	const senders, each = 8, 20
	start, err := w.LastSignal(t.Context())
	must(t, err)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for i := range each {
				err := retried(t.Context(), func(ctx context.Context) error {
					return w.AddSignal(ctx, "sender", []string{strconv.Itoa(i)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := w.ListSignals(t.Context(), start, "")
	must(t, err)
	ids := map[int64]bool{}
	for _, s := range got {
		ids[s.ID] = true
	}
	if len(ids) != senders*each || len(got) != senders*each {
		t.Errorf("%d signals with %d ids, want %d", len(got), len(ids), senders*each)
	}
}

func testClock(t *testing.T, w *world) {
	before := time.Now()
	now, err := w.Now(t.Context())
	must(t, err)
	// The servers of this suite run on this machine.
	if early, late := before.Add(-time.Second), time.Now().Add(time.Second); now.Before(early) || now.After(late) {
		t.Errorf("the store's time is %v, this machine's %v", now, before)
	}
}
