//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package sqlite

import "pipecd/pkg/model"

// lock refuses: without a lock two processes could act on one database.
func lock(path string) (unlock func() error, err error) {
	return nil, model.Errorf(model.CodeUnimplemented, "the embedded database %s cannot be locked on this system; use a MySQL database instead", path)
}
