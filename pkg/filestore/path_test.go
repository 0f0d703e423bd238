package filestore_test

import (
	"io/fs"
	"strings"
	"testing"

	"pipecd/pkg/filestore"
	"pipecd/pkg/model"
)

func FuzzCheckPath(f *testing.F) {
	for _, seed := range []string{"", "a", "a/b", "/a", "a/", "a//b", "..", "a/../b", ".", "a\x00", "a\\b", "é/😀", "\xff", strings.Repeat("a/", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		err := filestore.CheckPath(path)
		if err != nil {
			if model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("code %q", model.CodeOf(err))
			}
			return
		}
		if !fs.ValidPath(path) || path == "." || strings.ContainsRune(path, 0) {
			t.Errorf("%q was accepted", path)
		}
		if err := filestore.CheckList(path, 1); err != nil {
			t.Errorf("%q is a path but no prefix: %v", path, err)
		}
	})
}
