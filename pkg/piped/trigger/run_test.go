package trigger

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// memory is a repository without a disk or a network, for tests in which time
// stands still while nothing waits.
type memory struct {
	mu    sync.Mutex
	heads int // how often the head was asked for
	down  bool
	head  string
	trees map[string]map[string]string
}

func (m *memory) commit(hash string, files map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trees[hash] = merge(m.trees[m.head], files)
	m.head = hash
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memory) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heads
}

func (m *memory) Head(context.Context, git.Repository) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heads++
	if m.down {
		return "", model.Errorf(model.CodeUnavailable, "the remote does not answer")
	}
	return m.head, nil
}

func (m *memory) Fetch(context.Context, git.Repository, ...string) error { return nil }

func (m *memory) Commit(_ context.Context, _ git.Repository, hash string) (git.Commit, error) {
	return git.Commit{Hash: hash, Branch: "main"}, nil
}

func (m *memory) ChangedFiles(_ context.Context, _ git.Repository, from, to string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for name, text := range m.trees[to] {
		if old, ok := m.trees[from][name]; !ok || old != text {
			out = append(out, name)
		}
	}
	return out, nil
}

func (m *memory) Snapshot(_ context.Context, _ git.Repository, hash string) (git.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tree := fstest.MapFS{}
	for name, text := range m.trees[hash] {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return snapshot{tree, hash}, nil
}

type snapshot struct {
	fstest.MapFS

	hash string
}

func (s snapshot) Commit() git.Commit { return git.Commit{Hash: s.hash, Branch: "main"} }
func (snapshot) Close() error         { return nil }

// still runs f with a running Repository of one application, "a", in a bubble.
func still(t *testing.T, f func(t *testing.T, m *memory, cp *controlPlane, r *Repository)) {
	t.Helper()
	p := newProviders(t)
	synctest.Test(t, func(t *testing.T) {
		m := &memory{trees: map[string]map[string]string{}}
		m.commit("h0", appFiles("a", ""))
		cp := newControlPlane(app("a"))
		r := New(Options{
			Repository: git.Repository{ID: "main"}, Source: m, Applications: cp.Applications, Providers: p, ControlPlane: cp,
			PipedID: "p1", Interval: time.Minute, Logger: slog.New(slog.DiscardHandler), Created: func() {},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		synctest.Wait()
		f(t, m, cp, r)
		cancel()
		<-done
	})
}

func expect(t *testing.T, cp *controlPlane, want string) {
	t.Helper()
	synctest.Wait()
	if got := cp.take("h0", "h1", "h2"); got != want {
		t.Errorf("deployments %q, want %q", got, want)
	}
}

func TestRunLooksEveryInterval(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, _ *Repository) {
		t.Helper()
		expect(t, cp, "a@0") // at once when it starts
		m.commit("h1", touch("a", "1"))
		expect(t, cp, "")
		time.Sleep(time.Minute)
		expect(t, cp, "a@1")
		before := m.asked()
		time.Sleep(time.Hour)
		if n := m.asked() - before; n < 60 || n > 67 {
			t.Errorf("%d looks in an hour, want one in 54 s to a minute", n)
		}
		expect(t, cp, "")
	})
}

func TestPokeLooksNow(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, r *Repository) {
		t.Helper()
		expect(t, cp, "a@0")
		m.commit("h1", touch("a", "1"))
		r.Poke()
		r.Poke() // does not block
		expect(t, cp, "a@1")
	})
}

func TestRemoteIsDown(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, _ *Repository) {
		t.Helper()
		expect(t, cp, "a@0")
		m.setDown(true)
		m.commit("h1", touch("a", "1"))
		time.Sleep(time.Hour)
		expect(t, cp, "")
		m.setDown(false)
		time.Sleep(time.Minute)
		expect(t, cp, "a@1")
	})
}

// TestAFailedLookIsRepeatedSooner than the interval: the hint that asked for it
// does not come again.
func TestAFailedLookIsRepeatedSooner(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, r *Repository) {
		t.Helper()
		expect(t, cp, "a@0")
		m.commit("h1", touch("a", "1"))
		m.setDown(true)
		r.Poke()
		expect(t, cp, "")
		m.setDown(false)
		time.Sleep(30 * time.Second)
		expect(t, cp, "a@1")
		m.commit("h2", touch("a", "2"))
		time.Sleep(30 * time.Second)
		expect(t, cp, "") // it is the interval again
	})
}

func TestSyncWaitsForTheRemote(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, m *memory, cp *controlPlane, r *Repository) {
		t.Helper()
		expect(t, cp, "a@0")
		m.setDown(true)
		if !r.Sync(model.Command{ID: "c1", ApplicationID: "a"}) {
			t.Fatal("the command was not taken")
		}
		time.Sleep(10 * time.Minute)
		if h := cp.answer("c1"); h.Status != model.CommandNotHandled {
			t.Errorf("answered %s while the remote is down", h.Status)
		}
		m.setDown(false)
		time.Sleep(3 * time.Second) // a person waits: sooner than the interval
		expect(t, cp, "a@0")
		if h := cp.answer("c1"); h.Status != model.CommandSucceeded || h.Metadata[model.CommandMetadataDeploymentID] != model.DeploymentIDForCommand("a", "c1") {
			t.Errorf("got %+v", h)
		}
	})
}

func TestSyncWaitsForTheControlPlane(t *testing.T) {
	t.Parallel()
	still(t, func(t *testing.T, _ *memory, cp *controlPlane, r *Repository) {
		t.Helper()
		expect(t, cp, "a@0")
		for i, method := range []string{"CreateDeployment", "ReportMostRecentDeployment", "ReportCommandHandled"} {
			id := "c" + string(rune('0'+i))
			cp.fail(method, model.Errorf(model.CodeUnavailable, "down"))
			r.Sync(model.Command{ID: id, ApplicationID: "a"})
			time.Sleep(3 * time.Second)
			expect(t, cp, "a@0")
			if h := cp.answer(id); h.Status != model.CommandSucceeded {
				t.Errorf("%s: got %+v", method, h)
			}
		}
	})
}

func TestSyncQueueIsBounded(t *testing.T) {
	t.Parallel()

	r := New(Options{Logger: slog.New(slog.DiscardHandler)}) // nobody runs it
	taken := 0
	for taken < 10_000 && r.Sync(model.Command{}) {
		taken++
	}
	if taken == 0 || taken == 10_000 {
		t.Errorf("%d commands were taken", taken)
	}
}

// TestCommitsDuringADeployment: what the application's file says becomes of them.
func TestCommitsDuringADeployment(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct{ during, after string }{
		"QUEUE":     {"a@1", ""},
		"SUPERSEDE": {"a@1", ""},
		"IGNORE":    {"", "a@2"}, // the head of then
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			still(t, func(t *testing.T, m *memory, cp *controlPlane, _ *Repository) {
				t.Helper()
				expect(t, cp, "a@0")
				cp.deploying("a", true)
				m.commit("h1", appFiles("a", "whileDeploying: "+policy))
				time.Sleep(10 * time.Minute)
				expect(t, cp, want.during)
				if want.during == "" {
					m.commit("h2", touch("a", "2"))
					time.Sleep(10 * time.Minute)
					expect(t, cp, "")
				}
				cp.deploying("a", false)
				time.Sleep(time.Minute)
				expect(t, cp, want.after)
				if marked := cp.superseded; marked != (policy == "SUPERSEDE") {
					t.Errorf("the last deployment supersedes: %t", marked)
				}
			})
		})
	}
}
