// Package gitcli is the adapter of package git over the git command line.
//
// The git program moves bytes between the remote and a bare mirror: ls-remote
// for Head, fetch for Fetch. Everything else is reading objects, and objects
// are read from one "git cat-file --batch" per mirror, which is started when
// needed and stopped when idle. Trees and commits are parsed here, so a
// snapshot needs no work tree, a file costs one round trip over a pipe, and no
// path of a repository is ever an argument of a command.
//
// What is in Options.Dir:
//
//	.gitconfig           the only configuration git sees
//	ssh_key, ssh_config  for ssh; the key is removed by Close
//	known_hosts          host keys accepted on first contact
//	mirrors/NAME.git     one bare mirror per repository and remote
//	mirrors/NAME.lock    held by this process and by the git processes it started
//
// Three properties are worth knowing before changing anything.
//
// No commit is lost. Every tip the mirror ever had is in its reflog, which
// never expires and which garbage collection treats as a root, so a force push
// takes nothing away. Commits lost with a disk are fetched by hash.
//
// A mirror heals. A process killed in mid-fetch leaves lock files and partial
// packs; they are swept when the mirror is opened, after every process that
// might own them has ended. A mirror that is damaged is replaced by a new one
// built beside it, and only once that one is complete.
//
// Secrets stay put. The password travels in the environment of the git process
// to a credential helper bound to one host, the key in a file of mode 0600;
// both are cut out of everything git prints before it becomes an error.
package gitcli
