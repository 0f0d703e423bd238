package git

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// MaxFileSize is the size in bytes above which a file of a snapshot is not
// read (10 MiB). Definitions are a few kilobytes; the limit keeps a repository
// from exhausting the agent's memory.
const MaxFileSize = 10 << 20

// ErrUnknownCommit is in the chain of an error about a commit the source does
// not have: it was never fetched, or it was pushed away before that. The
// error's code is not_found.
var ErrUnknownCommit = errors.New("unknown commit")

// Commit is one commit of a repository.
type Commit struct {
	// Hash is the full hexadecimal object name: 40 digits, or 64 in a
	// repository that uses SHA-256.
	Hash string
	// Message is the whole message without trailing line ends, valid UTF-8,
	// at most 64 KiB.
	Message string
	// Author is the author's name without the address.
	Author string
	// CreatedAt is the committer's time, in UTC with a precision of seconds.
	CreatedAt time.Time
	// Branch is the branch of the Repository the commit was asked for.
	Branch string
}

// Source gives access to any number of repositories. It is safe for
// concurrent use.
//
// Errors carry the codes of package model: invalid for a malformed repository
// or hash, unavailable when the remote does not answer, permission_denied when
// it refuses the credentials, not_found when the repository, the branch or the
// commit does not exist, failed_precondition when the machine has to be put
// right first (no git, a host key that changed), exhausted for a limit.
type Source interface {
	// Head asks the remote for the commit at the tip of the branch. It changes
	// nothing and does not need a mirror.
	Head(ctx context.Context, repo Repository) (hash string, err error)

	// Fetch brings the mirror up to date with the branch, making the mirror if
	// there is none. Concurrent calls for one repository share one transfer; a
	// call never returns the result of a transfer that began before it.
	// Commits fetched earlier stay readable when the branch was force-pushed,
	// also after a restart.
	//
	// Each of commits that the mirror lacks is then asked of the remote by its
	// hash, which most hosts allow also when no branch leads to it any more. An
	// agent whose disk was lost so gets back the commits it must still read.
	// If the remote does not have one either, the error wraps ErrUnknownCommit;
	// the branch has been fetched nevertheless.
	Fetch(ctx context.Context, repo Repository, commits ...string) error

	// Commit describes a fetched commit. The error wraps ErrUnknownCommit if
	// the mirror lacks it.
	Commit(ctx context.Context, repo Repository, hash string) (Commit, error)

	// ChangedFiles returns the paths whose content, mode or existence differs
	// between the trees of two fetched commits, sorted and without duplicates.
	// A rename counts as both of its paths. The commits need no common history.
	// Paths are relative to the root, separated by slashes, and may hold any
	// byte but NUL. The error wraps ErrUnknownCommit if the mirror lacks one of
	// the commits: a caller whose from may have been pushed away then treats
	// every file as changed.
	ChangedFiles(ctx context.Context, repo Repository, from, to string) ([]string, error)

	// Snapshot opens the tree of a fetched commit. ctx bounds the opening, not
	// the use. The error wraps ErrUnknownCommit if the mirror lacks the commit.
	Snapshot(ctx context.Context, repo Repository, hash string) (Snapshot, error)
}

// Snapshot is the immutable tree of one commit. It follows io/fs: names are
// relative to the repository's root, separated by slashes, valid UTF-8 without
// "." and ".." elements, and "." is the root itself. It is safe for concurrent
// use, works as long as its Source is open, and must be closed.
//
// Only regular files and directories open. A missing path gives not_found and
// wraps fs.ErrNotExist; a symbolic link (also as a directory on the way) and a
// submodule give invalid; a file above MaxFileSize gives exhausted. Errors are
// *fs.PathError around a model error.
type Snapshot interface {
	fs.ReadFileFS
	fs.ReadDirFS
	fs.StatFS

	// Commit describes the commit whose tree this is.
	Commit() Commit
	// Close releases what the snapshot holds. Later reads fail with
	// fs.ErrClosed. Closing twice is allowed.
	Close() error
}
