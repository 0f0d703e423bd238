package script

import "syscall"

// tie has the kernel kill the shell when the agent dies without a chance to.
func tie(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
