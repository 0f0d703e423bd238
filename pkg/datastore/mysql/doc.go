// Package mysql is the datastore on MySQL or MariaDB, for a control plane of
// any number of replicas. What it stores and how is package sqldb's; this
// package opens the server and says what is different about it.
//
// # Text
//
// Ids and keys are VARBINARY: they compare byte by byte, trailing spaces
// included, which no collation that both servers have does. Names that are
// searched and documents are utf8mb4 with its binary collation. The session is
// strict, so that what does not fit is refused and never cut.
//
// # Transactions
//
// READ COMMITTED: every change compares a version, so the locks that
// REPEATABLE READ takes between rows would only be in the way. Deadlocks and
// lost connections start a transaction over; see package
// sqldb. Leases use the server's clock.
//
// # Migrations
//
// One CREATE statement each. Of several replicas that start at once one
// migrates, under the migration library's lock row, which works under Galera;
// the others wait for it.
package mysql
