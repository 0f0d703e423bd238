package agent

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

func TestRecordedFiles(t *testing.T) {
	t.Parallel()
	c := newCapture(fstest.MapFS{
		"web/app.pipecd.yaml": {Data: []byte("kind: ECSApp\n")}, "web/taskdef.yaml": {Data: []byte{0xff, 0}}, "unread": {Data: []byte("x")},
	})
	for _, name := range []string{"web/app.pipecd.yaml", "web/taskdef.yaml", "web/app.pipecd.yaml"} {
		if _, err := fs.ReadFile(c, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fs.ReadFile(c, "missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	packed, err := c.pack()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(tree, "web/taskdef.yaml"); err != nil || string(data) != "\xff\x00" {
		t.Errorf("read %q, %v", data, err)
	}
	for _, name := range []string{"unread", "missing", "web"} {
		if _, err := fs.ReadFile(tree, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s, which was not read: %v", name, err)
		}
	}
}

func TestTooMuchIsNotRecorded(t *testing.T) {
	t.Parallel()
	noise := make([]byte, maxRecorded)
	_, _ = rand.Read(noise) // never fails
	for name, data := range map[string][]byte{"noise": noise, "zeros": make([]byte, maxUnpacked)} {
		c := newCapture(fstest.MapFS{"f": {Data: data}})
		if _, err := fs.ReadFile(c, "f"); err != nil {
			t.Fatal(err)
		}
		if packed, err := c.pack(); model.CodeOf(err) != model.CodeExhausted || packed != "" {
			t.Errorf("%s: %d bytes, %v", name, len(packed), err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	packed, err := newCapture(fstest.MapFS{}).pack()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "x", packed, packed[:len(packed)/2], strings.Repeat("A", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, packed string) {
		if _, err := unpack(packed); err != nil && model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("code %s", model.CodeOf(err))
		}
	})
}

// TestVanishedCommit: the sentence says what is gone and what that leaves.
func TestVanishedCommit(t *testing.T) {
	t.Parallel()
	d := &model.Deployment{ID: "d", GitPath: model.GitPath{Repo: model.GitRepository{ID: "shop"}}, Metadata: map[string]string{}}
	d.Trigger.Commit.Hash = "abc"
	gone := model.Wrap(model.CodeNotFound, git.ErrUnknownCommit, "commit abc")
	for name, tt := range map[string]struct {
		steps, files string
		says         string
	}{
		"before anything was done": {"", "", "nothing had been changed yet"},
		"after something was done": {`{"version":1,"steps":{"preflight":{}}}`, "", "cannot be rolled back without its files"},
		"with a damaged record":    {`{"version":1,"steps":{"preflight":{}}}`, "????", "cannot be rolled back without its files"},
	} {
		d.Metadata["pipecd-steps"], d.Metadata[metadataFiles] = tt.steps, tt.files
		tree, err := vanished(d, gone)
		if tree != nil || model.CodeOf(err) != model.CodeNotFound {
			t.Fatalf("%s: %v, %v", name, tree, err)
		}
		if says := err.Error() + leftBehind(d); !strings.Contains(says, tt.says) || !strings.Contains(says, `commit abc is gone`) {
			t.Errorf("%s: %q, want %q", name, says, tt.says)
		}
	}
}
