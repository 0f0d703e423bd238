package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"pipecd/cmd/measure"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/realservers"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
)

const (
	projectID    = "bench"
	username     = "bench"
	password     = "hello-pipecd"
	passwordHash = "$2a$10$ye96mUqUqTnjUqgwQJbJzel/LJibRhUnmzyypACkvrTSnQpVFZ7qK"
	database     = "pipecd"
	privateFile  = 0o600
)

// world is a control plane on its databases. The store reaches past the control
// plane, to fill the database.
type world struct {
	dir     string
	mariadb *realservers.MariaDB
	minio   *realservers.MinIO
	store   datastore.Store
	plane   *measure.Process
	address string // of the control plane, host:port
	admin   string // its admin port; "" when it is off
	cookie  string
}

// newWorld starts everything. The caller closes it.
func newWorld(ctx context.Context, s settings) (*world, error) {
	dir, err := os.MkdirTemp("", "pipecd-serverbench-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	w := &world{dir: dir}
	for _, step := range []func() error{
		func() error { w.mariadb, err = realservers.StartMariaDB(ctx, dir); return err },
		func() error { w.minio, err = realservers.StartMinIO(ctx, dir); return err },
		func() error { return w.mariadb.CreateDatabase(ctx, database) },
		func() error { return w.startPlane(ctx, s) },
		func() error { return w.openStore(ctx) },
	} {
		if err := step(); err != nil {
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) close() {
	w.plane.Stop()
	if w.store != nil {
		_ = w.store.Close() // everything is thrown away
	}
	if w.minio != nil {
		_ = w.minio.Kill()
	}
	if w.mariadb != nil {
		_ = w.mariadb.Kill()
	}
	_ = os.RemoveAll(w.dir)
}

// openStore opens the database a second time, beside the control plane that
// made its tables.
func (w *world) openStore(ctx context.Context) (err error) {
	w.store, err = mysql.OpenMigrated(ctx, mysql.Options{
		URL: w.mariadb.Address(), Database: database, UsernameFile: w.path("username"), PasswordFile: w.path("password"),
		Logger: slog.New(slog.DiscardHandler),
	})
	return err
}

func (w *world) startPlane(ctx context.Context, s settings) error {
	access, secret, err := realservers.KeyFiles(w.dir)
	if err != nil {
		return fmt.Errorf("writing the keys of MinIO: %w", err)
	}
	for name, text := range map[string]string{
		"control-plane.yaml": w.controlPlaneFile(access, secret), "username": "root", "password": realservers.MariaDBPassword,
	} {
		if err := os.WriteFile(w.path(name), []byte(text), privateFile); err != nil {
			return fmt.Errorf("writing the control plane's files: %w", err)
		}
	}
	port, err := measure.FreePort(ctx)
	if err != nil {
		return err
	}
	w.address = "127.0.0.1:" + strconv.Itoa(port)
	admin := 0 // off
	if s.profiles != "" {
		if admin, err = measure.FreePort(ctx); err != nil {
			return err
		}
		w.admin = "127.0.0.1:" + strconv.Itoa(admin)
	}
	w.plane, err = measure.Start(ctx, w.path("pipecd.log"), filepath.Join(s.bin, "pipecd"), nil,
		"server", "--config-file="+w.path("control-plane.yaml"), "--data-dir="+w.path("plane"), "--insecure-cookie",
		"--host=127.0.0.1", "--port="+strconv.Itoa(port), "--admin-port="+strconv.Itoa(admin), "--log-level=warn")
	if err != nil {
		return err
	}
	return w.login(ctx)
}

func (w *world) controlPlaneFile(access, secret string) string {
	return fmt.Sprintf(`apiVersion: pipecd.dev/v1beta1
kind: ControlPlane
spec:
  datastore:
    type: MYSQL
    config:
      url: %s
      database: %s
      usernameFile: %s
      passwordFile: %s
  filestore:
    type: MINIO
    config:
      endpoint: %s
      bucket: pipecd
      accessKeyFile: %s
      secretKeyFile: %s
      autoCreateBucket: true
  projects:
    - id: %s
      staticAdmin:
        username: %s
        passwordHash: "%s"
`, w.mariadb.Address(), database, w.path("username"), w.path("password"), w.minio.Endpoint(), access, secret, projectID, username, passwordHash)
}

// login waits until the control plane answers, and keeps the session.
func (w *world) login(ctx context.Context) error {
	const (
		most  = time.Minute // it makes its tables first
		again = 50 * time.Millisecond
	)
	ctx, cancel := context.WithTimeoutCause(ctx, most, errors.New("the control plane does not answer"))
	defer cancel()
	client := w.web()
	for {
		call, info := connect.NewClientContext(ctx)
		_, err := client.Login(call, &webv1.LoginRequest{ProjectId: projectID, Username: username, Password: password})
		if err == nil {
			w.cookie, _, _ = strings.Cut(info.ResponseHeader().Get("Set-Cookie"), ";")
			return nil
		}
		if waitErr := measure.Wait(ctx, again); waitErr != nil {
			log, _ := os.ReadFile(w.path("pipecd.log")) // only more to tell
			return fmt.Errorf("%w: %w: %s", waitErr, err, log)
		}
	}
}

// web returns a client with a connection of its own, as each browser has.
func (w *world) web() webv1connect.WebServiceClient {
	transport := &http.Transport{MaxConnsPerHost: 1}
	return webv1connect.NewWebServiceClient(connect.NewClient(connecthttp.NewTransport(
		&http.Client{Transport: withCookie{world: w, transport: transport}}, "http://"+w.address)))
}

// withCookie sends the session with every request.
type withCookie struct {
	world     *world
	transport *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (c withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if c.world.cookie != "" {
		r.Header.Set("Cookie", c.world.cookie)
	}
	return c.transport.RoundTrip(r)
}
