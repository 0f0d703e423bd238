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
// another writer was faster or the database broke a deadlock.
//
// # Lists
//
// Pages are found on an index by (time, id) in a subquery that touches keys
// only; the documents are read for that page alone. Labels have a table of
// their own that carries the sort key, so a page of one label is an index range
// too. See list.go and cursor.go.
package sqldb
