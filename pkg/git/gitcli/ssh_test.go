package gitcli_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

// sshServer is a real sshd on a free port of the loopback interface, run by and
// for the current user, with keys and configuration of its own. Sessions have
// another home, so that what the user's shell does at its start stays out.
type sshServer struct {
	dir, user string
	port      int
	clientKey string // file with mode 0644 and no line end, as secrets are mounted
}

func (s *sshServer) remote(bare *gittest.Bare) string {
	return fmt.Sprintf("ssh://%s@127.0.0.1:%d%s", s.user, s.port, bare.Path)
}

// knownHosts returns the line by which a client knows the server.
func (s *sshServer) knownHosts(t *testing.T) string {
	t.Helper()
	key := strings.Fields(readFile(t, filepath.Join(s.dir, "host_key.pub")))
	return fmt.Sprintf("[127.0.0.1]:%d %s %s\n", s.port, key[0], key[1])
}

func startSSH(t *testing.T) *sshServer {
	t.Helper()
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if sshd, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Skip("no sshd on PATH or in /usr/sbin; install openssh-server to run this test")
		}
	}
	me, err := user.Current()
	if err != nil {
		t.Skipf("who runs the test is unknown, and sshd needs a user: %v", err)
	}
	if os.Geteuid() == 0 {
		// sshd run by root separates privileges in this directory, which the
		// init script of a distribution would have made.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skipf("sshd run by root needs /run/sshd: %v", err)
		}
	}
	s := &sshServer{dir: t.TempDir(), user: me.Username}
	s.clientKey = filepath.Join(s.dir, "client_key")
	writeKeyPair(t, filepath.Join(s.dir, "host_key"), "\n", 0o600)
	writeKeyPair(t, s.clientKey, "", 0o644)
	s.port = s.serve(t, sshd)
	return s
}

// sshdConfig takes the port and the server's directory.
const sshdConfig = `ListenAddress 127.0.0.1
Port %[1]d
HostKey %[2]s/host_key
AuthorizedKeysFile %[2]s/client_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AcceptEnv GIT_PROTOCOL
SetEnv HOME=%[2]s
MaxStartups 100
LogLevel VERBOSE
`

// serve starts sshd and waits until it listens. The port is chosen by asking
// for a free one; should another process take it first, the next try is made.
func (s *sshServer) serve(t *testing.T, sshd string) int {
	t.Helper()
	var said string
	for range 5 {
		port := freePort(t)
		config := filepath.Join(s.dir, "sshd_config")
		writeFile(t, config, fmt.Sprintf(sshdConfig, port, s.dir), 0o600)
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		cmd := exec.CommandContext(ctx, sshd, "-D", "-e", "-f", config)
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		drained := make(chan struct{})
		stop := func() {
			cancel()
			<-drained
			_ = cmd.Wait() // it was killed
		}
		lines := bufio.NewScanner(stderr)
		for said = ""; lines.Scan(); {
			said += lines.Text() + "\n"
			if strings.Contains(lines.Text(), "Server listening on") {
				go func() {
					defer close(drained)
					for lines.Scan() {
						continue
					}
				}()
				t.Cleanup(stop)
				return port
			}
		}
		close(drained)
		stop()
	}
	t.Fatalf("sshd does not start:\n%s", said)
	return 0
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// writeKeyPair writes name and name.pub.
func writeKeyPair(t *testing.T, name, end string, mode fs.FileMode) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "test")
	if err != nil {
		t.Fatal(err)
	}
	authorized, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, name, strings.TrimSpace(string(pem.EncodeToMemory(block)))+end, mode)
	writeFile(t, name+".pub", string(ssh.MarshalAuthorizedKey(authorized)), 0o600)
}

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
	server := startSSH(t)
	gittest.RunTransfer(t, func(t *testing.T) gittest.Harness {
		t.Helper()
		bare := gittest.NewBare(t)
		return harness(t, bare, server.remote(bare), gitcli.Options{SSHKeyFile: server.clientKey})
	})
}

func TestSSHHostKeys(t *testing.T) {
	t.Parallel()
	server := startSSH(t)
	bare := gittest.NewBare(t)
	want := bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	repo := git.Repository{ID: "infra", Remote: server.remote(bare), Branch: "main"}
	known := filepath.Join(t.TempDir(), "known hosts 100%d") // a name to quote
	writeFile(t, known, server.knownHosts(t), 0o600)
	empty := filepath.Join(t.TempDir(), "empty")
	writeFile(t, empty, "", 0o600)
	other := filepath.Join(t.TempDir(), "key")
	writeKeyPair(t, other, "\n", 0o600)
	changed := filepath.Join(t.TempDir(), "changed")
	pub := strings.Fields(readFile(t, other+".pub"))
	writeFile(t, changed, fmt.Sprintf("[127.0.0.1]:%d %s %s\n", server.port, pub[0], pub[1]), 0o600)

	tests := map[string]struct {
		options  gitcli.Options
		code     model.Code // "" is success
		sentence string
	}{
		"given hosts":   {gitcli.Options{SSHKeyFile: server.clientKey, KnownHostsFile: known}, "", ""},
		"key as data":   {gitcli.Options{SSHKeyData: []byte(strings.ReplaceAll(readFile(t, server.clientKey), "\n", "\r\n"))}, "", ""},
		"unknown host":  {gitcli.Options{SSHKeyFile: server.clientKey, KnownHostsFile: empty}, model.CodeFailedPrecondition, "is not in " + empty},
		"changed host":  {gitcli.Options{SSHKeyFile: server.clientKey, KnownHostsFile: changed}, model.CodeFailedPrecondition, changed},
		"other key":     {gitcli.Options{SSHKeyFile: other}, model.CodePermissionDenied, other},
		"host is alias": {gitcli.Options{SSHKeyFile: server.clientKey, SSHHost: "alias.invalid", SSHHostName: "127.0.0.1"}, "", ""},
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
	server := startSSH(t)
	bare := gittest.NewBare(t)
	bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	repo := git.Repository{ID: "infra", Remote: server.remote(bare), Branch: "main"}
	dir := t.TempDir()
	src := open(t, gitcli.Options{Dir: dir, SSHKeyFile: server.clientKey})
	if _, err := src.Head(t.Context(), repo); err != nil {
		t.Fatal(err)
	}
	hosts := filepath.Join(dir, "known_hosts")
	if !strings.Contains(readFile(t, hosts), fmt.Sprintf("[127.0.0.1]:%d ", server.port)) {
		t.Errorf("the host key was not recorded: %q", readFile(t, hosts))
	}
	writeKeyPair(t, filepath.Join(dir, "x"), "\n", 0o600)
	pub := strings.Fields(readFile(t, filepath.Join(dir, "x.pub")))
	writeFile(t, hosts, fmt.Sprintf("[127.0.0.1]:%d %s %s\n", server.port, pub[0], pub[1]), 0o600)
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
	writeKeyPair(t, key, "", 0o644)
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
