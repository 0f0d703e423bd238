package sqldb

import (
	"context"
	"database/sql"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// PageQueries returns the queries behind the second pages of the port's lists,
// for tests that look at how a database runs them.
func PageQueries(
	applicationFilters map[string]datastore.ApplicationFilter, deploymentFilters map[string]datastore.DeploymentFilter,
) map[string]Query {
	page := datastore.Page{}
	queries := map[string]Query{
		"pipeds":    pageQuery(pipeds(), pipedListing("p", page)),
		"open":      pageQuery(deployments(), openListing("p", page)),
		"commands":  pageQuery(commands(), unhandledListing("p")),
		"forgotten": pageQuery(commands(), forgottenListing(time.Unix(1, 0))),
	}
	handled := model.EventSuccess
	for name, f := range map[string]datastore.EventFilter{
		"of project": {ProjectID: "p"}, "of status": {ProjectID: "p", Status: &handled},
		"of time": {ProjectID: "p", From: time.Unix(1, 0), To: time.Unix(2, 0), Ascending: true},
	} {
		queries["events "+name] = pageQuery(events(), eventListing(f, page))
	}
	queries["latest event"] = pageQuery(events(), latestEventListing("p", "k"))
	queries["chains"] = pageQuery(chains(), chainListing("p", page))
	for name, f := range applicationFilters {
		queries["applications "+name] = pageQuery(applications(), applicationListing(f, page))
	}
	for name, f := range deploymentFilters {
		queries["deployments "+name] = pageQuery(deployments(), deploymentListing(f, page))
	}
	return queries
}

// LookQueries returns the queries that count and that look for changes, for
// tests like those of PageQueries.
func LookQueries() map[string]Query {
	queries := map[string]Query{}
	add := func(name string, q query, err error) {
		if err != nil {
			panic(err) // fails the test that asked
		}
		queries[name] = Query{q.sql, q.args}
	}
	for _, noun := range []datastore.Noun{datastore.NounApplication, datastore.NounDeployment, datastore.NounPiped, datastore.NounCommand} {
		q, err := revisionQuery(noun, []string{"a", "b"})
		add("revisions of "+string(noun), q, err)
	}
	for _, noun := range []datastore.Noun{datastore.NounApplication, datastore.NounDeployment, datastore.NounPiped} {
		q, err := listRevisionQuery(noun, "p", 1)
		name := "covered list of " + string(noun)
		if noun == datastore.NounPiped {
			name = "list of piped"
		}
		add(name, q, err)
	}
	add("waiting commands", waitingQuery(), nil)
	add("signals", signalsQuery(1, "s"), nil)
	add("covered count", applicationCount(datastore.ApplicationFilter{ProjectID: "p"}), nil)
	add("covered count by piped", applicationsOf([]string{"a", "b"}), nil)
	return queries
}

// Query is a statement with its arguments.
type Query struct {
	SQL  string
	Args []any
}

func pageQuery[M, R any](e *entity[M, R], l listing) Query {
	query, args := e.pageQuery(pageRead{listing: l, size: datastore.DefaultPageSize, after: &position{At: 1, Key: "k"}})
	return Query{query, args}
}

// DescribeProject sets a project's description by compare-and-set and calls
// between after the row was read and before it is written.
func (s *Store) DescribeProject(ctx context.Context, id, description string, between func(*sql.Tx) error) error {
	return s.write(ctx, "describing project "+id, func(tx *sql.Tx) error {
		before, version, err := projects().read(ctx, tx, id)
		if err != nil {
			return err
		}
		value, err := projectToModel(before)
		if err != nil {
			return err
		}
		value.Description = description
		after, err := projectToRow(value)
		if err != nil {
			return err
		}
		if err := between(tx); err != nil {
			return err
		}
		return projects().compareAndSet(ctx, s, tx, versioned[projectRow]{before, after, version})
	})
}

// MovedColumns returns the columns of the tables that an export has.
func MovedColumns() map[string][]string {
	tables := make(map[string][]string)
	for _, t := range movedTables() {
		tables[t.name] = t.columns
	}
	return tables
}
