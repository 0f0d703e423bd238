package gittest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// mainBranch is the branch of a Harness's repository.
const mainBranch = "main"

// Harness is one fresh world for one test.
type Harness struct {
	// Source is the adapter under test. The harness closes it.
	Source git.Source
	// Repository exists at the far end and has no commit yet. Its branch is
	// mainBranch.
	Repository git.Repository
	// Remote changes the repository at the far end.
	Remote Remote
	// Reopen ends Source as a restart of the agent does and returns one that
	// finds what the other left on disk.
	Reopen func(t testing.TB) git.Source
}

type test = func(t *testing.T, h Harness)

// Run runs the suite. newHarness is called once for each test, in parallel.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	t.Helper()
	runAll(t, newHarness, transferTests())
	runAll(t, newHarness, map[string]test{
		"Commit":            testCommit,
		"CommitUnknown":     testCommitUnknown,
		"FetchConcurrently": testFetchConcurrently,
		"Branches":          testBranches,
		"ForcePushRestart":  testForcePushRestart,
		"ChangedFiles":      testChangedFiles,
		"ChangedUnknown":    testChangedUnknown,
		"SnapshotFS":        testSnapshotFS,
		"SnapshotImmutable": testSnapshotImmutable,
		"SnapshotRefuses":   testSnapshotRefuses,
		"SnapshotLargeFile": testSnapshotLargeFile,
		"SnapshotClosed":    testSnapshotClosed,
		"Find":              testFind,
		"HostileArguments":  testHostileArguments,
		"Cancelled":         testCancelled,
	})
}

// RunTransfer runs the part of the suite that depends on how bytes reach the
// far end, for an adapter that passes Run and has several ways.
func RunTransfer(t *testing.T, newHarness func(t *testing.T) Harness) {
	t.Helper()
	runAll(t, newHarness, transferTests())
}

func transferTests() map[string]test {
	return map[string]test{
		"Head":        testHead,
		"HeadMissing": testHeadMissing,
		"FetchCommit": testFetchCommit,
		"ForcePush":   testForcePush,
	}
}

func runAll(t *testing.T, newHarness func(t *testing.T) Harness, tests map[string]test) {
	t.Helper()
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, newHarness(t))
		})
	}
}

func testHead(t *testing.T, h Harness) {
	for _, content := range []string{"1", "2"} {
		want := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": content}})
		// Branches whose full names end in the same words.
		h.Remote.Commit(t, "x/main", Change{Write: map[string]string{"f": "x" + content}})
		h.Remote.Commit(t, "refs/heads/main", Change{Write: map[string]string{"f": "y" + content}})
		if got := head(t, h); got != want {
			t.Errorf("Head() = %s, want %s", got, want)
		}
	}
}

func testHeadMissing(t *testing.T, h Harness) {
	for _, situation := range []string{"empty repository", "other branch only"} {
		_, err := h.Source.Head(t.Context(), h.Repository)
		wantError(t, situation+": Head", err, model.CodeNotFound, `"main"`)
		err = h.Source.Fetch(t.Context(), h.Repository)
		wantError(t, situation+": Fetch", err, model.CodeNotFound, `"main"`)
		h.Remote.Commit(t, "other", Change{Write: map[string]string{"f": situation}})
	}
}

func testBranches(t *testing.T, h Harness) {
	first := h.Remote.Commit(t, "a", Change{Write: map[string]string{"f": "1"}})
	a, ab := h.Repository, h.Repository
	a.Branch, ab.Branch = "a", "a/b"
	fetch(t, h.Source, a)
	h.Remote.DeleteBranch(t, "a")
	second := h.Remote.Commit(t, "a/b", Change{Write: map[string]string{"f": "2"}})
	fetch(t, h.Source, ab)
	if _, err := h.Source.Head(t.Context(), a); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("Head of a deleted branch: error %v, want code not_found", err)
	}
	for repo, hash := range map[git.Repository]string{a: first, ab: second} {
		c, err := h.Source.Commit(t.Context(), repo, hash)
		if err != nil || c.Branch != repo.Branch {
			t.Errorf("Commit(%s) = %+v, %v", repo.Branch, c, err)
		}
	}
}

