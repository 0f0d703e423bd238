package sqlite_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/model"
)

// TestFullDisk writes to a real file system until it has no space.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "db")})
	must(t, err)
	defer func() { must(t, store.Close()) }()
	var last string
	for i := range 100 {
		id := strconv.Itoa(i)
		if err = store.AddProject(t.Context(), &model.Project{ID: id, Description: strings.Repeat("x", 200_000)}); err != nil {
			break
		}
		last = id
	}
	if model.CodeOf(err) != model.CodeExhausted || !strings.Contains(err.Error(), "free space") {
		t.Errorf("a full disk: %v", err)
	}
	if _, err := store.GetProject(t.Context(), last); err != nil {
		t.Errorf("what was written before is gone: %v", err)
	}
}
