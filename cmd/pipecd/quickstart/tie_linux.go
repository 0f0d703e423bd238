package quickstart

import (
	"os/exec"
	"syscall"
)

// tie makes the process die with the thread that starts it: the kernel kills it
// even when this process is killed and cannot. An agent loses nothing by that.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
