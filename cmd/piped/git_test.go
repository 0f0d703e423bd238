package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

// TestGitOverSSHAsConfigured: what the piped file says under git is what ssh
// uses, against a real server.
func TestGitOverSSHAsConfigured(t *testing.T) {
	t.Parallel()
	server := gittest.StartSSH(t)
	bare := gittest.NewBare(t)
	want := bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	dir := t.TempDir()
	known, stranger := filepath.Join(dir, "known_hosts"), filepath.Join(dir, "stranger")
	if err := os.WriteFile(known, []byte(server.KnownHosts(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody := filepath.Join(dir, "nobody")
	if err := os.WriteFile(nobody, []byte("# nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	gittest.WriteKeyPair(t, stranger, "\n", 0o600)

	for name, tt := range map[string]struct {
		key, known string
		code       model.Code // "" is success
		says       string
	}{
		"key and known hosts": {server.ClientKey, known, "", ""},
		"another key":         {stranger, known, model.CodePermissionDenied, stranger},
		"another known hosts": {server.ClientKey, nobody, model.CodeFailedPrecondition, nobody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, repo := openConfigured(t, tt.key, tt.known, server.Remote(bare))
			err := source.Fetch(t.Context(), repo)
			if tt.code != "" {
				if model.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n") {
					t.Errorf("Fetch() = %v, want code %s, one line, and %q", err, tt.code, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c, err := source.Commit(t.Context(), repo, want); err != nil || c.Hash != want {
				t.Errorf("Commit() = %+v, %v", c, err)
			}
		})
	}
}

// openConfigured opens what a piped file says under git.
func openConfigured(t *testing.T, key, known, remote string) (git.Source, git.Repository) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "piped.yaml")
	text := fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: dev
  pipedID: piped-1
  pipedKeyData: c2VzYW1l
  apiAddress: pipecd.example.com:443
  git: {sshKeyFile: %q, knownHostsFile: %q}
  repositories: [{repoId: shop, remote: %q, branch: main}]
`, key, known, remote)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	cfg, err := loadConfig(t.Context(), runFlags{configFile: file}, io.Discard, logger)
	if err != nil {
		t.Fatal(err)
	}
	source, err := openGit(cfg, t.TempDir(), logger, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	})
	r := cfg.Repositories[0]
	return source, git.Repository{ID: r.RepoID, Remote: r.Remote, Branch: r.Branch}
}
