package gitcli

import (
	"context"
	"path"
	"slices"

	"pipecd/pkg/model"
)

const (
	// maxChanged bounds the paths of one comparison.
	maxChanged = 1_000_000
	// maxDepth bounds the directories on the way to a file. Deeper trees are
	// made to exhaust those who walk them.
	maxDepth = 256
)

// treeLoader returns the entries of a tree.
type treeLoader func(ctx context.Context, hash string) ([]treeEntry, error)

// differ collects the paths in which two trees differ. Subtrees with the same
// hash are the same and are not read.
type differ struct {
	load  treeLoader
	paths []string
}

// changedPaths compares the trees with the two hashes.
func changedPaths(ctx context.Context, load treeLoader, from, to string) ([]string, error) {
	d := &differ{load: load}
	if from != to {
		if err := d.trees(ctx, "", from, to); err != nil {
			return nil, err
		}
	}
	slices.Sort(d.paths)
	return slices.Compact(d.paths), nil
}

// trees compares two trees below dir. An empty hash is an empty tree.
func (d *differ) trees(ctx context.Context, dir, from, to string) error {
	before, err := d.entries(ctx, dir, from)
	if err != nil {
		return err
	}
	after, err := d.entries(ctx, dir, to)
	if err != nil {
		return err
	}
	for name, b := range before {
		if a := after[name]; a != b {
			if err := d.entry(ctx, path.Join(dir, name), b, a); err != nil {
				return err
			}
		}
	}
	for name, a := range after {
		if _, known := before[name]; !known {
			if err := d.entry(ctx, path.Join(dir, name), treeEntry{}, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry compares what one name stands for; the zero entry stands for nothing.
func (d *differ) entry(ctx context.Context, name string, from, to treeEntry) error {
	var fromTree, toTree string
	if from.kind() == modeTree {
		fromTree = from.hash
	}
	if to.kind() == modeTree {
		toTree = to.hash
	}
	isFile := from.mode != 0 && fromTree == "" || to.mode != 0 && toTree == ""
	if isFile {
		if len(d.paths) >= maxChanged {
			return model.Errorf(model.CodeExhausted, "more than %d paths differ", maxChanged)
		}
		d.paths = append(d.paths, name)
	}
	if fromTree == toTree {
		return nil
	}
	return d.trees(ctx, name, fromTree, toTree)
}

func (d *differ) entries(ctx context.Context, dir, hash string) (map[string]treeEntry, error) {
	if hash == "" {
		return map[string]treeEntry{}, nil
	}
	if depth(dir) > maxDepth {
		return nil, model.Errorf(model.CodeExhausted, "directories are nested more than %d deep", maxDepth)
	}
	list, err := d.load(ctx, hash)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]treeEntry, len(list))
	for _, e := range list {
		byName[e.name] = e
	}
	return byName, nil
}

// depth counts the elements of a path.
func depth(dir string) int {
	n := 0
	for i := range len(dir) {
		if dir[i] == '/' {
			n++
		}
	}
	return n
}
