// Package discovery finds the applications that a repository describes and that
// nobody added yet, so that a person can add one by choosing it.
//
// Scan reads the tree of a commit once, within limits. Reporter holds what was
// found in each of the agent's repositories, leaves out what is an application,
// and tells the control plane when the rest has changed: it replaces what an
// agent said before, so all repositories are told together.
package discovery
