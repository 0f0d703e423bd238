// Package datastoretest is the conformance suite of the datastore port. Every
// adapter runs it against a real database:
//
//	datastoretest.Run(t, func(t *testing.T) datastore.Store { ... })
//
// A test makes projects and ids of its own, so open may hand out one store
// many times; whoever opens it closes it (t.Cleanup). Nothing in the suite
// holds the database's clock: tests of expiry use leases of milliseconds and
// ask until they are free, with a deadline.
package datastoretest
