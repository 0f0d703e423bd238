package quickstart

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// repository is the sample Git repository: a bare one that the agent watches,
// and a work tree to commit in.
type repository struct {
	bare string
	work string
}

// newRepository makes an empty repository below dir.
func newRepository(ctx context.Context, dir string) (*repository, error) {
	r := &repository{bare: filepath.Join(dir, "sample.git"), work: filepath.Join(dir, "sample")}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--initial-branch=main", r.bare},
		{"clone", "--quiet", r.bare, r.work},
	} {
		if err := r.git(ctx, dir, args...); err != nil {
			return nil, err
		}
	}
	err := r.git(ctx, r.work, "checkout", "--quiet", "-B", "main")
	return r, err
}

// remote is the address the agent is given.
func (r *repository) remote() string { return "file://" + r.bare }

// release commits the files and pushes them.
func (r *repository) release(ctx context.Context, message string, files map[string]string) error {
	const private = 0o600
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(r.work, name), []byte(text), private); err != nil {
			return fmt.Errorf("writing the sample application: %w", err)
		}
	}
	for _, args := range [][]string{
		{"add", "--all"},
		{"commit", "--quiet", "--allow-empty", "--message", message},
		{"push", "--quiet", "origin", "main"},
	} {
		if err := r.git(ctx, r.work, args...); err != nil {
			return err
		}
	}
	return nil
}

// git runs the git program without the user's configuration.
func (r *repository) git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=quickstart", "GIT_AUTHOR_EMAIL=quickstart@example.com",
		"GIT_COMMITTER_NAME=quickstart", "GIT_COMMITTER_EMAIL=quickstart@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("git %s in the sample repository: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
