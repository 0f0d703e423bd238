package filestore_test

import (
	"strings"
	"testing"

	"pipecd/pkg/filestore"
)

func FuzzElement(f *testing.F) {
	for _, seed := range []string{"", "a", "..", "a/b", "_a", "\xff", strings.Repeat("a", 300)} {
		f.Add(seed, seed+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x := filestore.Element(a)
		if err := filestore.CheckPath(x); err != nil || strings.Contains(x, "/") {
			t.Errorf("%q became %q: %v", a, x, err)
		}
		if a != b && x == filestore.Element(b) {
			t.Errorf("%q and %q have one element", a, b)
		}
	})
}
