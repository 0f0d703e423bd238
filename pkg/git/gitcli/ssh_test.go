package gitcli_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

func writeFile(t *testing.T, name, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTransferSSH(t *testing.T) {
	t.Parallel()
	server := gittest.StartSSH(t)
	gittest.RunTransfer(t, func(t *testing.T) gittest.Harness {
		t.Helper()
		bare := gittest.NewBare(t)
		return harness(t, bare, server.Remote(bare), gitcli.Options{SSHKeyFile: server.ClientKey})
	})
}

func TestSSHHostKeys(t *testing.T) {
	t.Parallel()
	server := gittest.StartSSH(t)
	bare := gittest.NewBare(t)
	want := bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	repo := git.Repository{ID: "infra", Remote: server.Remote(bare), Branch: "main"}
	known := filepath.Join(t.TempDir(), "known hosts 100%d") // a name to quote
	writeFile(t, known, server.KnownHosts(t), 0o600)
	empty := filepath.Join(t.TempDir(), "empty")
	writeFile(t, empty, "", 0o600)
	other := filepath.Join(t.TempDir(), "key")
	gittest.WriteKeyPair(t, other, "\n", 0o600)
	changed := filepath.Join(t.TempDir(), "changed")
	pub := strings.Fields(readFile(t, other+".pub"))
	writeFile(t, changed, fmt.Sprintf("[127.0.0.1]:%d %s %s\n", server.Port, pub[0], pub[1]), 0o600)

	tests := map[string]struct {
		options  gitcli.Options
		code     model.Code // "" is success
		sentence string
	}{
		"given hosts":   {gitcli.Options{SSHKeyFile: server.ClientKey, KnownHostsFile: known}, "", ""},
		"key as data":   {gitcli.Options{SSHKeyData: []byte(strings.ReplaceAll(readFile(t, server.ClientKey), "\n", "\r\n"))}, "", ""},
		"unknown host":  {gitcli.Options{SSHKeyFile: server.ClientKey, KnownHostsFile: empty}, model.CodeFailedPrecondition, "is not in " + empty},
		"changed host":  {gitcli.Options{SSHKeyFile: server.ClientKey, KnownHostsFile: changed}, model.CodeFailedPrecondition, changed},
		"other key":     {gitcli.Options{SSHKeyFile: other}, model.CodePermissionDenied, other},
		"host is alias": {gitcli.Options{SSHKeyFile: server.ClientKey, SSHHost: "alias.invalid", SSHHostName: "127.0.0.1"}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.Dir = filepath.Join(t.TempDir(), "data dir 100%d 'q'")
			src := open(t, tt.options)
			repo := repo
			if tt.options.SSHHost != "" {
				repo.Remote = strings.Replace(repo.Remote, "127.0.0.1", tt.options.SSHHost, 1)
			}
			got, err := src.Head(t.Context(), repo)
			if tt.code == "" && (err != nil || got != want) {
				t.Fatalf("Head() = %q, %v; want %s", got, err, want)
			}
			if tt.code != "" && (err == nil || model.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.sentence)) {
				t.Fatalf("Head() error %v, want code %s and %q", err, tt.code, tt.sentence)
			}
		})
	}
}

func TestSSHFirstContactIsRecorded(t *testing.T) {
	t.Parallel()
	server := gittest.StartSSH(t)
	bare := gittest.NewBare(t)
	bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	repo := git.Repository{ID: "infra", Remote: server.Remote(bare), Branch: "main"}
	dir := t.TempDir()
	src := open(t, gitcli.Options{Dir: dir, SSHKeyFile: server.ClientKey})
	if _, err := src.Head(t.Context(), repo); err != nil {
		t.Fatal(err)
	}
	hosts := filepath.Join(dir, "known_hosts")
	if !strings.Contains(readFile(t, hosts), fmt.Sprintf("[127.0.0.1]:%d ", server.Port)) {
		t.Errorf("the host key was not recorded: %q", readFile(t, hosts))
	}
	gittest.WriteKeyPair(t, filepath.Join(dir, "x"), "\n", 0o600)
	pub := strings.Fields(readFile(t, filepath.Join(dir, "x.pub")))
	writeFile(t, hosts, fmt.Sprintf("[127.0.0.1]:%d %s %s\n", server.Port, pub[0], pub[1]), 0o600)
	if _, err := src.Head(t.Context(), repo); model.CodeOf(err) != model.CodeFailedPrecondition || !strings.Contains(err.Error(), hosts) {
		t.Errorf("Head with another host key: %v, want failed_precondition and %s", err, hosts)
	}
	repo.Remote += ".missing"
	writeFile(t, hosts, "", 0o600)
	if _, err := src.Head(t.Context(), repo); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("Head of a missing repository over ssh: %v, want not_found", err)
	}
}

func TestSSHKeyCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(t.TempDir(), "key")
	gittest.WriteKeyPair(t, key, "", 0o644)
	src := open(t, gitcli.Options{Dir: dir, SSHKeyFile: key})
	copied := filepath.Join(dir, "ssh_key")
	info, err := os.Stat(copied)
	if err != nil || info.Mode() != 0o600 || readFile(t, copied) != readFile(t, key)+"\n" {
		t.Errorf("the copy of the key: %v, %v", info, err)
	}
	if info, err = os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v; want mode 0700", info, err)
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy of the key is still there after Close: %v", err)
	}
}
