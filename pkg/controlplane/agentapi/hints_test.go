package agentapi

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/controlplane/notify"
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
		b.caller.Piped.Repositories = []model.GitRepository{{ID: "shop", Remote: "git@example.com:a/shop", Branch: "main"}, {ID: "blog", Remote: "https://example.com/a/blog"}, {ID: "old", Remote: "git@example.com:a/shop", Branch: "v1"}}
		b.service.interrupt = func(context.Context) {} // the agent ends the stream
		shop, blog, none := notify.Push("example.com/a/shop", "main"), notify.Push("example.com/a/blog", ""), notify.Push("example.com/a/shop", "v2")
		tell := func(want int, topics ...notify.Topic) {
			t.Helper()
			if got := b.service.hub.Watching(topics...); got != want {
				t.Errorf("%d agents listen, want %d", got, want)
			}
			b.service.hub.Notify(topics...)
		}
		tell(0, shop, blog)
		var got []hint
		began := time.Now()
		_, err := b.listen(
			func(w *wire) {
				w.hello("i")
				time.Sleep(time.Second)
				tell(0, none)
				tell(1, shop)
				for range 100 { // in 100 ms
					time.Sleep(time.Millisecond)
					tell(1, shop)
				}
				tell(1, shop, blog)
				time.Sleep(time.Second)
				tell(1, shop)
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
		tell(0, shop, blog)
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
