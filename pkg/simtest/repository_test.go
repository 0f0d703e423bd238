package simtest

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing/fstest"
	"time"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// repository is a Git repository in memory, and how all agents see it.
type repository struct {
	mu      sync.Mutex
	away    bool
	head    string
	commits map[string]commit
}

type commit struct {
	git.Commit

	files map[string]string
}

func newRepository() *repository { return &repository{commits: map[string]commit{}} }

// push makes the files the tree of a new head.
func (r *repository) push(message string, files map[string]string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha1.Sum([]byte(r.head + message + strconv.Itoa(len(r.commits))))
	hash := hex.EncodeToString(sum[:])
	r.commits[hash] = commit{
		Commit: git.Commit{Hash: hash, Message: message, Author: "dev", CreatedAt: time.Now().UTC().Truncate(time.Second), Branch: "main"},
		files:  maps.Clone(files),
	}
	r.head = hash
	return hash
}

// leave takes the Git host away, or brings it back.
func (r *repository) leave(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// clone is the repository as one process sees it.
type clone struct {
	*repository

	dead func() bool // the process was killed
}

var _ git.Source = clone{}

func (c clone) host() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away || c.dead() {
		return model.Errorf(model.CodeUnavailable, "the Git host does not answer")
	}
	return nil
}

// Head implements git.Source.
func (c clone) Head(context.Context, git.Repository) (string, error) {
	if err := c.host(); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head, nil
}

// Fetch implements git.Source.
func (c clone) Fetch(context.Context, git.Repository, ...string) error { return c.host() }

// Commit implements git.Source.
func (c clone) Commit(_ context.Context, _ git.Repository, hash string) (git.Commit, error) {
	found, err := c.at(hash)
	return found.Commit, err
}

func (c clone) at(hash string) (commit, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.commits[hash]
	if !ok {
		return commit{}, model.Errorf(model.CodeNotFound, "commit %s: %w", hash, git.ErrUnknownCommit)
	}
	return found, nil
}

// ChangedFiles implements git.Source.
func (c clone) ChangedFiles(_ context.Context, _ git.Repository, from, to string) ([]string, error) {
	before, err := c.at(from)
	if err != nil {
		return nil, err
	}
	after, err := c.at(to)
	if err != nil {
		return nil, err
	}
	var changed []string
	for name := range before.files {
		if now, ok := after.files[name]; !ok || now != before.files[name] {
			changed = append(changed, name)
		}
	}
	for name := range after.files {
		if _, ok := before.files[name]; !ok {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed, nil
}

// Snapshot implements git.Source.
func (c clone) Snapshot(_ context.Context, _ git.Repository, hash string) (git.Snapshot, error) {
	found, err := c.at(hash)
	if err != nil {
		return nil, err
	}
	tree := fstest.MapFS{}
	for name, text := range found.files {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return snapshot{MapFS: tree, commit: found.Commit}, nil
}

type snapshot struct {
	fstest.MapFS

	commit git.Commit
}

// Commit implements git.Snapshot.
func (s snapshot) Commit() git.Commit { return s.commit }

// Close implements git.Snapshot.
func (s snapshot) Close() error { return nil }

// ReadFile implements fs.ReadFileFS with the codes of package git.
func (s snapshot) ReadFile(name string) ([]byte, error) {
	data, err := s.MapFS.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: model.Errorf(model.CodeNotFound, "%w", fs.ErrNotExist)}
	}
	return data, err
}
