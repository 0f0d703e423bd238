package sqlite_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/datastoretest"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		writeUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, path string) datastore.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
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

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]func(*testing.T) string{
		"File":   func(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "db.sqlite") },
		"Memory": func(*testing.T) string { return sqlite.Memory },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			datastoretest.Run(t, func(t *testing.T) datastore.Store { t.Helper(); return open(t, path(t)) })
		})
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	datastoretest.RunTransfer(t, func(t *testing.T) (datastore.Store, func() (datastore.Store, error)) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "db")
		return open(t, path), func() (datastore.Store, error) {
			return sqlite.Open(t.Context(), sqlite.Options{Path: path})
		}
	})
}

// TestOneStoreForAll runs the suite on one store, as adapters of a server do.
func TestOneStoreForAll(t *testing.T) {
	t.Parallel()
	store := open(t, filepath.Join(t.TempDir(), "db.sqlite"))
	datastoretest.Run(t, func(*testing.T) datastore.Store { return store })
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain.db", "dir/other dir/db.sqlite", "a?b#c%20d&e=f", "file:x", "日本語.db"} {
		path := filepath.Join(t.TempDir(), name)
		must(t, open(t, path).AddProject(t.Context(), &model.Project{ID: "p"}))
		info, err := os.Stat(path)
		if err != nil {
			t.Fatalf("the database is not where it was asked for: %v", err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %v", name, info.Mode())
		}
	}
	for _, path := range []string{"", t.TempDir(), "/proc/nope/db"} {
		if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil {
			t.Errorf("path %q was opened", path)
		}
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	store := open(t, path)
	must(t, store.AddProject(t.Context(), &model.Project{ID: "p"}))
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if model.CodeOf(err) != model.CodeUnavailable || !strings.Contains(err.Error(), "in use by another pipecd process") {
		t.Errorf("opened a second time: %v", err)
	}
	must(t, store.Close())
	must(t, store.Close())
	for _, err := range []error{store.Ping(t.Context()), store.AddProject(t.Context(), &model.Project{ID: "q"}), store.TouchPiped(t.Context(), "x", time.Now())} {
		if model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("a closed store answers %v", err)
		}
	}
	if _, err := open(t, path).GetProject(t.Context(), "p"); err != nil {
		t.Error(err)
	}
}

func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	must(t, open(t, path).Close())
	execSQL(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if model.CodeOf(err) != model.CodeFailedPrecondition || !strings.Contains(err.Error(), "newer pipecd") {
		t.Errorf("a newer database: %v", err)
	}
}

// TestMigrations: a step that fails halfway must not leave a half behind, so
// each has one statement; and there is no way back.
func TestMigrations(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("migrations")
	must(t, err)
	for i, entry := range entries {
		content, err := os.ReadFile(filepath.Join("migrations", entry.Name()))
		must(t, err)
		body, up := strings.CutPrefix(string(content), "-- +goose Up\n")
		if !up || strings.Count(body, ";") != 1 || strings.Contains(body, "-- +goose") {
			t.Errorf("%s is not one statement upwards", entry.Name())
		}
		if want := fmt.Sprintf("%05d_", i+1); !strings.HasPrefix(entry.Name(), want) {
			t.Errorf("%s should begin with %s", entry.Name(), want)
		}
	}
}

func TestDamagedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	must(t, os.WriteFile(path, []byte(strings.Repeat("this is no database ", 1000)), 0o600))
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if model.CodeOf(err) != model.CodeFailedPrecondition || !strings.Contains(err.Error(), path) {
		t.Errorf("no database: %v", err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Options{Path: path}) // the lock was given back
	if model.CodeOf(err) != model.CodeFailedPrecondition {
		t.Errorf("no database, again: %v", err)
	}
}

// TestBubble: in memory and on disk the store lives in virtual time, leases
// included, and leaves nothing behind that would keep the bubble from ending.
func TestBubble(t *testing.T) {
	t.Parallel()
	for _, path := range []string{sqlite.Memory, filepath.Join(t.TempDir(), "db")} {
		synctest.Test(t, func(t *testing.T) {
			store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
			must(t, err)
			defer func() { must(t, store.Close()) }()
			synctest.Wait()
			request := func(id string) datastore.LeaseRequest {
				return datastore.LeaseRequest{InstanceID: id, TTL: time.Hour}
			}
			acquire := func(id string) (model.Lease, bool) {
				lease, granted, err := store.AcquireLease(t.Context(), "piped", request(id))
				must(t, err)
				return lease, granted
			}
			first, _ := acquire("a")
			if want := time.Now().Add(time.Hour); !first.ExpiresAt.Equal(want) {
				t.Errorf("the lease ends at %v, want %v", first.ExpiresAt, want)
			}
			time.Sleep(time.Hour - time.Microsecond)
			if _, granted := acquire("b"); granted {
				t.Error("the lease was granted before its end")
			}
			time.Sleep(time.Microsecond)
			must(t, store.RenewLease(t.Context(), model.Fence{PipedID: "piped", Epoch: first.Epoch}, time.Hour)) // expired, but nobody took it
			if _, granted := acquire("b"); granted {
				t.Error("a renewed lease was granted to another")
			}
			time.Sleep(time.Hour)
			if second, granted := acquire("b"); !granted || second.Epoch != first.Epoch+1 {
				t.Errorf("after the end: %+v, granted %t", second, granted)
			}
			done := make(chan error)
			for range 50 { // contend for the writer inside the bubble
				go func() {
					_, err := store.UpdateProject(t.Context(), "p", func(*model.Project) error { return nil })
					done <- err
				}()
			}
			for range 50 {
				if err := <-done; model.CodeOf(err) != model.CodeNotFound {
					t.Error(err)
				}
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
