//go:build !linux

package realservers

import "os/exec"

// tie does nothing: only Linux ties a process to another one.
func tie(*exec.Cmd) {}
