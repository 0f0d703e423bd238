package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// fileField is a field that names a file, by the tag `config:"file"` or
// `config:"secretfile"`.
type fileField struct {
	path   string // of the field
	name   string // of the file
	secret bool
}

// CheckFiles is a Check of every kind of document: each file that it names and
// that is used must be there, readable and not empty; a secret that every user
// of the machine can read is warned about. Contents are never shown. A relative
// name is one in the working directory.
func CheckFiles[T any](_ *T, r *Report) {
	for _, f := range r.files {
		r.checkFile(f)
	}
}

// CheckFilesElsewhere is CheckFiles for a document that another machine will
// use: absent is told of a file that is not here, or not for this user to read,
// and the others are looked at.
func CheckFilesElsewhere[T any](absent func(file, why string)) Check[T] {
	return func(_ *T, r *Report) {
		for _, f := range r.files {
			info, err := os.Stat(f.name)
			if err == nil && info.Mode().IsRegular() { // opening a pipe waits for somebody to write
				_, err = hasText(f.name)
			}
			switch {
			case placeholder.MatchString(f.name):
			case errors.Is(err, fs.ErrNotExist):
				absent(f.name, "it does not exist on this machine; "+f.path+" names it")
			case errors.Is(err, fs.ErrPermission):
				absent(f.name, "it must not be read by this user; "+f.path+" names it")
			default:
				r.checkFile(f)
			}
		}
	}
}

func (r *Report) checkFile(f fileField) {
	info, err := os.Stat(f.name)
	if err == nil && info.IsDir() {
		r.Errorf(f.path, "expected a file, found the directory %s", quote(f.name))
		return
	}
	if err == nil && !info.Mode().IsRegular() {
		return // a pipe gives its content only once, and not to a check
	}
	var filled bool
	if err == nil {
		filled, err = hasText(f.name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Errorf(f.path, "the file %s does not exist", quote(f.name)).hintf("correct the path, or put the file there")
	case errors.Is(err, fs.ErrPermission):
		r.Errorf(f.path, "the file %s must not be read by this user", quote(f.name)).hintf("change its owner or its mode")
	case err != nil:
		r.Errorf(f.path, "the file %s cannot be read", quote(f.name)).hintf("%s", systemError(err))
	case !filled:
		r.Errorf(f.path, "the file %s is empty", quote(f.name))
	case f.secret && info.Mode().Perm()&othersRead != 0:
		r.Warnf(f.path, "every user of this machine can read the secret in %s", quote(f.name)).
			hintf("take that right away: chmod o-r, or a defaultMode of 0440 where it is a mounted Kubernetes secret")
	}
}

// othersRead is the bit of a file's mode that lets everybody read it.
const othersRead fs.FileMode = 0o004

// hasText reports whether the file has more in it than white space. Of a large
// file only the beginning is read.
func hasText(name string) (_ bool, err error) {
	const enough = 64 << 10
	f, err := os.Open(name) // The operator names the file; opening it is the purpose.
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, enough))
	return len(data) == enough || len(bytes.TrimSpace(data)) > 0, err
}

// systemError is what the operating system said, without the file's name.
func systemError(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}
