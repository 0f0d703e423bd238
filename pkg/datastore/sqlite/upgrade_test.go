package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// TestKindOfOldRows: the kind was a part of the document before it was a column.
func TestKindOfOldRows(t *testing.T) {
	t.Parallel()
	const before = 28
	path := filepath.Join(t.TempDir(), "db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	old, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("migrations"))
	must(t, err)
	_, err = old.UpTo(t.Context(), before)
	must(t, err)
	for _, insert := range []string{
		`INSERT INTO applications VALUES ('a', 'p', 'q', 'web', 0, 0, 0, NULL, 1, 1, '{"kind":5,"description":"old"}', 1)`,
		`INSERT INTO deployments VALUES ('d', 'p', 'q', 'a', 'web', 0, 0, 1, 1, '{"kind":5,"summary":"old"}', 1)`,
	} {
		_, err := db.ExecContext(t.Context(), insert)
		must(t, err)
	}
	must(t, db.Close())

	store := open(t, path)
	kinds := []model.ApplicationKind{model.KindECS}
	apps, _, err := store.ListApplications(t.Context(), datastore.ApplicationFilter{ProjectID: "p", Kinds: kinds}, datastore.Page{})
	must(t, err)
	deployments, _, err := store.ListDeployments(t.Context(), datastore.DeploymentFilter{ProjectID: "p", Kinds: kinds}, datastore.Page{})
	must(t, err)
	if len(apps) != 1 || apps[0].Kind != model.KindECS || apps[0].Description != "old" ||
		len(deployments) != 1 || deployments[0].Kind != model.KindECS || deployments[0].Summary != "old" {
		t.Errorf("got %v and %v", apps, deployments)
	}
}
