package gittest

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/git"
)

// nowhere is a hash no repository has.
const nowhere = "1234567890123456789012345678901234567890"

func testCommit(t *testing.T, h Harness) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	hash := h.Remote.Commit(t, mainBranch, Change{
		Message: "Ship ün grün\n\nBody <with> \"signs\".\n", At: at, Write: map[string]string{"f": "1"},
	})
	fetch(t, h.Source, h.Repository)
	got, err := h.Source.Commit(t.Context(), h.Repository, hash)
	if err != nil {
		t.Fatal(err)
	}
	want := git.Commit{Hash: hash, Message: "Ship ün grün\n\nBody <with> \"signs\".", Author: Author, CreatedAt: at, Branch: mainBranch}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Commit() differs (-want +got):\n%s", diff)
	}
	long := h.Remote.Commit(t, mainBranch, Change{Message: strings.Repeat("long ", 40_000), Write: map[string]string{"f": "2"}})
	fetch(t, h.Source, h.Repository)
	got, err = h.Source.Commit(t.Context(), h.Repository, long)
	if err != nil || got.Message == "" || len(got.Message) > 64<<10 {
		t.Errorf("a long message came back with %d bytes, error %v", len(got.Message), err)
	}
}

func testCommitUnknown(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "1"}})
	_, err := h.Source.Commit(t.Context(), h.Repository, hash)
	wantUnknown(t, "Commit before any fetch", err)
	_, err = h.Source.Snapshot(t.Context(), h.Repository, hash)
	wantUnknown(t, "Snapshot before any fetch", err)
	fetch(t, h.Source, h.Repository)
	for _, unknown := range []string{nowhere, strings.Repeat("5", 40), strings.Repeat("5", 64)} {
		_, err = h.Source.Commit(t.Context(), h.Repository, unknown)
		wantUnknown(t, "Commit", err)
		_, err = h.Source.Snapshot(t.Context(), h.Repository, unknown)
		wantUnknown(t, "Snapshot", err)
	}
	if _, err = h.Source.Commit(t.Context(), h.Repository, hash); err != nil {
		t.Errorf("a known commit after unknown ones: %v", err)
	}
}

func testFetchCommit(t *testing.T, h Harness) {
	old := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "1"}})
	h.Remote.Commit(t, mainBranch, Change{Orphan: true, Write: map[string]string{"f": "2"}})
	fetch(t, h.Source, h.Repository)
	_, err := h.Source.Commit(t.Context(), h.Repository, old)
	wantUnknown(t, "Commit pushed away before the first fetch", err)
	fetch(t, h.Source, h.Repository, old)
	if b, err := snapshot(t, h.Source, h.Repository, old).ReadFile("f"); err != nil || string(b) != "1" {
		t.Errorf("a commit fetched by hash has f = %q, %v", b, err)
	}
	tip := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "3"}})
	wantUnknown(t, "Fetch of a commit that is nowhere", h.Source.Fetch(t.Context(), h.Repository, old, nowhere))
	if _, err := h.Source.Commit(t.Context(), h.Repository, tip); err != nil {
		t.Errorf("the branch was not fetched beside an unknown commit: %v", err)
	}
}

// testFetchConcurrently: whoever calls Fetch after a push sees that push.
func testFetchConcurrently(t *testing.T, h Harness) {
	h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "0"}})
	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() {
			hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": strconv.Itoa(i)}})
			if err := h.Source.Fetch(t.Context(), h.Repository); err != nil {
				t.Errorf("Fetch: %v", err)
			}
			if _, err := h.Source.Commit(t.Context(), h.Repository, hash); err != nil {
				t.Errorf("a commit pushed before Fetch is not there after it: %v", err)
			}
		})
	}
	callers.Wait()
}

func testForcePush(t *testing.T, h Harness) {
	old := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "old", "g": "same"}})
	fetch(t, h.Source, h.Repository)
	forced := h.Remote.Commit(t, mainBranch, Change{Orphan: true, Write: map[string]string{"f": "new", "g": "same"}})
	fetch(t, h.Source, h.Repository)
	wantBoth(t, h.Source, h.Repository, old, forced)
	h.Remote.Push(t, mainBranch, old)
	fetch(t, h.Source, h.Repository)
	wantBoth(t, h.Source, h.Repository, old, forced)
	if got := head(t, h); got != old {
		t.Errorf("Head() = %s, want %s", got, old)
	}
}

