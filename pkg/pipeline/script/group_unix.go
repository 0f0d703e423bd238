//go:build unix

package script

import (
	"os/exec"
	"syscall"
)

// apart makes the command the first of a group of its own, so that all it starts
// can be ended with it.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	tie(cmd.SysProcAttr)
}

// endGroup ends the command and what it started; kill leaves no choice.
func endGroup(cmd *exec.Cmd, kill bool) {
	signal := syscall.SIGTERM
	if kill {
		signal = syscall.SIGKILL
	}
	_ = syscall.Kill(-cmd.Process.Pid, signal) // an error says that the group is gone
}
