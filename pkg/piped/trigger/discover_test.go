package trigger

import (
	"slices"
	"testing"
)

// Each head is looked at once for what nobody added, after the deployments it
// asks for, and also when the repository has no application.
func TestDiscover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var seen []string
	options := w.options(w.source)
	options.Discover = func(head string) { seen = append(seen, head) }
	w.repo = New(options)
	w.commit(appFiles("a", ""))
	for range 2 {
		w.look("")
	}
	w.commit(touch("a", "1"))
	w.look("")
	w.cp.apps["a"] = app("a")
	w.look("a@1")
	if !slices.Equal(seen, w.commits) {
		t.Errorf("looked at %v of %v", seen, w.commits)
	}
}
