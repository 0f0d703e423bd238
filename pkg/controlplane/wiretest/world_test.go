package wiretest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
)

// shared is the control plane that all tests call. Each of them has projects and
// agents of its own there.
var shared struct {
	store  datastore.Store
	files  filestore.Store
	client *Client
}

func TestMain(m *testing.M) {
	code, err := serve(m.Run)
	if err == nil {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// serve runs the tests while the control plane runs.
func serve(tests func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "wiretest")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	store, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dir, "pipecd.db")})
	if err != nil {
		return 1, err
	}
	files, err := local.Open(filepath.Join(dir, "files"))
	if err != nil {
		return 1, errors.Join(err, store.Close())
	}
	ready, ended := make(chan server.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, server.Options{
			Store: store, Files: files, SessionKey: []byte("0123456789abcdef0123456789abcdef"), Address: webAddress, Listen: "127.0.0.1:0",
			Version: "test", Logger: slog.New(slog.DiscardHandler), Ready: func(a server.Addresses) { ready <- a },
		})
	}()
	select {
	case at := <-ready:
		shared.store, shared.files, shared.client = store, files, NewClient(at.Public)
		code = tests()
		shared.client.Close()
		stop()
		err = <-ended
	case err = <-ended:
	}
	return code, errors.Join(err, store.Close(), files.Close())
}

const (
	prefix       = "/grpc.service.pipedservice.PipedService/"
	legacyPrefix = "/pipe.api.service.pipedservice.PipedService/"
	webAddress   = "http://pipecd.example"

	someTime = 1_700_000_000
)

// agent is a piped that was registered.
type agent struct{ id, project, authorization string }

// world is two agents in one project and one in another.
type world struct {
	t      *testing.T
	store  datastore.Store
	files  filestore.Store
	client *Client

	mine, other, foreign agent
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, store: shared.store, files: shared.files, client: shared.client}
	near, far := w.project(), w.project()
	w.mine, w.other, w.foreign = w.agent(near, "mine"), w.agent(near, "other"), w.agent(far, "foreign")
	return w
}

func (w *world) project() string {
	w.t.Helper()
	p := &model.Project{ID: model.NewID(), CreatedAt: time.Now()}
	w.must(w.store.AddProject(w.t.Context(), p))
	return p.ID
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) agent(project, name string) agent {
	w.t.Helper()
	key, now := auth.NewKey(), time.Now()
	p := &model.Piped{
		ID: model.NewID(), Name: name, ProjectID: project, Keys: []model.PipedKey{{Hash: auth.HashKey(key), Creator: "test", CreatedAt: now}},
		DesiredVersion: "v9.9.9", CreatedAt: now, UpdatedAt: now,
	}
	w.must(w.store.AddPiped(w.t.Context(), p))
	return agent{p.ID, project, "PIPED-TOKEN " + project + "," + p.ID + "," + key}
}

// application adds an application of the agent and returns its id.
func (w *world) application(a agent, name string, change func(*model.Application)) string {
	w.t.Helper()
	now := time.Now()
	app := &model.Application{
		ID: model.NewID(), Name: name, ProjectID: a.project, PipedID: a.id, Kind: model.KindECS, PlatformProvider: "ecs-dev",
		DeployTargets: map[string][]string{"ecs": {"dev"}}, Labels: map[string]string{"env": "dev"}, Description: "a service",
		GitPath:   model.GitPath{Repo: model.GitRepository{ID: "shop", Remote: "git@example.com:shop.git", Branch: "main"}, Path: name, ConfigFilename: "app.pipecd.yaml"},
		CreatedAt: now, UpdatedAt: now,
	}
	if change != nil {
		change(app)
	}
	w.must(w.store.AddApplication(w.t.Context(), app))
	return app.ID
}

// raw calls a method with a request as it is on the wire.
func (w *world) raw(path, authorization string, request []byte) ([]byte, Status) {
	w.t.Helper()
	metadata := map[string]string{}
	if authorization != "" {
		metadata[auth.HeaderAuthorization] = authorization
	}
	body, status, err := w.client.Call(w.t.Context(), path, metadata, request)
	w.must(err)
	return body, status
}

// try calls a method and returns how it ended.
func (w *world) try(a agent, name string, request Value) (Value, Status) {
	w.t.Helper()
	r, ok := service[name]
	if !ok {
		w.t.Fatalf("there is no table of %s", name)
	}
	raw, err := r.request.Encode(request)
	w.must(err)
	body, status := w.raw(prefix+name, a.authorization, raw)
	if status.Code != codes.OK {
		return nil, status
	}
	got, err := r.response.Decode(body)
	if err != nil {
		w.t.Fatalf("the answer of %s: %v", name, err)
	}
	return got, status
}

// call calls a method that must succeed.
func (w *world) call(a agent, name string, request Value) Value {
	w.t.Helper()
	got, status := w.try(a, name, request)
	if status.Code != codes.OK {
		w.t.Fatalf("%s ended with %s: %s", name, status.Code, status.Message)
	}
	return got
}

// refused calls a method that must end with the code, and returns the message.
func (w *world) refused(want codes.Code, a agent, name string, request Value) string {
	w.t.Helper()
	_, status := w.try(a, name, request)
	if status.Code != want {
		w.t.Errorf("%s ended with %s (%s), want %s", name, status.Code, status.Message, want)
	}
	return status.Message
}

// at returns what a path of names leads to in a decoded message.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			if m, ok := v.(map[string]any); ok {
				v = m[step]
				continue
			}
			m, _ := v.(Value)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

// want compares what a path leads to; a missing number is 0.
func (w *world) want(want any, v Value, path ...any) {
	w.t.Helper()
	got := at(v, path...)
	if n, ok := want.(int); ok {
		want = int64(n)
		if got == nil {
			got = int64(0)
		}
	}
	if got != want {
		w.t.Errorf("%v is %v, want %v", path, got, want)
	}
}
