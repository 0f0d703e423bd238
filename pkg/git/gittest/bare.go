package gittest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bare is a bare repository on disk, written with the git program. Neither the
// user's configuration nor the environment has any influence on it. It is safe
// for concurrent use.
type Bare struct {
	// Path is the repository's directory. It ends in ".git".
	Path string

	mu   sync.Mutex
	long bool // hashes are SHA-256
}

var _ Remote = (*Bare)(nil)

// NewBare makes an empty repository in a directory that goes with the test.
// args are for "git init", such as "--object-format=sha256".
func NewBare(t testing.TB, args ...string) *Bare {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("no git on this machine: %v", err)
	}
	b := &Bare{Path: filepath.Join(t.TempDir(), "remote.git")}
	b.run(t, "", append([]string{"init", "--quiet", "--bare", "--template=", b.Path}, args...)...)
	b.long = b.git(t, "", "rev-parse", "--show-object-format") == "sha256"
	return b
}

// Commit implements Remote.
func (b *Bare) Commit(t testing.TB, branch string, c Change) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.git(t, b.stream(branch, c, b.has(t, branch)), "fast-import", "--quiet", "--force")
	return b.git(t, "", "rev-parse", "refs/heads/"+branch)
}

// Push implements Remote.
func (b *Bare) Push(t testing.TB, branch, hash string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.git(t, "", "update-ref", "refs/heads/"+branch, hash)
}

// DeleteBranch implements Remote.
func (b *Bare) DeleteBranch(t testing.TB, branch string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.git(t, "", "update-ref", "-d", "refs/heads/"+branch)
}

// Forget deletes every object no branch leads to.
func (b *Bare) Forget(t testing.TB) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.git(t, "", "gc", "--quiet", "--prune=now")
}

// has reports whether the branch exists.
func (b *Bare) has(t testing.TB, branch string) bool {
	t.Helper()
	return b.git(t, "", "for-each-ref", "refs/heads/"+branch) != ""
}

// git runs git in the repository and returns what it printed.
func (b *Bare) git(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	return b.run(t, stdin, append([]string{"--git-dir=" + b.Path}, args...)...)
}

func (b *Bare) run(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Dir(b.Path), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
	}
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, stderr.String())
	}
	return strings.TrimSpace(stdout.String())
}

// stream writes the change in the language of git fast-import.
func (b *Bare) stream(branch string, c Change, exists bool) string {
	if c.Message == "" {
		c.Message = "change"
	}
	if c.At.IsZero() {
		c.At = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	}
	var s strings.Builder
	if c.Orphan {
		fmt.Fprintf(&s, "reset refs/heads/%s\n\n", branch)
	}
	fmt.Fprintf(&s, "commit refs/heads/%s\n", branch)
	for _, role := range []string{"author", "committer"} {
		fmt.Fprintf(&s, "%s %s <ada@example.com> %d +0900\n", role, Author, c.At.Unix())
	}
	fmt.Fprintf(&s, "data %d\n%s\n", len(c.Message), c.Message)
	if exists && !c.Orphan {
		fmt.Fprintf(&s, "from refs/heads/%s^0\n", branch)
	}
	for _, name := range c.Remove {
		fmt.Fprintf(&s, "D %s\n", quote(name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Write)) {
		fmt.Fprintf(&s, "M 100644 inline %s\ndata %d\n%s\n", quote(name), len(c.Write[name]), c.Write[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Link)) {
		fmt.Fprintf(&s, "M 120000 inline %s\ndata %d\n%s\n", quote(name), len(c.Link[name]), c.Link[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Submodule)) {
		fmt.Fprintf(&s, "M 160000 %s %s\n", b.foreign(c.Submodule[name]), quote(name))
	}
	return s.String()
}

// foreign makes a commit hash of another repository.
func (b *Bare) foreign(version string) string {
	sum := sha256.Sum256([]byte(version))
	if b.long {
		return hex.EncodeToString(sum[:])
	}
	return hex.EncodeToString(sum[:20])
}

// quote writes a path as a C string with octal escapes.
func quote(name string) string {
	var s strings.Builder
	s.WriteByte('"')
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			fmt.Fprintf(&s, `\%03o`, c)
		} else {
			s.WriteByte(c)
		}
	}
	s.WriteByte('"')
	return s.String()
}
