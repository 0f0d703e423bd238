package quickstart

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// The environment's program is looked at before anything starts.
func TestNamedAgent(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "piped")
	t.Setenv("PIPED_BINARY", missing)
	if _, err := findAgent(); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v, want one that names the program", err)
	}
	t.Setenv("PIPED_BINARY", "sh")
	if path, err := findAgent(); err != nil || !filepath.IsAbs(path) {
		t.Errorf("got %q, %v for a program on the path", path, err)
	}
}
