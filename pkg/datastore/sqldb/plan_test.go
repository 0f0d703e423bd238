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

// migrated returns the database behind an empty store.
func migrated(t *testing.T) *sql.DB {
	t.Helper()
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
	return db
}

// TestLooksReadIndexes: what is asked again and again, or for many at once,
// touches nothing that it does not need.
func TestLooksReadIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	for name, query := range sqldb.LookQueries() {
		plan := explain(t, db, query)
		for _, line := range plan {
			if strings.HasPrefix(line, "SCAN") && !strings.HasPrefix(line, "SCAN n") || strings.Contains(line, "AUTOMATIC") || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s\n%s", name, line, strings.Join(plan, "\n"))
			}
		}
		if strings.HasPrefix(name, "covered") && !strings.Contains(strings.Join(plan, "\n"), "COVERING INDEX") {
			t.Errorf("%s reads rows:\n%s", name, strings.Join(plan, "\n"))
		}
	}
}

// TestPagesReadIndexes: the keys of a page are found in the order of an index,
// without a table scan and without sorting more than the page.
func TestPagesReadIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	off, some := false, []model.SyncStatus{model.SyncSynced, model.SyncOutOfSync}
	labels := map[string]string{"env": "prod", "team": "a"}
	statuses := []model.DeploymentStatus{model.DeploymentRunning, model.DeploymentSuccess}
	for name, query := range sqldb.PageQueries(map[string]datastore.ApplicationFilter{
		"all":         {},
		"project":     {ProjectID: "p"},
		"piped":       {ProjectID: "p", PipedID: "q"},
		"name":        {ProjectID: "p", NamePart: "n"},
		"sync status": {ProjectID: "p", SyncStatuses: some[:1]},
		"statuses":    {ProjectID: "p", SyncStatuses: some},
		"kinds":       {ProjectID: "p", Kinds: []model.ApplicationKind{model.KindECS, model.KindLambda}},
		"disabled":    {ProjectID: "p", Disabled: &off},
		"label":       {ProjectID: "p", Labels: map[string]string{"env": "prod"}},
		"labels":      {ProjectID: "p", Labels: labels},
		"everything":  {ProjectID: "p", Labels: labels, Disabled: &off, SyncStatuses: some, NamePart: "n", PipedID: "q"},
	}, map[string]datastore.DeploymentFilter{
		"all":              {},
		"project":          {ProjectID: "p"},
		"piped":            {ProjectID: "p", PipedID: "q"},
		"application":      {ProjectID: "p", ApplicationID: "a"},
		"application name": {ProjectID: "p", ApplicationNamePart: "n"},
		"kinds":            {ProjectID: "p", Kinds: []model.ApplicationKind{model.KindECS, model.KindLambda}},
		"kind and status":  {ProjectID: "p", Kinds: []model.ApplicationKind{model.KindECS}, Statuses: statuses[:1]},
		"status":           {ProjectID: "p", Statuses: statuses[:1]},
		"name of statuses": {ProjectID: "p", ApplicationNamePart: "n", Statuses: statuses},
		"statuses":         {ProjectID: "p", Statuses: statuses},
		"piped statuses":   {ProjectID: "p", PipedID: "q", Statuses: statuses},
		"label":            {ProjectID: "p", Labels: map[string]string{"env": "prod"}},
		"everything":       {ProjectID: "p", PipedID: "q", ApplicationID: "a", ApplicationNamePart: "n", Statuses: statuses, Labels: labels},
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
	if ranges := 1 + strings.Count(query.SQL, "UNION ALL"); ranges > 1 {
		most += ranges // and the keys of each of several ranges, of which no more are read than a page has
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
