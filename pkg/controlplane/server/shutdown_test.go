package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"

	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// A stop ends streams with a reason that says to come again, releases leases,
// and takes no longer than the calls do.
func TestShutdownDrainsStreams(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.agent("dev", "a")
	id := w.deployment("dev", a, w.application("dev", a, "web"), model.StageWait)
	holder := w.connect(a, "holder")
	holder.lease()
	standby := w.connect(a, "standby")
	standby.next()
	c := w.user("dev")
	watch, err := c.WatchDeployment(t.Context(), &webv1.WatchDeploymentRequest{DeploymentId: id})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watch.Close() }()
	if _, err := watch.Receive(); err != nil {
		t.Fatal(err)
	}
	if err := w.stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	wantCode(t, holder.end(), codes.Unavailable)
	wantCode(t, standby.end(), codes.Unavailable)
	for err == nil {
		_, err = watch.Receive()
	}
	wantWebCode(t, err, connect.CodeUnavailable)
	// The holder gave it back; the one that stood by may have had it for a moment.
	if _, granted, err := w.store.AcquireLease(t.Context(), a.id, lease("new")); err != nil || !granted {
		t.Errorf("the lease was not released: %t, %v", granted, err)
	}
}

// A server that is one of several is unready while it still serves, streams too,
// so that load balancers send nothing anew.
func TestUnreadyFirst(t *testing.T) {
	t.Parallel()
	const period = 2 * time.Second
	w := setupWith(t, t.TempDir(), func(o *server.Options) { o.Shared, o.DrainPeriod = true, period })
	a := w.agent("dev", "a")
	app := w.application("dev", a, "web")
	stream, user := w.connect(a, "process"), w.user("dev")
	stream.lease()
	healthy := func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.addresses.Public+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		return w.do(req).StatusCode == http.StatusOK
	}
	if !healthy() {
		t.Error("unready before the stop")
	}
	began, stopped := time.Now(), make(chan error, 1)
	go func() { stopped <- w.stop() }()
	w.until(func() bool { return !healthy() })
	resp, err := user.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
	if err != nil {
		t.Fatalf("a call while the server drains: %v", err)
	}
	if got := stream.next().GetCommand().GetId(); got != resp.GetCommandId() {
		t.Errorf("got %q on the stream while the server drains", got)
	}
	wantCode(t, stream.end(), codes.Unavailable)
	if took := time.Since(began); took < period {
		t.Errorf("the stream ended after %v", took)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	files, err := local.Open(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		if err := files.Close(); err != nil {
			t.Error(err)
		}
	}()
	o := server.Options{Store: store, Files: files, SessionKey: make([]byte, 32), Logger: slog.New(slog.DiscardHandler)}
	o.Listen = w.addresses.Public
	if err := server.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is in use by another program") || !strings.Contains(err.Error(), "--port") {
		t.Errorf("got %v", err)
	}
	o.Listen, o.AdminListen = "127.0.0.1:0", w.addresses.Admin
	if err := server.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--admin-port") {
		t.Errorf("got %v", err)
	}
}

// What the server does when it is told to stop is in its log.
func TestStopIsLogged(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlite.Memory})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	files, err := local.Open(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log bytes.Buffer
	err = server.Run(ctx, server.Options{
		Store: store, Files: files, SessionKey: make([]byte, 32), Listen: "127.0.0.1:0",
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Ready: func(server.Addresses) { stop() },
	})
	stopping, stopped := strings.Index(log.String(), "stopping: "), strings.Index(log.String(), "msg=stopped")
	if err != nil || stopping < 0 || stopped < stopping {
		t.Errorf("the server ended with %v and logged %s", err, log.String())
	}
}