func testHostileArguments(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "1"}})
	fetch(t, h.Source, h.Repository)
	for _, bad := range []git.Repository{
		{ID: "r", Remote: "--upload-pack=false", Branch: mainBranch},
		{ID: "r", Remote: "ext::sh -c false", Branch: mainBranch},
		{ID: "r", Remote: "ssh://-oProxyCommand=false/r", Branch: mainBranch},
		{ID: "r", Remote: h.Repository.Remote, Branch: "--upload-pack=false"},
		{ID: "r", Remote: h.Repository.Remote, Branch: "*"},
		{},
	} {
		_, err := h.Source.Head(t.Context(), bad)
		wantError(t, "Head", err, model.CodeInvalid, "")
		wantError(t, "Fetch", h.Source.Fetch(t.Context(), bad), model.CodeInvalid, "")
		_, err = h.Source.Commit(t.Context(), bad, hash)
		wantError(t, "Commit", err, model.CodeInvalid, "")
		_, err = h.Source.ChangedFiles(t.Context(), bad, hash, hash)
		wantError(t, "ChangedFiles", err, model.CodeInvalid, "")
		_, err = h.Source.Snapshot(t.Context(), bad, hash)
		wantError(t, "Snapshot", err, model.CodeInvalid, "")
	}
	for _, bad := range []string{"", mainBranch, "HEAD", hash[:10], "--all", hash + "\n" + hash, strings.ToUpper(hash), hash + ":f"} {
		if bad == hash {
			continue // a hash of digits only
		}
		_, err := h.Source.Snapshot(t.Context(), h.Repository, bad)
		wantError(t, "Snapshot of "+bad, err, model.CodeInvalid, "")
		wantError(t, "Fetch of "+bad, h.Source.Fetch(t.Context(), h.Repository, bad), model.CodeInvalid, "")
	}
}

func testCancelled(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "1"}})
	cause := errors.New("the test said so")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := h.Source.Head(ctx, h.Repository); !errors.Is(err, cause) {
		t.Errorf("Head with a cancelled context: %v, want the cause in the chain", err)
	}
	if err := h.Source.Fetch(ctx, h.Repository); !errors.Is(err, cause) {
		t.Errorf("Fetch with a cancelled context: %v, want the cause in the chain", err)
	}
	fetch(t, h.Source, h.Repository)
	if _, err := h.Source.Commit(t.Context(), h.Repository, hash); err != nil {
		t.Errorf("Commit after a cancelled fetch: %v", err)
	}
}

func head(t *testing.T, h Harness) string {
	t.Helper()
	hash, err := h.Source.Head(t.Context(), h.Repository)
	if err != nil {
		t.Fatalf("Head: %v", err)
	}
	return hash
}

func fetch(t *testing.T, src git.Source, repo git.Repository, commits ...string) {
	t.Helper()
	if err := src.Fetch(t.Context(), repo, commits...); err != nil {
		t.Fatalf("Fetch: %v", err)
	}
}

func snapshot(t *testing.T, src git.Source, repo git.Repository, hash string) git.Snapshot {
	t.Helper()
	snap, err := src.Snapshot(t.Context(), repo, hash)
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	t.Cleanup(func() {
		if err := snap.Close(); err != nil {
			t.Errorf("closing the snapshot: %v", err)
		}
	})
	return snap
}

func wantError(t *testing.T, what string, err error, code model.Code, sentence string) {
	t.Helper()
	if err == nil || model.CodeOf(err) != code || !strings.Contains(err.Error(), sentence) {
		t.Errorf("%s: error %v, want code %s and %q", what, err, code, sentence)
	}
}

func wantUnknown(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, git.ErrUnknownCommit) || model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("%s: error %v, want ErrUnknownCommit with code not_found", what, err)
	}
}