func testForcePushRestart(t *testing.T, h Harness) {
	old := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "old", "g": "same"}})
	fetch(t, h.Source, h.Repository)
	forced := h.Remote.Commit(t, mainBranch, Change{Orphan: true, Write: map[string]string{"f": "new", "g": "same"}})
	fetch(t, h.Source, h.Repository)
	if far, ok := h.Remote.(interface{ Forget(t testing.TB) }); ok {
		far.Forget(t)
	}
	src := h.Reopen(t)
	wantBoth(t, src, h.Repository, old, forced)
	fetch(t, src, h.Repository, old)
	wantBoth(t, src, h.Repository, old, forced)
	if _, err := h.Source.Head(t.Context(), h.Repository); err == nil && src != h.Source {
		t.Error("the closed source still answers")
	}
}

func wantBoth(t *testing.T, src git.Source, repo git.Repository, old, forced string) {
	t.Helper()
	for hash, want := range map[string]string{old: "old", forced: "new"} {
		if b, err := snapshot(t, src, repo, hash).ReadFile("f"); err != nil || string(b) != want {
			t.Errorf("f at %s = %q, %v; want %q", hash, b, err, want)
		}
	}
	paths, err := src.ChangedFiles(t.Context(), repo, old, forced)
	if diff := cmp.Diff([]string{"f"}, paths); diff != "" || err != nil {
		t.Errorf("ChangedFiles over unrelated histories: %v (-want +got):\n%s", err, diff)
	}
}

func testChangedUnknown(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "1"}})
	fetch(t, h.Source, h.Repository)
	for _, pair := range [][2]string{{nowhere, hash}, {hash, nowhere}, {nowhere, nowhere}} {
		_, err := h.Source.ChangedFiles(t.Context(), h.Repository, pair[0], pair[1])
		wantUnknown(t, "ChangedFiles", err)
	}
	if _, err := h.Source.ChangedFiles(t.Context(), h.Repository, hash, hash); err != nil || errors.Is(err, git.ErrUnknownCommit) {
		t.Errorf("ChangedFiles of a commit with itself: %v", err)
	}
}

func testChangedFiles(t *testing.T, h Harness) {
	submodule := map[string]string{"mod": "one"}
	steps := []struct {
		name   string
		change Change
		want   []string
	}{
		{"first", Change{Write: map[string]string{"a/b/c": "1", "a/b/d": "1", "ab": "1", "a.x": "1", "z": "1"}, Submodule: submodule}, nil},
		{"nothing", Change{}, nil},
		{"modified", Change{Write: map[string]string{"a/b/c": "2"}}, []string{"a/b/c"}},
		{"added", Change{Write: map[string]string{"a/n/e/w": "1"}}, []string{"a/n/e/w"}},
		{"removed directory", Change{Remove: []string{"a/n"}}, []string{"a/n/e/w"}},
		{"renamed", Change{Remove: []string{"ab"}, Write: map[string]string{"moved/ab": "1"}}, []string{"ab", "moved/ab"}},
		{"file becomes directory", Change{Remove: []string{"z"}, Write: map[string]string{"z/z": "1"}}, []string{"z", "z/z"}},
		{"directory becomes file", Change{Remove: []string{"a"}, Write: map[string]string{"a": "1"}}, []string{"a", "a/b/c", "a/b/d"}},
		{"file becomes link", Change{Link: map[string]string{"a.x": "z/z"}}, []string{"a.x"}},
		{"submodule moved", Change{Submodule: map[string]string{"mod": "two"}}, []string{"mod"}},
		{
			"odd names", Change{Write: map[string]string{"sp ace/q\"uote": "1", "new\nline": "1", "tab\t/ü": "1", "-dash": "1", ":(glob)*": "1", "\xff": "1"}},
			[]string{"-dash", ":(glob)*", "new\nline", "sp ace/q\"uote", "tab\t/ü", "\xff"},
		},
	}
	hashes := make([]string, len(steps))
	for i, step := range steps {
		hashes[i] = h.Remote.Commit(t, mainBranch, step.change)
	}
	fetch(t, h.Source, h.Repository)
	for i := 1; i < len(steps); i++ {
		for _, pair := range [][2]string{{hashes[i-1], hashes[i]}, {hashes[i], hashes[i-1]}} {
			got, err := h.Source.ChangedFiles(t.Context(), h.Repository, pair[0], pair[1])
			if err != nil {
				t.Errorf("%s: %v", steps[i].name, err)
			}
			if diff := cmp.Diff(steps[i].want, got); diff != "" {
				t.Errorf("%s: ChangedFiles() differs (-want +got):\n%s", steps[i].name, diff)
			}
		}
	}
}
