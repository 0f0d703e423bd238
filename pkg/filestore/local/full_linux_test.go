package local_test

import (
	"strings"
	"syscall"
	"testing"

	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
)

// TestFullDisk writes to a real file system without space.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	store, err := local.Open(dir)
	must(t, err)
	defer func() { must(t, store.Close()) }()
	must(t, store.Put(t.Context(), "x", []byte("kept")))
	err = store.Put(t.Context(), "x", make([]byte, 1<<20))
	if model.CodeOf(err) != model.CodeExhausted || !strings.Contains(err.Error(), "free space") {
		t.Errorf("a full disk: %v", err)
	}
	if got, err := store.Get(t.Context(), "x"); err != nil || string(got) != "kept" {
		t.Errorf("the old content became %q, %v", got, err)
	}
	must(t, store.Put(t.Context(), "y", []byte("there is space again"))) // the failed write left nothing
}
