//go:build unix && !linux

package script

import "syscall"

// tie does nothing: this system cannot.
func tie(*syscall.SysProcAttr) {}
