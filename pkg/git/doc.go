// Package git is the port through which the agent sees Git: the head of a
// branch, the paths that changed between two commits, and the files of one
// commit.
//
// A [Source] keeps one mirror per repository, whatever the number of
// applications in it. A [Snapshot] is the tree of one commit, read through
// io/fs; no work tree exists, so nothing is checked out, no hook or filter
// runs, and two readers never disturb each other.
//
// What a repository contains is hostile. A symbolic link, a submodule and a
// file above [MaxFileSize] are refused with a sentence that names them, and
// [Repository.Validate] refuses remotes and branches that Git would take for
// an option or for a transport other than ssh, https, http and file.
//
// The usual way of a commit:
//
//	head, err := src.Head(ctx, repo)           // cheap: one question to the remote
//	if head != last {
//		err = src.Fetch(ctx, repo)             // joins a fetch others wait for
//		paths, err := src.ChangedFiles(ctx, repo, last, head)
//		snap, err := src.Snapshot(ctx, repo, head)
//		b, err := snap.ReadFile("shop/app.pipecd.yaml")
//	}
//
// Package gitcli is the adapter over the git command line. Package gittest is
// the suite every adapter must pass.
package git
