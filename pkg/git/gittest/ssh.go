package gittest

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
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
)

// SSHServer is a real sshd on a free port of the loopback interface, run by and
// for the current user, with keys and configuration of its own. Sessions have
// another home, so that what the user's shell does at its start stays out.
type SSHServer struct {
	// Port is where it listens.
	Port int
	// ClientKey is a private key that it accepts: a file with mode 0644 and no line end, as secrets are mounted.
	ClientKey string

	dir, user string
}

// Remote is where the server has the repository.
func (s *SSHServer) Remote(bare *Bare) string {
	return fmt.Sprintf("ssh://%s@127.0.0.1:%d%s", s.user, s.Port, bare.Path)
}

// KnownHosts returns the line by which a client knows the server.
func (s *SSHServer) KnownHosts(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "host_key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Fields(string(text))
	return fmt.Sprintf("[127.0.0.1]:%d %s %s\n", s.Port, key[0], key[1])
}

// StartSSH starts a server that ends with the test, and skips the test where there
// is no sshd.
func StartSSH(t testing.TB) *SSHServer {
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
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // #nosec G301 -- the mode the init scripts give it
			t.Skipf("sshd run by root needs /run/sshd: %v", err)
		}
	}
	s := &SSHServer{dir: t.TempDir(), user: me.Username}
	s.ClientKey = filepath.Join(s.dir, "client_key")
	WriteKeyPair(t, filepath.Join(s.dir, "host_key"), "\n", 0o600)
	WriteKeyPair(t, s.ClientKey, "", 0o644)
	s.Port = s.serve(t, sshd)
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
func (s *SSHServer) serve(t testing.TB, sshd string) int {
	t.Helper()
	var said string
	for range 5 {
		port := FreePort(t)
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

// FreePort returns a port of the loopback interface on which nothing listens.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // the server opens it again
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("a TCP listener on %v", l.Addr())
	}
	return addr.Port
}

// WriteKeyPair makes a key pair and writes the files name, which gets the end and
// the mode, and name.pub.
func WriteKeyPair(t testing.TB, name, end string, mode fs.FileMode) {
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

func writeFile(t testing.TB, name, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}
