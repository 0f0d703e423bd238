// Package local keeps objects as files in a directory: the embedded default.
//
// # Layout
//
//	objects/   one file for each object, at its path
//	tmp/       files that are being written
//
// # Durability
//
// Put writes a file in tmp, syncs it, renames it to its place and syncs the
// directories above, so that a reader sees the old or the new content whole,
// and a killed process or lost power supply takes nothing back that was
// acknowledged. What a killed process leaves in tmp is swept when the directory
// is opened later.
//
// # Safety
//
// All access goes through os.Root: neither a path nor a symbolic link leads out
// of the directory. Directories have mode 0700, files 0600.
package local
