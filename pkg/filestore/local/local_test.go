package local_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/filestoretest"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string) *local.Store {
	t.Helper()
	store, err := local.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	filestoretest.Run(t, func(t *testing.T) filestore.Store { t.Helper(); return open(t, filepath.Join(t.TempDir(), "a", "b")) })
}

func TestOneStoreForAll(t *testing.T) {
	t.Parallel()
	store := open(t, t.TempDir())
	filestoretest.Run(t, func(*testing.T) filestore.Store { return store })
}

func TestModesAndLeftovers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	store := open(t, dir)
	must(t, store.Put(t.Context(), "a/b", []byte("x")))
	must(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		must(t, err)
		info, err := entry.Info()
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, info.Mode())
		}
		return nil
	}))
	if entries, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(entries) > 0 {
		t.Errorf("left in tmp: %v, %v", entries, err)
	}

	// A killed process leaves its file; it is swept when it is old.
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "new": time.Minute} {
		path := filepath.Join(dir, "tmp", name)
		must(t, os.WriteFile(path, nil, 0o600))
		must(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}
	open(t, dir)
	entries, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if must(t, err); len(entries) != 1 || entries[0].Name() != "new" {
		t.Errorf("after opening, tmp has %v", entries)
	}
	must(t, store.Delete(t.Context(), "a/b"))
	if _, err := os.Stat(filepath.Join(dir, "objects", "a")); !os.IsNotExist(err) {
		t.Errorf("an empty directory is left: %v", err)
	}
}

// TestNothingLeadsOut: a symbolic link or a pipe somebody put there is no object.
func TestNothingLeadsOut(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	store := open(t, dir)
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
	must(t, os.Symlink(outside, filepath.Join(dir, "objects", "link")))
	must(t, os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "objects", "file")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "objects", "pipe"), 0o600))
	for _, path := range []string{"link/secret", "file", "pipe"} {
		if content, err := store.Get(t.Context(), path); err == nil {
			t.Errorf("%s gave %q", path, content)
		}
	}
	if err := store.Put(t.Context(), "link/new", []byte("x")); err == nil {
		t.Error("a file was written through a link")
	}
	if err := store.Delete(t.Context(), "link/secret"); err == nil {
		t.Error("a file was deleted through a link")
	}
	if _, err := os.Stat(filepath.Join(outside, "secret")); err != nil {
		t.Error(err)
	}
	if paths, err := store.List(t.Context(), "", "", 10); err != nil || len(paths) > 0 {
		t.Errorf("listed %v, %v", paths, err)
	}
	must(t, store.Put(t.Context(), "file", []byte("x"))) // replaces the link, not what it points to
	if content, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(content) != "secret" {
		t.Errorf("outside: %q, %v", content, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store := open(t, dir)
	must(t, store.Put(t.Context(), "a/b", nil))
	for _, path := range []string{"a", "a/b/c"} {
		if err := store.Put(t.Context(), path, nil); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("an object and a directory called %s: %v", path, err)
		}
	}
	must(t, os.Truncate(filepath.Join(dir, "objects", "a", "b"), filestore.MaxObjectSize+1))
	if _, err := store.Get(t.Context(), "a/b"); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("an oversized file: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(entries) > 0 {
		t.Errorf("failed writes left %v, %v", entries, err)
	}
	must(t, store.Close())
	for _, err := range []error{store.Put(t.Context(), "x", nil), store.Ping(t.Context()), store.Delete(t.Context(), "x")} {
		if model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("a closed store answers %v", err)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	for _, path := range []string{"", filepath.Join(dir, "file")} {
		if _, err := local.Open(path); model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("opening %q: %v", path, err)
		}
	}
}
