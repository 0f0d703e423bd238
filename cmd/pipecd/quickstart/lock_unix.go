//go:build unix

package quickstart

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// lock locks the file and reports whether it was free. The lock belongs to the
// open file: processes that inherit it hold it too, and it ends with the last.
func lock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("locking %s: %w", f.Name(), err)
	}
	return true, nil
}

// inherit gives the process the file, and with it its lock.
func inherit(cmd *exec.Cmd, f *os.File) { cmd.ExtraFiles = append(cmd.ExtraFiles, f) }
