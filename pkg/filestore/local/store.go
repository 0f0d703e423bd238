package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

const (
	objects = "objects"
	tmp     = "tmp"

	// A file in tmp this old belongs to no write that is under way.
	leftoverAge = time.Hour

	dirMode  = 0o700
	fileMode = 0o600
)

// Store is a filestore.Store in a directory. It is safe for concurrent use,
// also by several processes.
type Store struct {
	root *os.Root
	name string // of the directory, for sentences
	kept kept
}

// kept are the directories whose own names are known to be on the disk. It is
// safe for concurrent use.
type kept struct {
	mu   sync.Mutex
	dirs map[string]struct{}
}

// maxKept bounds what is remembered; what is forgotten is put on the disk again.
const maxKept = 10_000

func (k *kept) has(dir string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.dirs[dir]
	return ok
}

func (k *kept) add(dirs []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dirs == nil || len(k.dirs) > maxKept {
		k.dirs = map[string]struct{}{}
	}
	for _, dir := range dirs {
		k.dirs[dir] = struct{}{}
	}
}

func (k *kept) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dirs = nil
}

var _ filestore.Store = (*Store)(nil)

// Open opens the directory, creating it when absent. The error is
// model.CodeInvalid when it cannot be used.
func Open(directory string) (*Store, error) {
	if directory == "" {
		return nil, model.Errorf(model.CodeInvalid, "the local file store needs a directory")
	}
	directory, err := filepath.Abs(directory)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "finding the file store's directory")
	}
	if err := os.MkdirAll(directory, dirMode); err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "creating the file store's directory "+directory)
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, model.Wrap(model.CodeInvalid, err, "opening the file store's directory "+directory)
	}
	s := &Store{root: root, name: directory}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(model.Wrap(model.CodeInvalid, err, "preparing the file store's directory "+directory), root.Close())
	}
	return s, nil
}

// prepare makes the layout and sweeps what killed processes left behind.
func (s *Store) prepare() error {
	for _, dir := range []string{objects, tmp} {
		if err := s.root.MkdirAll(dir, dirMode); err != nil {
			return err
		}
	}
	entries, err := s.readDir(tmp)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < leftoverAge {
			continue // gone already, or being written
		}
		if err := s.root.Remove(path.Join(tmp, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.syncDir(".")
}

// Put implements filestore.Store.
func (s *Store) Put(ctx context.Context, name string, content []byte) error {
	doing := "writing the object " + name
	if err := errors.Join(filestore.CheckPath(name), filestore.CheckSize(name, int64(len(content)))); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	written, err := s.writeTemporary(content)
	if err != nil {
		return s.coded(err, doing)
	}
	if err := s.moveInto(written, path.Join(objects, name)); err != nil {
		return s.coded(errors.Join(err, s.root.Remove(written)), doing)
	}
	return s.coded(s.syncAbove(path.Join(objects, name)), doing)
}

// writeTemporary returns the name of a file with the content that is on the disk.
func (s *Store) writeTemporary(content []byte) (name string, err error) {
	name = path.Join(tmp, rand.Text())
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, bytes.NewReader(content))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, s.root.Remove(name))
	}
	return name, nil
}

// moveInto renames the file to its place. Delete removes directories that
// became empty, so one that was just made may be gone again.
func (s *Store) moveInto(from, to string) error {
	const attempts = 10
	var err error
	for range attempts {
		if err = s.root.Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.kept.forget() // a directory above is new, or was removed by another process
		if err = s.root.MkdirAll(path.Dir(to), dirMode); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// syncAbove puts the name of a new file on the disk, and those of the directories
// above it as far as they are not known to be there.
func (s *Store) syncAbove(name string) error {
	var done []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		err := s.syncDir(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed since by a Delete
			return nil
		case err != nil:
			return err
		case s.kept.has(dir):
			s.kept.add(done)
			return nil
		}
		done = append(done, dir)
	}
	s.kept.add(done)
	return nil
}

func (s *Store) syncDir(name string) error {
	dir, err := s.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Get implements filestore.Store.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	doing := "reading the object " + name
	if err := filestore.CheckPath(name); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	content, err := s.read(path.Join(objects, name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, model.Errorf(model.CodeNotFound, "the object %s does not exist", name)
	}
	if err != nil {
		return nil, s.coded(err, doing)
	}
	if err := filestore.CheckSize(name, int64(len(content))); err != nil {
		return nil, err
	}
	return content, nil
}

// read returns the file, or as much of it as shows that it is too large. What
// is no regular file is not there.
func (s *Store) read(name string) (content []byte, err error) {
	info, err := s.root.Lstat(name) // before opening: opening a pipe would wait
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	file, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	content = make([]byte, 0, min(info.Size(), filestore.MaxObjectSize)+bytes.MinRead)
	buffer := bytes.NewBuffer(content)
	_, err = buffer.ReadFrom(io.LimitReader(file, filestore.MaxObjectSize+1))
	return buffer.Bytes(), err
}

// Delete implements filestore.Store.
func (s *Store) Delete(ctx context.Context, name string) error {
	doing := "deleting the object " + name
	if err := filestore.CheckPath(name); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	full := path.Join(objects, name)
	info, err := s.root.Lstat(full)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		err = s.root.Remove(full)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.coded(err, doing)
	}
	// The kernel removes a directory only when it is empty, so this cannot take an object that was just written.
	dir := path.Dir(full)
	s.kept.forget()
	for ; dir != objects; dir = path.Dir(dir) {
		if s.root.Remove(dir) != nil {
			break
		}
	}
	if err := s.syncDir(dir); !errors.Is(err, fs.ErrNotExist) {
		return s.coded(err, doing)
	}
	return nil
}

// Ping implements filestore.Store: it writes and removes a file.
func (s *Store) Ping(ctx context.Context) error {
	const doing = "trying whether the file store can be written to"
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	name := path.Join(tmp, rand.Text())
	err := s.root.WriteFile(name, []byte("ping"), fileMode)
	if undo := s.root.Remove(name); !errors.Is(undo, fs.ErrNotExist) {
		err = errors.Join(err, undo)
	}
	return s.coded(err, doing)
}

// Close implements filestore.Store. Later calls fail with model.CodeUnavailable.
func (s *Store) Close() error {
	return model.Wrap(model.CodeInternal, s.root.Close(), "closing the file store")
}

// coded is the one place where the file system's errors become the project's.
func (s *Store) coded(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return model.Wrap(model.CodeExhausted, err, fmt.Sprintf("%s: the disk of %s is full; free space on it and try again", doing, s.name))
	case errors.Is(err, os.ErrClosed):
		return model.Wrap(model.CodeUnavailable, err, doing+": the file store was closed because the process stops")
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return model.Wrap(model.CodeInvalid, err, doing+": an object's path cannot also be a directory of other objects")
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EINTR), errors.Is(err, syscall.ESTALE):
		return model.Wrap(model.CodeUnavailable, err, doing+": the system cannot do it now, try again")
	default:
		return model.Wrap(model.CodeInternal, err, fmt.Sprintf("%s in %s", doing, s.name))
	}
}
