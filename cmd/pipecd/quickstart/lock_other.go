//go:build !unix

package quickstart

import (
	"os"
	"os/exec"
)

// lock does nothing: files cannot be inherited here.
func lock(*os.File) (bool, error) { return true, nil }

// inherit does nothing.
func inherit(*exec.Cmd, *os.File) {}
