// Package discovery finds the applications that a repository describes: those
// that nobody added yet, so that a person can add one by choosing it, and those
// whose files have another name, description or labels than the control plane
// knows, so that it learns them.
//
// Scan reads the tree of a commit once, within limits. Reporter holds what was
// found in each of the agent's repositories against the agent's applications,
// and tells the control plane what has changed. What nobody added replaces what
// an agent said before, so all repositories are told together.
package discovery
