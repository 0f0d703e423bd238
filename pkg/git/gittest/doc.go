// Package gittest is the conformance suite of package git and the far end it
// is run against.
//
// Run exercises every promise of git.Source on a Harness. An adapter's test
// gives a function that makes one: a fresh Source, a repository that exists at
// the far end, and the means to change it there. [Bare] is such a far end for
// adapters that speak to real repositories, and for any test that needs a Git
// remote.
package gittest
