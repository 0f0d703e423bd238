package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// place is where a file is.
type place struct {
	absolute string
	tree     *tree  // of the repository it is in
	name     string // in that repository
	root     string // of the repository, absolute
	here     string // what names are shown relative to, "" to show them absolute
}

// shown is how a name of the repository is shown: so that whoever called can
// open it.
func (p place) shown(name string) string {
	full := filepath.Join(p.root, filepath.FromSlash(name))
	if p.here == "" {
		return clean(full)
	}
	if short, err := filepath.Rel(p.here, full); err == nil {
		return clean(short)
	}
	return clean(full)
}

// places are the repositories that were met, by their absolute paths.
type places map[string]*tree

func (ps places) close() {
	for _, t := range ps {
		_ = t.root.Close() // it was only read
	}
}

// of returns where a file is. Outside of any repository the working directory
// stands for one, or for a file that is not in that either, the file's directory.
func (ps places) of(file string) (place, error) {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return place{}, err
	}
	here, err := os.Getwd()
	if err != nil {
		return place{}, fmt.Errorf("there is no working directory: %w", err)
	}
	root := repository(filepath.Dir(absolute))
	if root == "" {
		root = filepath.Dir(absolute)
		if inside(here, absolute) {
			root = here
		}
	}
	t, ok := ps[root]
	if !ok {
		opened, err := os.OpenRoot(root)
		if err != nil {
			return place{}, err
		}
		t = &tree{root: opened}
		ps[root] = t
	}
	name, err := filepath.Rel(root, absolute)
	if err != nil {
		return place{}, err
	}
	if filepath.IsAbs(file) {
		here = ""
	}
	return place{absolute: absolute, tree: t, name: filepath.ToSlash(name), root: root, here: here}, nil
}

// repository returns the nearest directory above that is a Git repository, ""
// for none.
func repository(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, gitDir)); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return ""
		}
		dir = above
	}
}

func inside(dir, file string) bool {
	name, err := filepath.Rel(dir, file)
	return err == nil && name != ".." && !strings.HasPrefix(name, ".."+string(filepath.Separator))
}
