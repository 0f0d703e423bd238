//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sqlite

import (
	"errors"
	"os"
	"syscall"

	"pipecd/pkg/model"
)

// lock takes the lock beside the database, which the kernel gives back when
// the process ends. The lock file stays: removing it would let two processes
// hold locks on two files of that name.
func lock(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "opening the lock file of the database "+path)
	}
	if err := flock(file); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = model.Errorf(model.CodeUnavailable, "the database %s is in use by another pipecd process; stop that one first", path)
		} else {
			err = model.Wrap(model.CodeInvalid, err, "locking the database "+path+"; its file system must support locks")
		}
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}

func flock(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			failed = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
			if !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, failed)
}
