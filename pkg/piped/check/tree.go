package check

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// gitDir is what makes a directory a repository.
const gitDir = ".git"

type pathError = fs.PathError

// tree is the working tree of a repository, read as the agent reads the tree of
// a commit: links are not followed, submodules are not entered, and large files
// are not read.
type tree struct{ root *os.Root }

var _ fs.ReadFileFS = (*tree)(nil)

// ReadFile implements fs.ReadFileFS. The codes of its errors are those that
// appsource tells apart.
func (t *tree) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, refuse(name, "it is not a path in the repository")
	}
	if err := t.passable(name); err != nil {
		return nil, err
	}
	f, err := t.root.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, git.MaxFileSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, &pathError{Op: "read", Path: name, Err: err}
	}
	if len(data) > git.MaxFileSize {
		return nil, &pathError{Op: "read", Path: name, Err: model.Errorf(model.CodeExhausted,
			"the file has more than the %d bytes that are read", git.MaxFileSize)}
	}
	return data, nil
}

// passable refuses a way to a regular file that the agent does not go.
func (t *tree) passable(name string) error {
	walked := 0
	for element := range strings.SplitSeq(name, "/") {
		walked += len(element) + 1
		at := name[:walked-1]
		info, err := t.root.Lstat(at)
		if err != nil {
			return missing(name, err)
		}
		last := at == name
		switch mode := info.Mode(); {
		case mode&fs.ModeSymlink != 0:
			return refuse(name, at+" is a symbolic link, and links are not followed; commit the file itself")
		case last && mode.IsDir():
			return refuse(name, "it is a directory")
		case last && !mode.IsRegular():
			return refuse(name, "it is not a regular file")
		case !last && !mode.IsDir():
			return missing(name, fs.ErrNotExist)
		case !last && t.has(path.Join(at, gitDir)):
			return refuse(name, at+" is a repository of its own, and submodules are not fetched; commit the files themselves")
		}
	}
	return nil
}

func (t *tree) has(name string) bool {
	_, err := t.root.Lstat(name)
	return err == nil
}

// Open implements fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	data, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	info, err := t.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	return &file{Reader: bytes.NewReader(data), info: info}, nil
}

// file is a file that was read.
type file struct {
	*bytes.Reader

	info fs.FileInfo
}

// Stat implements fs.File.
func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (*file) Close() error { return nil }

func refuse(name, why string) error {
	return &pathError{Op: "open", Path: name, Err: model.Errorf(model.CodeInvalid, "%s", why)}
}

// missing is an error of a file that is not there; the reason of others stays.
func missing(name string, err error) error {
	if e, ok := errors.AsType[*pathError](err); ok {
		err = e.Err
	}
	return &pathError{Op: "open", Path: name, Err: err}
}
