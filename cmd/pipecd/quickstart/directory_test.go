package quickstart

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	first, err := openDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"piped.log", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err = openDirectory(dir)
	if err == nil || errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), "quickstart="+strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want one that names the directory and who uses it", err)
	}
	first.close()
	second, err := openDirectory(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer second.close()
	if _, err := os.Stat(filepath.Join(dir, "piped.log")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an earlier quickstart's log is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Errorf("a file that is not the quickstart's is gone: %v", err)
	}
}

func TestForeignDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDirectory(dir); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want a refusal that names the directory", err)
	}
}

func TestTemporaryDirectory(t *testing.T) {
	t.Parallel()
	d, err := openDirectory("")
	if err != nil {
		t.Fatal(err)
	}
	d.close()
	if _, err := os.Stat(d.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
