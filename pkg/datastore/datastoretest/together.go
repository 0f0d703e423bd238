package datastoretest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// testTogether: many writes at once, of which some are refused, some are given
// up and one panics. Each has its own outcome, and only those that succeeded are
// stored.
func testTogether(t *testing.T, w *world) {
	const n = 96
	refusal := errors.New("refused by the rule")
	lease, _, err := w.AcquireLease(t.Context(), w.piped, leaseFor("one"))
	must(t, err)
	fence := model.Fence{PipedID: w.piped, Epoch: lease.Epoch}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = w.addDeployment(t, nil).ID
	}
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	errs, panics := make([]error, n), make([]any, n)
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() {
			defer func() { panics[i] = recover() }()
			ctx, f := t.Context(), fence //nolint:contextcheck // one of the cases has another, which has ended
			switch i % 6 {
			case 1:
				f.Epoch++
			case 2:
				ctx = given
			case 3:
				id = "nobody"
			}
			_, errs[i] = w.UpdateDeployment(ctx, f, id, func(d *model.Deployment) error {
				d.Summary = fmt.Sprint("written by ", i)
				switch i % 6 {
				case 4:
					return refusal
				case 5:
					panic(i)
				}
				return nil
			})
		})
	}
	all.Wait()
	for i, id := range ids {
		d, err := w.GetDeployment(t.Context(), id)
		must(t, err)
		if want := i%6 == 0; (d.Summary != "") != want {
			t.Errorf("write %d: the summary is %q", i, d.Summary)
		}
		wantOutcome(t, i, errs[i], refusal)
		if got := panics[i]; (got != nil) != (i%6 == 5) || got != nil && got != i {
			t.Errorf("write %d panicked with %v", i, got)
		}
	}
}

// wantOutcome looks at the error of a write that was made or refused.
func wantOutcome(t *testing.T, i int, err, refusal error) {
	t.Helper()
	switch i % 6 {
	case 0:
		must(t, err)
	case 1:
		wantCode(t, err, model.CodeFenced)
	case 2:
		wantCode(t, err, model.CodeUnavailable)
	case 3:
		wantCode(t, err, model.CodeNotFound)
	case 4:
		if !errors.Is(err, refusal) {
			t.Errorf("write %d: %v, want %v", i, err, refusal)
		}
	}
}

// testTogetherOneIsFirst: of many that create the same thing at once, one does.
func testTogetherOneIsFirst(t *testing.T, w *world) {
	const n = 40
	d := w.newDeployment(nil)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			one := d.Clone()
			one.Summary = strconv.Itoa(i)
			errs[i] = w.CreateDeployment(t.Context(), model.Fence{}, one)
		})
	}
	all.Wait()
	stored, err := w.GetDeployment(t.Context(), d.ID)
	must(t, err)
	for i, err := range errs {
		if stored.Summary == strconv.Itoa(i) {
			must(t, err)
		} else {
			wantCode(t, err, model.CodeAlreadyExists)
		}
	}
}

func leaseFor(instance string) datastore.LeaseRequest {
	const ttl = 1 << 40 // longer than any test
	return datastore.LeaseRequest{InstanceID: instance, Host: "host", TTL: ttl}
}
