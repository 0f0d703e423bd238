package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/filestore/objectstore"
	"pipecd/pkg/model"
	"pipecd/pkg/realservers"
)

const (
	projectID    = "faults"
	username     = "hello-pipecd"
	password     = "hello-pipecd"
	passwordHash = "$2a$10$ye96mUqUqTnjUqgwQJbJzel/LJibRhUnmzyypACkvrTSnQpVFZ7qK" //nolint:gosec // of the guide
	database     = "pipecd"
	privateFile  = 0o600
)

// kind is what a control plane stands on.
type kind int

const (
	shared kind = iota // MariaDB and MinIO, for several replicas
	single             // a SQLite file and a directory, for one
)

// world is a control plane with agents and a person.
type world struct {
	settings

	kind     kind
	dir      string
	binary   string
	unmount  func() error
	mariadb  *realservers.MariaDB
	minio    *realservers.MinIO
	files    filestore.Store // the control plane's, for what no call reads
	replicas []*replica
	agents   []*agent
	person   *person
	ledger   *ledger

	dialled   atomic.Int64
	exhausted atomic.Int64 // writes that were refused because there is no room
	fenced    atomic.Int64 // and because a newer process acts
}

// newWorld starts everything but the agents' processes. The caller closes it.
func newWorld(ctx context.Context, s settings, k kind) (*world, error) {
	dir, err := os.MkdirTemp("", "pipecd-faulttest-")
	if err != nil {
		return nil, err
	}
	w := &world{settings: s, kind: k, dir: dir, ledger: newLedger(s.out)}
	for _, step := range []func(ctx context.Context) error{w.openStores, w.startReplicas, w.openFiles, w.addPerson, w.addAgents} {
		if err := step(ctx); err != nil {
			w.close()
			return nil, fmt.Errorf("starting the control plane: %w", err)
		}
	}
	w.sayf("%d replicas on %s, %d agents", len(w.replicas), map[kind]string{shared: "MariaDB and MinIO", single: "SQLite and a directory"}[k], len(w.agents))
	return w, nil
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// dataDir is a replica's data directory.
func (w *world) dataDir(i int) string { return w.path(fmt.Sprintf("data-%d", i+1)) }

func (w *world) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(w.out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// openStores starts the servers of the stores, or mounts a small disk.
func (w *world) openStores(ctx context.Context) (err error) {
	if w.binary, err = filepath.Abs(filepath.Join(w.bin, "pipecd")); err != nil {
		return err
	}
	if w.kind == single {
		w.unmount, err = smallDisk(w.dataDir(0))
		return err
	}
	if w.mariadb, err = realservers.StartMariaDB(ctx, w.dir); err != nil {
		return err
	}
	if w.minio, err = realservers.StartMinIO(ctx, w.dir); err != nil {
		return err
	}
	return w.mariadb.CreateDatabase(ctx, database)
}

func (w *world) startReplicas(ctx context.Context) error {
	stores, err := w.storesOfFile()
	if err != nil {
		return err
	}
	file := "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n" + stores +
		"  projects:\n    - id: " + projectID + "\n      staticAdmin:\n        username: " + username + "\n        passwordHash: \"" + passwordHash + "\"\n"
	for name, text := range map[string]string{
		"control-plane.yaml": file, "username": "root", "password": realservers.MariaDBPassword, "encryption-key": strings.Repeat("only for this test ", 3),
	} {
		if err := os.WriteFile(w.path(name), []byte(text), privateFile); err != nil {
			return err
		}
	}
	n := map[kind]int{shared: 3, single: 1}[w.kind]
	errs := make([]error, n)
	var starting sync.WaitGroup
	for i := range n {
		r, err := newReplica(ctx, w, i)
		if err != nil {
			return err
		}
		w.replicas = append(w.replicas, r)
		starting.Go(func() { errs[i] = r.start(ctx, 0) }) // all at once, on empty stores
	}
	starting.Wait()
	return errors.Join(errs...)
}

// storesOfFile is the part of the configuration that names the stores.
func (w *world) storesOfFile() (string, error) {
	if w.kind == single {
		return "", nil // everything is in the data directory
	}
	access, secret, err := realservers.KeyFiles(w.dir)
	return fmt.Sprintf(`  datastore:
    type: MYSQL
    config: {url: "%s", database: %s, usernameFile: %s, passwordFile: %s}
  filestore:
    type: MINIO
    config: {endpoint: "%s", bucket: pipecd, accessKeyFile: %s, secretKeyFile: %s, autoCreateBucket: true}
`, w.mariadb.Address(), database, w.path("username"), w.path("password"), w.minio.Endpoint(), access, secret), err
}

// openFiles opens the filestore beside the control plane.
func (w *world) openFiles(ctx context.Context) (err error) {
	if w.kind == single {
		w.files, err = local.Open(filepath.Join(w.dataDir(0), "files"))
		return err
	}
	access, secret, err := realservers.KeyFiles(w.dir)
	if err != nil {
		return err
	}
	w.files, err = objectstore.OpenMinIO(ctx, objectstore.MinIO{Endpoint: w.minio.Endpoint(), Bucket: "pipecd", AccessKeyFile: access, SecretKeyFile: secret})
	return err
}

func (w *world) close() {
	for _, a := range w.agents {
		_ = a.reader.Close() // everything is thrown away
	}
	for _, r := range w.replicas {
		r.kill()
	}
	if w.files != nil {
		_ = w.files.Close()
	}
	if w.minio != nil {
		_ = w.minio.Kill()
	}
	if w.mariadb != nil {
		_ = w.mariadb.Kill()
	}
	if w.unmount != nil {
		_ = w.unmount()
	}
	if lost, doubled := w.ledger.verdict(); lost+doubled > 0 {
		w.sayf("the logs of the replicas stay in %s", w.dir)
		return
	}
	_ = os.RemoveAll(w.dir)
}

// dial connects to a replica that listens, each in its turn, as a load balancer
// does.
func (w *world) dial(ctx context.Context, _ string) (conn net.Conn, err error) {
	const timeout = 2 * time.Second
	dialer := net.Dialer{Timeout: timeout}
	first := int(w.dialled.Add(1))
	for i := range w.replicas {
		conn, err = dialer.DialContext(ctx, "tcp", w.replicas[(first+i)%len(w.replicas)].address)
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// refused counts why writes were refused.
func (w *world) refused(code model.Code) {
	switch code {
	case model.CodeExhausted:
		w.exhausted.Add(1)
	case model.CodeFenced:
		w.fenced.Add(1)
	default:
	}
}

// living is everybody at work.
type living struct{ stop func() }

// live lets the agents and the person work.
func (w *world) live(ctx context.Context) *living {
	ctx, cancel := context.WithCancel(ctx)
	var everybody sync.WaitGroup
	for _, a := range w.agents {
		everybody.Go(func() { a.live(ctx) })
	}
	everybody.Go(func() { w.person.work(ctx) })
	everybody.Go(func() { w.person.watch(ctx) })
	return &living{stop: func() {
		cancel()
		everybody.Wait()
	}}
}

// everybodyGoesOn returns when a write of every agent, a command and a list of the
// person, and an event of the browser's stream came that began from now on.
func (w *world) everybodyGoesOn(ctx context.Context, after string) error {
	from, last := time.Now(), ""
	for {
		behind := w.behind(from)
		if len(behind) == 0 {
			break
		}
		last = behind[0]
		if time.Since(from) > w.patience {
			return fmt.Errorf("%s after %s these do not go on by themselves: %s", w.patience, after, strings.Join(behind, ", "))
		}
		pause(ctx, 20*time.Millisecond)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	w.sayf("%s: everybody went on within %s, %s last", after, time.Since(from).Round(10*time.Millisecond), last)
	return nil
}

// behind names who did nothing since.
func (w *world) behind(since time.Time) (names []string) {
	for _, a := range w.agents {
		if !a.lastProgress().After(since) {
			names = append(names, a.name)
		}
	}
	return append(names, w.person.behind(since)...)
}
