package sqldb

import (
	"context"
	"database/sql"

	"pipecd/pkg/datastore"
)

// PageQueries returns the queries behind the second pages of the port's lists,
// for tests that look at how a database runs them.
func PageQueries(
	applicationFilters map[string]datastore.ApplicationFilter, deploymentFilters map[string]datastore.DeploymentFilter,
) map[string]Query {
	page := datastore.Page{}
	queries := map[string]Query{
		"pipeds":   pageQuery(pipeds(), pipedListing("p", page)),
		"open":     pageQuery(deployments(), openListing("p", page)),
		"commands": pageQuery(commands(), unhandledListing("p")),
	}
	for name, f := range applicationFilters {
		queries["applications "+name] = pageQuery(applications(), applicationListing(f, page))
	}
	for name, f := range deploymentFilters {
		queries["deployments "+name] = pageQuery(deployments(), deploymentListing(f, page))
	}
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
