package gitcli

import (
	"bytes"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// maxCachedEntries bounds the names a snapshot remembers (some 20 MB).
const maxCachedEntries = 200_000

// snapshot reads the tree of one commit out of the mirror.
type snapshot struct {
	source *Source
	mirror *mirror
	commit git.Commit
	root   treeEntry
	closed atomic.Bool

	mu     sync.Mutex
	trees  map[string][]treeEntry // by hash
	cached int                    // entries in trees
}

var _ git.Snapshot = (*snapshot)(nil)

func (s *snapshot) Commit() git.Commit { return s.commit }

func (s *snapshot) Close() error {
	s.closed.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trees = nil
	return nil
}

// Open implements fs.FS. The whole file is read.
func (s *snapshot) Open(name string) (fs.File, error) {
	entry, err := s.find("open", name)
	if err != nil {
		return nil, err
	}
	if entry.kind() == modeTree {
		list, err := s.list("open", name, entry)
		if err != nil {
			return nil, err
		}
		return &openDir{info: s.info(entry, 0), entries: list}, nil
	}
	data, err := s.content("open", name, entry)
	if err != nil {
		return nil, err
	}
	return &openFile{info: s.info(entry, int64(len(data))), Reader: bytes.NewReader(data)}, nil
}

// ReadFile implements fs.ReadFileFS.
func (s *snapshot) ReadFile(name string) ([]byte, error) {
	entry, err := s.find("readfile", name)
	if err != nil {
		return nil, err
	}
	if entry.kind() == modeTree {
		return nil, s.refuse("readfile", name, "it is a directory")
	}
	return s.content("readfile", name, entry)
}

// ReadDir implements fs.ReadDirFS.
func (s *snapshot) ReadDir(name string) ([]fs.DirEntry, error) {
	entry, err := s.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if entry.kind() != modeTree {
		return nil, s.refuse("readdir", name, "it is not a directory")
	}
	return s.list("readdir", name, entry)
}

// Stat implements fs.StatFS. A symbolic link is refused like in Open, because
// nothing here follows it.
func (s *snapshot) Stat(name string) (fs.FileInfo, error) {
	entry, err := s.find("stat", name)
	if err != nil {
		return nil, err
	}
	return s.stat("stat", name, entry)
}

// find walks from the root to name and refuses what cannot be opened.
func (s *snapshot) find(op, name string) (treeEntry, error) {
	if s.closed.Load() {
		return treeEntry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrClosed}
	}
	if !fs.ValidPath(name) {
		return treeEntry{}, &fs.PathError{Op: op, Path: name, Err: model.Errorf(model.CodeInvalid,
			"a path in a repository is relative to its root and has no \"..\": %w", fs.ErrInvalid)}
	}
	entry := s.root
	if name == "." {
		return entry, nil
	}
	if depth(name) > maxDepth {
		return treeEntry{}, s.missing(op, name)
	}
	walked := 0
	for element := range strings.SplitSeq(name, "/") {
		if entry.kind() != modeTree {
			return treeEntry{}, s.missing(op, name)
		}
		entries, err := s.tree(entry.hash)
		if err != nil {
			return treeEntry{}, &fs.PathError{Op: op, Path: name, Err: err}
		}
		i := slices.IndexFunc(entries, func(e treeEntry) bool { return e.name == element })
		if i < 0 {
			return treeEntry{}, s.missing(op, name)
		}
		entry = entries[i]
		walked += len(element) + 1
		switch at := name[:walked-1]; entry.kind() {
		case modeSymlink:
			return treeEntry{}, s.refuse(op, name, at+" is a symbolic link, and links are not followed; commit the file itself")
		case modeSubmodule:
			return treeEntry{}, s.refuse(op, name, at+" is a submodule, and submodules are not fetched; commit the files themselves")
		case modeTree, modeFile:
		default:
			return treeEntry{}, s.refuse(op, name, at+" is not a regular file")
		}
	}
	return entry, nil
}

// tree returns the entries of a tree, sorted by name.
func (s *snapshot) tree(hash string) ([]treeEntry, error) {
	s.mu.Lock()
	entries, known := s.trees[hash]
	s.mu.Unlock()
	if known {
		return entries, nil
	}
	ctx, cancel := s.source.reading(s.source.ctx)
	defer cancel()
	entries, err := s.mirror.tree(ctx, hash)
	if err != nil {
		return nil, s.source.readError(s.mirror, err)
	}
	slices.SortFunc(entries, func(a, b treeEntry) int { return strings.Compare(a.name, b.name) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trees == nil || s.cached+len(entries) > maxCachedEntries {
		s.trees, s.cached = make(map[string][]treeEntry), 0
	}
	s.trees[hash] = entries
	s.cached += len(entries)
	return entries, nil
}

func (s *snapshot) blob(hash string) (object, error) {
	ctx, cancel := s.source.reading(s.source.ctx)
	defer cancel()
	obj, err := s.mirror.part(ctx, hash, "blob", git.MaxFileSize)
	if err != nil {
		return object{}, s.source.readError(s.mirror, err)
	}
	return obj, nil
}

func (s *snapshot) content(op, name string, entry treeEntry) ([]byte, error) {
	obj, err := s.blob(entry.hash)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if obj.data == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: model.Errorf(model.CodeExhausted,
			"the file has %d bytes, more than the limit of %d", obj.size, git.MaxFileSize)}
	}
	return obj.data, nil
}

func (s *snapshot) stat(op, name string, entry treeEntry) (fs.FileInfo, error) {
	if entry.kind() != modeFile {
		return s.info(entry, 0), nil
	}
	obj, err := s.blob(entry.hash)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return s.info(entry, obj.size), nil
}

func (s *snapshot) list(op, name string, dir treeEntry) ([]fs.DirEntry, error) {
	entries, err := s.tree(dir.hash)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	list := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = dirEntry{snapshot: s, entry: e}
	}
	return list, nil
}

func (s *snapshot) missing(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: model.Errorf(model.CodeNotFound,
		"commit %.10s of repository %q does not have it (%w)", s.commit.Hash, s.mirror.id, fs.ErrNotExist)}
}

func (s *snapshot) refuse(op, name, why string) error {
	return &fs.PathError{Op: op, Path: name, Err: model.Errorf(model.CodeInvalid,
		"commit %.10s of repository %q: %s", s.commit.Hash, s.mirror.id, why)}
}

func (s *snapshot) info(e treeEntry, size int64) fileInfo {
	return fileInfo{entry: e, size: size, modified: s.commit.CreatedAt}
}

// fileInfo describes a file. Git keeps no times; the commit's is given.
type fileInfo struct {
	entry    treeEntry
	size     int64
	modified time.Time
}

func (i fileInfo) Name() string       { return i.entry.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.entry.fileMode() }
func (i fileInfo) ModTime() time.Time { return i.modified }
func (i fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i fileInfo) Sys() any           { return nil }

type dirEntry struct {
	snapshot *snapshot
	entry    treeEntry
}

func (d dirEntry) Name() string               { return d.entry.name }
func (d dirEntry) IsDir() bool                { return d.Type().IsDir() }
func (d dirEntry) Type() fs.FileMode          { return d.entry.fileMode().Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.snapshot.stat("stat", d.entry.name, d.entry) }
func (d dirEntry) String() string             { return fs.FormatDirEntry(d) }

type openFile struct {
	*bytes.Reader
	info fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info    fileInfo
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.entries)
	} else if len(d.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.entries))
	list := d.entries[:n:n]
	d.entries = d.entries[n:]
	return list, nil
}
