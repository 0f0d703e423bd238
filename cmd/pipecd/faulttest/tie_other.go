//go:build !linux

package main

import "syscall"

// tied does nothing: only Linux ties a process to another one.
func tied() *syscall.SysProcAttr { return nil }
