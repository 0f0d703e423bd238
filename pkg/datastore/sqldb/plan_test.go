package sqldb_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqldb"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// TestPagesReadIndexes: the keys of a page are found in the order of an index,
// without a table scan and without sorting more than the page.
func TestPagesReadIndexes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})

	synced, off := model.SyncSynced, false
	labels := map[string]string{"env": "prod", "team": "a"}
	statuses := []model.DeploymentStatus{model.DeploymentRunning, model.DeploymentSuccess}
	for name, query := range sqldb.PageQueries(map[string]datastore.ApplicationFilter{
		"all":         {},
		"project":     {ProjectID: "p"},
		"piped":       {ProjectID: "p", PipedID: "q"},
		"name":        {ProjectID: "p", Name: "n"},
		"sync status": {ProjectID: "p", SyncStatus: &synced},
		"disabled":    {ProjectID: "p", Disabled: &off},
		"label":       {ProjectID: "p", Labels: map[string]string{"env": "prod"}},
		"labels":      {ProjectID: "p", Labels: labels},
		"everything":  {ProjectID: "p", Labels: labels, Disabled: &off, SyncStatus: &synced, Name: "n", PipedID: "q"},
	}, map[string]datastore.DeploymentFilter{
		"all":              {},
		"project":          {ProjectID: "p"},
		"piped":            {ProjectID: "p", PipedID: "q"},
		"application":      {ProjectID: "p", ApplicationID: "a"},
		"application name": {ProjectID: "p", ApplicationName: "n"},
		"statuses":         {ProjectID: "p", Statuses: statuses},
		"piped statuses":   {ProjectID: "p", PipedID: "q", Statuses: statuses},
		"label":            {ProjectID: "p", Labels: map[string]string{"env": "prod"}},
		"everything":       {ProjectID: "p", PipedID: "q", ApplicationID: "a", ApplicationName: "n", Statuses: statuses, Labels: labels},
	}) {
		checkPlan(t, name, query, explain(t, db, query))
	}
}

func checkPlan(t *testing.T, name string, query sqldb.Query, plan []string) {
	t.Helper()
	for _, line := range plan {
		scans := strings.HasPrefix(line, "SCAN t") || strings.HasPrefix(line, "SCAN l") || strings.HasPrefix(line, "SCAN x")
		if scans || strings.Contains(line, "AUTOMATIC") {
			t.Errorf("%s: %s\n%s", name, line, strings.Join(plan, "\n"))
		}
	}
	most := 1 // the page itself may be sorted,
	if strings.Contains(query.SQL, "UNION ALL") {
		most = 2 // and the keys of several ranges
	}
	if n := strings.Count(strings.Join(plan, "\n"), "USE TEMP B-TREE"); n > most {
		t.Errorf("%s sorts %d times:\n%s\n%s", name, n, strings.Join(plan, "\n"), query.SQL)
	}
}

func explain(t *testing.T, db *sql.DB, q sqldb.Query) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q.SQL, q.Args...)
	if err != nil {
		t.Fatalf("%v: %s", err, q.SQL)
	}
	t.Cleanup(func() {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	})
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}
