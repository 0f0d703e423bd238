package local

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

// List implements filestore.Store.
func (s *Store) List(ctx context.Context, prefix, startAfter string, limit int) ([]string, error) {
	if err := filestore.CheckList(prefix, limit); err != nil {
		return nil, err
	}
	doing := "listing the objects that begin with " + prefix
	l := lister{store: s, prefix: prefix, startAfter: startAfter, limit: limit}
	start := "" // the deepest directory that has all of them
	if slash := strings.LastIndexByte(prefix, '/'); slash >= 0 {
		start = prefix[:slash+1]
	}
	err := l.walk(ctx, start)
	if ctx.Err() != nil {
		return nil, model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	}
	if err != nil {
		return nil, s.coded(err, doing)
	}
	return l.found, nil
}

// lister walks the tree in the byte order of whole paths.
type lister struct {
	store              *Store
	prefix, startAfter string
	limit              int
	found              []string
}

// walk adds what is in the directory, whose name is "" or ends in a slash.
func (l *lister) walk(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := l.store.readDir(path.Join(objects, dir))
	if errors.Is(err, fs.ErrNotExist) { // never was, or was deleted while we walk
		return nil
	}
	if err != nil {
		return err
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		switch {
		case entry.IsDir():
			// With its slash a directory sorts among the paths as what is in it does: "a-" < "a/" < "a0".
			names = append(names, entry.Name()+"/")
		case entry.Type().IsRegular():
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if len(l.found) == l.limit {
			return nil
		}
		if err := l.visit(ctx, dir+name); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) visit(ctx context.Context, full string) error {
	if strings.HasSuffix(full, "/") {
		// Paths in it begin with full: skip it when none of them can be wanted.
		related := strings.HasPrefix(full, l.prefix) || strings.HasPrefix(l.prefix, full)
		passed := full < l.startAfter && !strings.HasPrefix(l.startAfter, full)
		if !related || passed {
			return nil
		}
		return l.walk(ctx, full)
	}
	if strings.HasPrefix(full, l.prefix) && full > l.startAfter {
		l.found = append(l.found, full)
	}
	return nil
}

// readDir returns what is in the directory, in no order. What is no directory is not there.
func (s *Store) readDir(name string) (entries []fs.DirEntry, err error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fs.ErrNotExist
	}
	dir, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	entries, err = dir.ReadDir(-1)
	return entries, errors.Join(err, dir.Close())
}
