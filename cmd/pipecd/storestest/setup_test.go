package storestest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"pipecd/pkg/realservers"
)

// What all tests share.
var (
	mariadb  *realservers.MariaDB
	minio    *realservers.MinIO
	programs string // directory of pipecd and piped
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pipecd-storestest-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		err = start(context.Background(), dir)
	}
	switch {
	case realservers.MayBeMissing(err):
		fmt.Fprintln(os.Stderr, "SKIPPED: the programs are not tested on real stores:", err)
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "The programs cannot be tested on real stores:", err)
		return 1
	}
	code := m.Run()
	_ = mariadb.Kill()
	_ = minio.Kill()
	return code
}

// start starts the servers and builds the programs.
func start(ctx context.Context, dir string) (err error) {
	if mariadb, err = realservers.StartMariaDB(ctx, dir); err != nil {
		return err
	}
	if minio, err = realservers.StartMinIO(ctx, dir); err != nil {
		return errors.Join(err, mariadb.Kill())
	}
	programs = dir
	out, err := exec.CommandContext(ctx, "go", "build", "-o", dir+"/", "pipecd/cmd/pipecd", "pipecd/cmd/piped").CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("building the programs: %w: %s", err, out), mariadb.Kill(), minio.Kill())
	}
	return nil
}

// operator runs the programs, with a directory of its own.
type operator struct {
	t   *testing.T
	dir string
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	return &operator{t, t.TempDir()}
}

func (o *operator) path(name string) string { return filepath.Join(o.dir, name) }

func (o *operator) write(name, content string) string {
	o.t.Helper()
	if err := os.WriteFile(o.path(name), []byte(content), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return o.path(name)
}

func (o *operator) command(arguments ...string) *exec.Cmd {
	c := exec.CommandContext(o.t.Context(), filepath.Join(programs, "pipecd"), arguments...)
	c.Env = append(os.Environ(), "HOME="+o.dir, "PIPECD_SESSION_FILE="+o.path("session.json"), "PIPECD_DATA_DIR="+o.path("data"))
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	return c
}

// try runs a command that may fail and returns the output and what it says.
func (o *operator) try(input string, arguments ...string) (out, says string, err error) {
	o.t.Helper()
	var stdout, stderr bytes.Buffer
	c := o.command(arguments...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &stdout, &stderr
	err = c.Run()
	return stdout.String(), stderr.String(), err
}

// run is try for a command that must succeed.
func (o *operator) run(input string, arguments ...string) string {
	o.t.Helper()
	out, says, err := o.try(input, arguments...)
	if err != nil {
		o.t.Fatalf("pipecd %s: %v\n%s%s", strings.Join(arguments, " "), err, out, says)
	}
	return out
}

// serve starts a server on the configuration, which awaits its address, and ends
// with the test.
func (o *operator) serve(config string) (address func() string) {
	o.t.Helper()
	c := o.command("server", "--config-file="+config, "--encryption-key-file="+o.key(), "--host=127.0.0.1", "--port=0", "--admin-port=0",
		"--log-encoding=json", "--insecure-cookie")
	says, err := c.StderrPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait() // that it ended well is not what is tested
	})
	return func() string {
		o.t.Helper()
		lines := bufio.NewScanner(says)
		for lines.Scan() {
			var entry struct{ Msg, Address string }
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Address != "" {
				go func() { _, _ = io.Copy(io.Discard, says) }()
				return "http://" + entry.Address
			}
			o.t.Logf("server: %s", lines.Text())
		}
		o.t.Fatal("the server did not start")
		return ""
	}
}

// key is the key that all replicas share.
func (o *operator) key() string {
	o.t.Helper()
	if _, err := os.Stat(o.path("encryption-key")); err != nil {
		return o.write("encryption-key", strings.Repeat("only for this test ", 3))
	}
	return o.path("encryption-key")
}

var places atomic.Int32

// usersFile is the guide's control plane, with only its addresses changed, on an
// empty database and a bucket that is not there yet. Where the guide has the
// account in the url, files says to have it in two files.
func (o *operator) usersFile(files bool) string {
	o.t.Helper()
	name := fmt.Sprintf("quickstart-%d", places.Add(1))
	if err := mariadb.CreateDatabase(o.t.Context(), name); err != nil {
		o.t.Fatal(err)
	}
	access, secret, err := realservers.KeyFiles(o.dir)
	if err != nil {
		o.t.Fatal(err)
	}
	database := "url: root:" + realservers.MariaDBPassword + "@tcp(" + mariadb.Address() + ")\n        database: " + name
	if files {
		database = "url: " + mariadb.Address() + "\n        database: " + name +
			"\n        usernameFile: " + o.write("mysql-username", "root\n") + "\n        passwordFile: " + o.write("mysql-password", realservers.MariaDBPassword+"\n")
	}
	return o.write(name+".yaml", `apiVersion: "pipecd.dev/v1beta1"
kind: ControlPlane
spec:
  datastore:
    type: MYSQL
    config:
        `+database+`
  filestore:
    type: MINIO
    config:
      endpoint: `+minio.Endpoint()+`
      bucket: `+name+`
      accessKeyFile: `+access+`
      secretKeyFile: `+secret+`
      autoCreateBucket: true
  projects:
    - id: quickstart
      staticAdmin:
        username: hello-pipecd
        passwordHash: "$2a$10$ye96mUqUqTnjUqgwQJbJzel/LJibRhUnmzyypACkvrTSnQpVFZ7qK" # bcrypt value of "hello-pipecd"
`)
}

// ownFile is a control plane on a SQLite file and a directory.
func (o *operator) ownFile(name string) string {
	o.t.Helper()
	return o.write(name+".yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore: {type: SQLITE, config: {path: "+o.path(name+".db")+"}}\n"+
		"  filestore: {type: LOCAL, config: {path: "+o.path(name+"-files")+"}}\n")
}
