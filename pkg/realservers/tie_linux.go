package realservers

import (
	"os/exec"
	"syscall"
)

// tie ends the program when this process is killed.
func tie(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
