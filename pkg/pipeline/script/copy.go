package script

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pipecd/pkg/model"
	"pipecd/pkg/platform"
)

// Limits of the copy of an application's directory.
const (
	maxFiles = 20_000
	maxBytes = 256 << 20
)

// checkout copies tree into the new private directory dir, which remove removes.
// What a killed agent left of the same step is removed first.
func checkout(ctx context.Context, tree fs.FS, dir string, log platform.Log) (remove func(), err error) {
	const private = 0o700
	remove = func() {
		if err := os.RemoveAll(dir); err != nil {
			log.Errorf("The copy of the application's directory could not be removed: %s", err)
		}
	}
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, private)); err != nil {
		return func() {}, model.Errorf(model.CodeFailedPrecondition, "no directory could be made for the script: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return remove, model.Wrap(model.CodeInternal, err, "opening the script's directory")
	}
	c := &copying{root: root, tree: tree}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		return c.entry(name, entry)
	})
	if c.left > 0 {
		log.Infof("%d symbolic link(s) or submodule(s) of the application's directory are not in the copy", c.left)
	}
	return remove, errors.Join(err, root.Close())
}

// copying is a copy under way.
type copying struct {
	root  *os.Root
	tree  fs.FS
	files int
	bytes int64
	left  int // entries that are neither files nor directories
}

func (c *copying) entry(name string, entry fs.DirEntry) error {
	const anyone, owner = 0o111, 0o600
	switch {
	case name == ".":
		return nil
	case entry.IsDir():
		return c.root.Mkdir(filepath.FromSlash(name), 0o700)
	case !entry.Type().IsRegular():
		c.left++
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	c.files++
	c.bytes += info.Size()
	if c.files > maxFiles || c.bytes > maxBytes {
		return model.Errorf(model.CodeExhausted, "the application's directory is too large to be copied for a script: at most %d files of together %d MiB are", maxFiles, maxBytes>>20)
	}
	data, err := fs.ReadFile(c.tree, name)
	if err != nil {
		return err
	}
	mode := os.FileMode(owner)
	if info.Mode()&anyone != 0 {
		mode = 0o700
	}
	return c.root.WriteFile(filepath.FromSlash(name), data, mode)
}
