package gitcli_test

import (
	"fmt"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
)

// benchRepository has 200 applications and two commits that differ in one file.
func benchRepository(b *testing.B) (src *gitcli.Source, repo git.Repository, from, to string) {
	b.Helper()
	bare := gittest.NewBare(b)
	files := make(map[string]string)
	for app := range 200 {
		for _, name := range []string{"app.pipecd.yaml", "servicedef.yaml", "taskdef.yaml"} {
			files[fmt.Sprintf("apps/team-%d/app-%d/%s", app%10, app, name)] = fmt.Sprintf("kind: %d\n", app)
		}
	}
	from = bare.Commit(b, "main", gittest.Change{Write: files})
	to = bare.Commit(b, "main", gittest.Change{Write: map[string]string{"apps/team-3/app-33/taskdef.yaml": "new"}})
	src = open(b, gitcli.Options{})
	repo = git.Repository{ID: "bench", Remote: bare.Path, Branch: "main"}
	if err := src.Fetch(b.Context(), repo); err != nil {
		b.Fatal(err)
	}
	return src, repo, from, to
}

func BenchmarkHead(b *testing.B) {
	src, repo, _, _ := benchRepository(b)
	for b.Loop() {
		if _, err := src.Head(b.Context(), repo); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchUnchanged(b *testing.B) {
	src, repo, _, _ := benchRepository(b)
	for b.Loop() {
		if err := src.Fetch(b.Context(), repo); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChangedFiles(b *testing.B) {
	src, repo, from, to := benchRepository(b)
	for b.Loop() {
		if paths, err := src.ChangedFiles(b.Context(), repo, from, to); err != nil || len(paths) != 1 {
			b.Fatal(paths, err)
		}
	}
}

// BenchmarkSnapshot opens a commit and reads the three files of an application.
func BenchmarkSnapshot(b *testing.B) {
	src, repo, _, to := benchRepository(b)
	for b.Loop() {
		snap, err := src.Snapshot(b.Context(), repo, to)
		if err != nil {
			b.Fatal(err)
		}
		for _, name := range []string{"app.pipecd.yaml", "servicedef.yaml", "taskdef.yaml"} {
			if _, err := snap.ReadFile("apps/team-3/app-33/" + name); err != nil {
				b.Fatal(err)
			}
		}
		if err := snap.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFind looks for the applications of a whole repository.
func BenchmarkFind(b *testing.B) {
	src, repo, _, to := benchRepository(b)
	for b.Loop() {
		snap, err := src.Snapshot(b.Context(), repo, to)
		if err != nil {
			b.Fatal(err)
		}
		if found, err := git.Find(b.Context(), snap, ".", ".pipecd.yaml"); err != nil || len(found) != 200 {
			b.Fatal(len(found), err)
		}
		if err := snap.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
