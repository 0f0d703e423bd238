// Package filestoretest is the conformance suite of the filestore port. Every
// adapter runs it against a real store:
//
//	filestoretest.Run(t, func(t *testing.T) filestore.Store { ... })
//
// A test uses paths of its own, so open may hand out one store many times;
// whoever opens it closes it (t.Cleanup).
package filestoretest
