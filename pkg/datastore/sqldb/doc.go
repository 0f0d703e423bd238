// Package sqldb implements the datastore port on database/sql. What differs
// between databases is behind Dialect; everything else is SQL that SQLite,
// MySQL and MariaDB understand alike: no RETURNING, no partial index, no JSON
// operator, no upsert.
//
// # Rows
//
// A row is a struct of its own: the columns that are searched or sorted by,
// and one JSON document with the rest. Nothing is stored twice. Each noun has
// one file for its SQL (application.go) and one for its row and the conversions
// (application_row.go). Times are microseconds since 1970 in UTC, 0 for the
// zero time. An empty map or slice reads back as nil.
//
// # Writes
//
// entity.update is the one way an existing row changes: read, check the fence,
// run the caller's rule, write the columns that changed where the version is
// still the one read. A rule that changes nothing writes nothing. Store.write
// is the transaction around it; it starts over, a bounded number of times, when
// another writer was faster, the database broke a deadlock, or the connection was
// lost before the commit was asked for.
//
// When the connection is lost during the commit, nobody knows what became of it.
// Store.rewrite runs again all the same, and finds out: a change by its row, which
// has the next version and what was to be written, or the same version as before;
// a new row by being there already, just as it was to be. Where others wrote the
// row since, nobody can find out, and the caller is told so.
//
// What was asked and not answered outside of a transaction is asked again.
//
// # Lists
//
// Pages are found on an index by (time, id) in a subquery that touches keys
// only; the documents are read for that page alone. Labels have a table of
// their own that carries the sort key, so a page of one label is an index range
// too. See list.go and cursor.go.
package sqldb
