package gittest

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

func testSnapshotFS(t *testing.T, h Harness) {
	files := map[string]string{
		"app/app.pipecd.yaml": "kind: ECSApp\n", "app/taskdef.yaml": "", "app.txt": "x", "app-2/a b/ü \"q\".yaml": "odd",
		"-n": "dash", "deep/er/and/deeper": "d", ".gitattributes": "* text eol=crlf filter=evil export-ignore export-subst\n",
		"crlf": "a\r\nb\n", "subst": "$Format:%H$\n", "new\nline": "n",
	}
	hash := h.Remote.Commit(t, mainBranch, Change{Write: files})
	fetch(t, h.Source, h.Repository)
	snap := snapshot(t, h.Source, h.Repository, hash)
	var names []string
	for name, want := range files {
		names = append(names, name)
		if b, err := snap.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("ReadFile(%q) = %q, %v; want %q", name, b, err, want)
		}
		if info, err := snap.Stat(name); err != nil || info.Size() != int64(len(want)) || !info.Mode().IsRegular() {
			t.Errorf("Stat(%q) = %v, %v", name, info, err)
		}
	}
	if err := fstest.TestFS(snap, names...); err != nil {
		t.Errorf("the snapshot is no proper file system: %v", err)
	}
	if got := snap.Commit(); got.Hash != hash || got.Author != Author || got.Branch != mainBranch {
		t.Errorf("Commit() = %+v", got)
	}
}

func testSnapshotImmutable(t *testing.T, h Harness) {
	first := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"d/f": "1"}})
	fetch(t, h.Source, h.Repository)
	snap := snapshot(t, h.Source, h.Repository, first)
	h.Remote.Commit(t, mainBranch, Change{Orphan: true, Write: map[string]string{"d/f": "2"}})
	fetch(t, h.Source, h.Repository)
	if b, err := snap.ReadFile("d/f"); err != nil || string(b) != "1" {
		t.Errorf("ReadFile of an older snapshot = %q, %v; want 1", b, err)
	}
}

func testSnapshotRefuses(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{
		Write:     map[string]string{"dir/file": "1"},
		Link:      map[string]string{"dir/passwd": "/etc/passwd", "dir/up": "../..", "dir/here": "file"},
		Submodule: map[string]string{"mod": "one"},
	})
	fetch(t, h.Source, h.Repository)
	snap := snapshot(t, h.Source, h.Repository, hash)
	tests := []struct {
		name     string
		code     model.Code
		is       error
		sentence string
	}{
		{"dir/passwd", model.CodeInvalid, nil, "symbolic link"},
		{"dir/here", model.CodeInvalid, nil, "symbolic link"},
		{"dir/up/dir/file", model.CodeInvalid, nil, "dir/up is a symbolic link"},
		{"mod", model.CodeInvalid, nil, "submodule"},
		{"mod/file", model.CodeInvalid, nil, "submodule"},
		{"dir/none", model.CodeNotFound, fs.ErrNotExist, "dir/none"},
		{"none/none", model.CodeNotFound, fs.ErrNotExist, "none/none"},
		{"dir/file/none", model.CodeNotFound, fs.ErrNotExist, "dir/file/none"},
		{strings.Repeat("d/", 2000) + "f", model.CodeNotFound, fs.ErrNotExist, "d/d"},
		{"../etc/passwd", model.CodeInvalid, fs.ErrInvalid, "relative to its root"},
		{"/etc/passwd", model.CodeInvalid, fs.ErrInvalid, "relative to its root"},
		{"dir/../dir/file", model.CodeInvalid, fs.ErrInvalid, "relative to its root"},
		{"", model.CodeInvalid, fs.ErrInvalid, "relative to its root"},
	}
	for _, tt := range tests {
		_, openErr := snap.Open(tt.name)
		_, readErr := snap.ReadFile(tt.name)
		_, listErr := snap.ReadDir(tt.name)
		_, statErr := snap.Stat(tt.name)
		for call, err := range map[string]error{"Open": openErr, "ReadFile": readErr, "ReadDir": listErr, "Stat": statErr} {
			wantError(t, call+" "+tt.name, err, tt.code, tt.sentence)
			var pathErr *fs.PathError
			if !errors.As(err, &pathErr) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%s(%.40q): error %v, want a PathError with %v in the chain", call, tt.name, err, tt.is)
			}
		}
	}
	_, err := snap.ReadFile("dir")
	wantError(t, "ReadFile of a directory", err, model.CodeInvalid, "directory")
	_, err = snap.ReadDir("dir/file")
	wantError(t, "ReadDir of a file", err, model.CodeInvalid, "not a directory")
	if b, err := snap.ReadFile("dir/file"); err != nil || string(b) != "1" {
		t.Errorf("ReadFile after refusals = %q, %v", b, err)
	}
}

func testSnapshotLargeFile(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{
		"huge": strings.Repeat("h", git.MaxFileSize+1), "limit": strings.Repeat("l", git.MaxFileSize), "small": "s",
	}})
	fetch(t, h.Source, h.Repository)
	snap := snapshot(t, h.Source, h.Repository, hash)
	_, err := snap.ReadFile("huge")
	wantError(t, "ReadFile", err, model.CodeExhausted, "10485761 bytes")
	_, err = snap.Open("huge")
	wantError(t, "Open", err, model.CodeExhausted, "10485761 bytes")
	if info, err := snap.Stat("huge"); err != nil || info.Size() != git.MaxFileSize+1 {
		t.Errorf("Stat of a large file = %v, %v", info, err)
	}
	if b, err := snap.ReadFile("limit"); err != nil || len(b) != git.MaxFileSize {
		t.Errorf("ReadFile of a file at the limit: %d bytes, %v", len(b), err)
	}
	if b, err := snap.ReadFile("small"); err != nil || string(b) != "s" {
		t.Errorf("ReadFile after a large file = %q, %v", b, err)
	}
}

func testSnapshotClosed(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{Write: map[string]string{"f": "1"}})
	fetch(t, h.Source, h.Repository)
	snap, other := snapshot(t, h.Source, h.Repository, hash), snapshot(t, h.Source, h.Repository, hash)
	for range 2 {
		if err := snap.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := snap.ReadFile("f"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadFile of a closed snapshot: %v, want fs.ErrClosed", err)
	}
	if _, err := other.ReadFile("f"); err != nil {
		t.Errorf("closing one snapshot closed another: %v", err)
	}
}

func testFind(t *testing.T, h Harness) {
	hash := h.Remote.Commit(t, mainBranch, Change{
		Write: map[string]string{
			"b/app.pipecd.yaml": "", "a/x/app.pipecd.yaml": "", "a/x/app.yaml": "", "app.pipecd.yaml": "", "c/d.pipecd.yaml/f": "",
		},
		Link:      map[string]string{"a/link.pipecd.yaml": "x/app.pipecd.yaml", "a/loop": "."},
		Submodule: map[string]string{"mod.pipecd.yaml": "one"},
	})
	fetch(t, h.Source, h.Repository)
	snap := snapshot(t, h.Source, h.Repository, hash)
	for dir, want := range map[string][]string{
		".": {"a/x/app.pipecd.yaml", "app.pipecd.yaml", "b/app.pipecd.yaml"},
		"a": {"a/x/app.pipecd.yaml"},
		"c": nil,
	} {
		got, err := git.Find(t.Context(), snap, dir, ".pipecd.yaml")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Find(%q): %v (-want +got):\n%s", dir, err, diff)
		}
	}
	_, err := git.Find(t.Context(), snap, "none", "")
	wantError(t, "Find", err, model.CodeNotFound, "none")
}
