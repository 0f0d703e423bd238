//go:build !unix

package script

import "os/exec"

// apart does nothing: this system has no groups of processes.
func apart(*exec.Cmd) {}

// endGroup ends the command, and not what it started.
func endGroup(cmd *exec.Cmd, _ bool) { _ = cmd.Process.Kill() }
