package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pipecd/pkg/model"
)

// Names of the files that are looked for.
const (
	suffix    = ".pipecd.yaml" // application files; app.pipecd.yaml is one
	legacy    = ".pipe.yaml"   // an application file of old
	templates = ".pipe"        // the directory of a repository's analysis templates
)

// Limits of one run. A directory may be anything, the root of a disk included.
const (
	maxEntries = 1_000_000 // looked at in directories
	maxDepth   = 64        // directories below each other
	maxFiles   = 10_000    // found in directories
)

// path checks a file, or all that a directory has.
func (c *checker) path(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.problem(clean(name), "there is no such file or directory", "")
		return nil
	case err != nil:
		c.problem(clean(name), "cannot be looked at: "+reason(err), "")
		return nil
	case !info.IsDir():
		c.file(clean(name), true)
		return nil
	}
	before := c.found
	if err := c.directory(ctx, clean(name), 0); err != nil {
		return err
	}
	if c.found == before && !c.stopped {
		c.problem(clean(name), "there is no application file in this directory, or below it",
			"the names of application files end in "+suffix+"; name a file with another name itself")
	}
	return nil
}

// directory looks for files of ours.
func (c *checker) directory(ctx context.Context, dir string, depth int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.problem(dir, "the directory cannot be read: "+reason(err), "")
		return nil
	}
	for _, e := range entries {
		c.walked++
		name := clean(filepath.Join(dir, e.Name()))
		switch {
		case c.stopped:
			return nil
		case c.walked > maxEntries || c.found >= maxFiles:
			c.stopped = true
			c.problem(dir, fmt.Sprintf("the search stopped here: it looks at no more than %d files and checks no more than %d of them", maxEntries, maxFiles),
				"name the directories that have applications")
			return nil
		case e.IsDir() && e.Name() == gitDir:
		case e.IsDir() && depth == maxDepth:
			c.problem(name, fmt.Sprintf("the directory is more than %d levels deep and was not searched", maxDepth), "name it itself")
		case e.IsDir():
			if err := c.directory(ctx, name, depth+1); err != nil {
				return err
			}
		case wanted(filepath.Base(dir), e.Name()):
			c.found++
			c.file(name, false)
		}
	}
	return nil
}

// wanted reports whether the file is one of ours by its name.
func wanted(dir, name string) bool {
	if dir == templates {
		switch filepath.Ext(name) {
		case ".yaml", ".yml", ".json":
			return true
		}
	}
	return strings.HasSuffix(name, suffix) || name == legacy || name == model.DefaultConfigFilename
}
