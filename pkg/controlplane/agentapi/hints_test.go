package agentapi

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/model"
)

// hint is what an agent was told and when.
type hint struct {
	Repo string
	At   time.Duration
}

// TestHints: the first hint goes at once, a burst becomes one for each
// repository, and they are told to nobody who is not connected.
func TestHints(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer func() {
			if err := b.store.Close(); err != nil {
				t.Error(err)
			}
		}()
		b.caller.Piped.Repositories = []model.GitRepository{{ID: "shop", Branch: "main"}, {ID: "blog", Branch: "main"}, {ID: "old", Branch: "v1"}}
		b.service.interrupt = func(context.Context) {} // the agent ends the stream
		main := func(r model.GitRepository) bool { return r.Branch == "main" }
		shop := func(r model.GitRepository) bool { return r.ID == "shop" }
		none := func(model.GitRepository) bool { return false }
		tell := func(meant func(model.GitRepository) bool, want int) {
			t.Helper()
			if got := b.service.LookAt(meant); got != want {
				t.Errorf("%d agents were told, want %d", got, want)
			}
		}
		tell(main, 0)
		var got []hint
		began := time.Now()
		_, err := b.listen(
			func(w *wire) {
				w.hello("i")
				time.Sleep(time.Second)
				tell(none, 0)
				tell(shop, 1)
				for range 100 { // in 100 ms
					time.Sleep(time.Millisecond)
					tell(shop, 1)
				}
				tell(main, 1)
				time.Sleep(time.Second)
				tell(shop, 1)
				time.Sleep(time.Second)
				close(w.broken)
			},
			func(repo string) { got = append(got, hint{repo, time.Since(began)}) },
		)
		if err != nil {
			t.Errorf("the stream ended with %v", err)
		}
		want := []hint{
			{"shop", time.Second},
			{"blog", time.Second + hintInterval}, {"shop", time.Second + hintInterval},
			{"shop", 2*time.Second + 100*time.Millisecond},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("hints (-want +got):\n%s", diff)
		}
		tell(main, 0)
	})
}

// listen is run with an agent that tells which hints it gets. Nothing is heard
// after it returned.
func (b *bench) listen(act func(w *wire), heard func(repo string)) (time.Duration, error) {
	return b.serve(act, func(ctx context.Context, w *wire) {
		for {
			select {
			case m := <-w.toAgent:
				if h := m.GetRepository(); h != nil {
					heard(h.GetRepoId())
				}
			case <-ctx.Done():
				return
			}
		}
	})
}
