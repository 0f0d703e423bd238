package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// smallDisk puts a file system of a few megabytes onto a directory.
func smallDisk(dir string) (remove func() error, err error) {
	const private = 0o700
	if err := os.MkdirAll(dir, private); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=96m"); err != nil {
		return nil, fmt.Errorf("mounting a small file system, for which this has to be root; otherwise run it under `unshare --user --map-root-user --mount`: %w", err)
	}
	return func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}

// fillDisk takes all space there is, until it is given back.
func fillDisk(dir string) (free func() error, err error) {
	path := filepath.Join(dir, "filler")
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	piece := make([]byte, 1<<20)
	for len(piece) > 0 { // the last bytes too
		if _, err = file.Write(piece); errors.Is(err, syscall.ENOSPC) {
			piece, err = piece[:len(piece)/2], nil
		}
		if err != nil {
			break
		}
	}
	return func() error { return os.Remove(path) }, errors.Join(err, file.Close())
}
