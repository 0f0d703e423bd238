package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a control plane says that cannot reach its stores, or whose secrets are not
// as they must be, is a sentence without a secret.
func TestStoreSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const mark = "S3CR3T-MARK"
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String() // where nobody listens any more
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// Each is in the configuration, and the rest of the line follows the spec.
	for name, c := range map[string]struct{ spec, want string }{
		"a password in the address": {"datastore: {type: MYSQL, config: {url: 'u:MARK@tcp(ADDRESS)', database: d}}", nobody},
		"a malformed address":       {"datastore: {type: MYSQL, config: {url: 'u:MARK@tcp(ADDRESS', database: d}}", "url"},
		"a password in a file":      {"datastore: {type: MYSQL, config: {url: ADDRESS, database: d, usernameFile: DIR/user, passwordFile: DIR/password}}", nobody},
		"keys of an object store":   {"filestore: {type: MINIO, config: {endpoint: 'http://ADDRESS', bucket: bucket, accessKeyFile: DIR/user, secretKeyFile: DIR/password}}", nobody},
		"an endpoint with a key":    {"filestore: {type: MINIO, config: {endpoint: 'http://u:MARK@ADDRESS', bucket: bucket, accessKeyFile: DIR/user, secretKeyFile: DIR/password}}", ""},
		"a short webhook secret":    {"webhook: {secretFile: DIR/short}", "at least 16"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t)
			s.write("user", "marked-user")
			s.write("password", mark+"-password-of-a-store\n")
			s.write("short", mark+"\n")
			spec := strings.NewReplacer("DIR", s.dir, "ADDRESS", nobody, "MARK", mark).Replace(c.spec)
			file := s.write("cp.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  "+spec+"\n")
			r := s.try("", "server --port=0 --admin-port=0 --host=127.0.0.1 --log-level=debug --data-dir="+filepath.Join(s.dir, "data")+" --config-file="+file)
			if r.code == exitOK || !strings.Contains(r.err, c.want) || strings.Contains(r.out+r.err, mark) {
				t.Errorf("exit code %d, want a sentence with %q and no secret: %s%s", r.code, c.want, r.out, r.err)
			}
		})
	}
}

// The key of sessions: one that is too short is refused, one that others may read
// is warned of, and neither is shown.
func TestSessionKeyFile(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	config := s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password")))
	short := s.write("short", "S3CR3T-MARK")
	r := s.try("", "server --config-file="+config+" --encryption-key-file="+short+" --data-dir="+filepath.Join(s.dir, "data"))
	if r.code != exitUsage || !strings.Contains(r.err, "holds 11 bytes; at least 32") || !strings.Contains(r.err, "openssl rand -base64 48") || strings.Contains(r.err, "S3CR3T") {
		t.Errorf("got %+v", r)
	}
	open := s.write("open", strings.Repeat("S3CR3T-MARK", 4))
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	// Another mistake ends it after the key was read.
	data := s.write("file", "not a directory")
	r = s.try("", "server --config-file="+config+" --encryption-key-file="+open+" --data-dir="+data)
	if r.code == exitOK || strings.Contains(r.err, "S3CR3T") {
		t.Errorf("got %+v", r)
	}
	r = s.try("", "server --port=0 --admin-port=0 --host=256.0.0.1 --config-file="+config+" --encryption-key-file="+open+" --data-dir="+filepath.Join(s.dir, "data"))
	if r.code == exitOK || !strings.Contains(r.err, open+" has mode 0644") || !strings.Contains(r.err, "chmod 600") || strings.Contains(r.err, "S3CR3T") {
		t.Errorf("got %+v", r)
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	got, err := networks([]string{"10.0.0.0/8", "192.0.2.7", "10.1.2.3/8", "2001:db8::/32"})
	if err != nil || len(got) != 4 || got[1].String() != "192.0.2.7/32" || got[2].String() != "10.0.0.0/8" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "proxy", "10.0.0.0/33", "10.0.0.0/8,x"} {
		if _, err := networks([]string{text}); err == nil || !strings.Contains(err.Error(), "--trusted-proxy: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
