package sqldb_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqldb"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

func open(t *testing.T) *sqldb.Store {
	t.Helper()
	opened, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	must(t, err)
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	store, ok := opened.(*sqldb.Store)
	if !ok {
		t.Fatalf("the store is a %T", opened)
	}
	return store
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestStaleVersion: a row that was written since it was read is read again,
// and a bounded number of times. SQLite's single writer never comes to it;
// this stands in for a database with many.
func TestStaleVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the pauses between attempts cost nothing
		store := open(t)
		must(t, store.AddProject(t.Context(), &model.Project{ID: "p"}))
		for _, c := range []struct {
			others int // writes that come in between
			want   model.Code
		}{{0, ""}, {1, ""}, {5, ""}, {1000, model.CodeUnavailable}} {
			left, began := c.others, time.Now()
			err := store.DescribeProject(t.Context(), "p", strings.Repeat("x", c.others+1), func(tx *sql.Tx) error {
				if left == 0 {
					return nil
				}
				left--
				_, err := tx.ExecContext(t.Context(), "UPDATE projects SET version = version + 1 WHERE id = ?", "p")
				return err
			})
			if got := model.CodeOf(err); got != c.want {
				t.Errorf("%d others: error %v has code %q, want %q", c.others, err, got, c.want)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%d others: gave up after %v", c.others, took)
			}
		}
		got, err := store.GetProject(t.Context(), "p")
		must(t, err)
		if got.Description != strings.Repeat("x", 6) {
			t.Errorf("description %q", got.Description)
		}
	})
}

// TestPanickingRule: a rule that panics leaves no transaction open.
func TestPanickingRule(t *testing.T) {
	t.Parallel()
	store := open(t)
	must(t, store.AddProject(t.Context(), &model.Project{ID: "p"}))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, err := store.UpdateProject(t.Context(), "p", func(*model.Project) error { panic(errors.New("defect")) })
		t.Error(err)
	}()
	_, err := store.UpdateProject(t.Context(), "p", func(p *model.Project) error { p.Description = "x"; return nil })
	must(t, err)
}

// TestPageBytes: a page of large documents ends early.
func TestPageBytes(t *testing.T) {
	t.Parallel()
	store := open(t)
	const n, size = 6, 3 << 20
	for i := range n {
		must(t, store.AddProject(t.Context(), &model.Project{ID: string(rune('a' + i)), Description: strings.Repeat("x", size)}))
	}
	page, next, err := store.ListProjects(t.Context(), datastore.Page{Size: n})
	must(t, err)
	if len(page) != 3 || next == "" { // the third goes over 8 MiB
		t.Errorf("%d rows of %d bytes, cursor %q", len(page), size, next)
	}
}
