package trigger

import (
	"path"
	"pipecd/pkg/config"
	"slices"
	"strings"
)

// rules are what one application's file says about commits.
type rules struct {
	disabled bool
	paths    Patterns              // also trigger, outside the application's directory
	ignores  Patterns              // never trigger
	during   config.WhileDeploying // what becomes of a commit while a deployment is under way
}

// index finds the applications that a set of changed paths concerns.
type index struct {
	byDir   map[string][]string // directory → application ids; "." is the root
	extra   []string            // applications with patterns of their own, looked at for every change
	dirs    map[string]string   // application id → directory
	ruleset map[string]rules
}

func newIndex() *index {
	return &index{byDir: map[string][]string{}, dirs: map[string]string{}, ruleset: map[string]rules{}}
}

// put adds or replaces an application.
func (x *index) put(id, dir string, r rules) {
	x.remove(id)
	dir = path.Clean(dir)
	x.byDir[dir] = append(x.byDir[dir], id)
	x.dirs[id] = dir
	x.ruleset[id] = r
	if !r.paths.Empty() {
		x.extra = append(x.extra, id)
	}
}

// remove forgets an application.
func (x *index) remove(id string) {
	dir, ok := x.dirs[id]
	if !ok {
		return
	}
	is := func(other string) bool { return other == id }
	if x.byDir[dir] = slices.DeleteFunc(x.byDir[dir], is); len(x.byDir[dir]) == 0 {
		delete(x.byDir, dir)
	}
	x.extra = slices.DeleteFunc(x.extra, is)
	delete(x.dirs, id)
	delete(x.ruleset, id)
}

// concerned returns the ids of the applications that the changed paths ask to
// deploy, in a stable order.
func (x *index) concerned(changed []string) []string {
	found := map[string]bool{}
	for _, name := range changed {
		for dir := name; dir != "." && dir != "/"; {
			dir = path.Dir(dir)
			for _, id := range x.byDir[dir] {
				if !found[id] && x.asks(id, name) {
					found[id] = true
				}
			}
		}
		for _, id := range x.extra {
			if !found[id] && x.asks(id, name) {
				found[id] = true
			}
		}
	}
	ids := make([]string, 0, len(found))
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// asks reports whether the change of one path asks to deploy the application. A
// path that is ignored does not, but it does not keep others from asking.
func (x *index) asks(id, name string) bool {
	r := x.ruleset[id]
	if r.disabled || r.ignores.Match(name) {
		return false
	}
	return within(x.dirs[id], name) || r.paths.Match(name)
}

// within reports whether the path lies in the directory.
func within(dir, name string) bool {
	return dir == "." || strings.HasPrefix(name, dir+"/")
}
