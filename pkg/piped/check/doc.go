// Package check looks at application files on disk before they are committed,
// with the rules that the agent applies to them at a commit.
//
// Read check.go first. walk.go finds the files, place.go finds the repository
// that each is in, and tree.go shows that repository's working tree as the agent
// will see it at a commit: regular files only, no links followed, nothing
// outside. What is wrong with a file is for config and appsource to say.
package check
