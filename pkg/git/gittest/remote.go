package gittest

import (
	"testing"
	"time"
)

// Author is the author and committer of every commit a Remote makes.
const Author = "Ada Developer"

// Change is a commit to be made at the far end.
type Change struct {
	// Message defaults to "change".
	Message string
	// At is the committer's time, in whole seconds. It defaults to a fixed time.
	At time.Time
	// Write maps paths to the contents of regular files.
	Write map[string]string
	// Link maps paths to the targets of symbolic links.
	Link map[string]string
	// Submodule maps paths to versions of another repository, in any words.
	Submodule map[string]string
	// Remove lists files and directories that go.
	Remove []string
	// Orphan makes the commit the first of a new history, and pushes it with
	// force. Otherwise it goes on top of the branch.
	Orphan bool
}

// Remote is the far end: what other people do to a repository. Its methods fail
// the test when they cannot.
type Remote interface {
	// Commit adds a commit to the branch, making the branch if there is none,
	// and returns its hash.
	Commit(t testing.TB, branch string, c Change) string
	// Push makes hash the tip of the branch, with force.
	Push(t testing.TB, branch, hash string)
	// DeleteBranch removes the branch.
	DeleteBranch(t testing.TB, branch string)
}
