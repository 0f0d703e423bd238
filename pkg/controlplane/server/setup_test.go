package server_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/relay"
	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
	"pipecd/pkg/rpc/gen/pipecd/web/v1/webv1connect"
	"pipecd/pkg/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "correct horse"
	repoID   = "shop"
	provider = "ecs"
)

// world is a control plane on real sockets.
type world struct {
	t         testing.TB
	dir       string
	store     datastore.Store
	telemetry *telemetry.Telemetry
	addresses server.Addresses
	conn      *grpc.ClientConn
	stop      func() error // ends the server and returns what Run returned; again is harmless

	mu     sync.Mutex
	admins map[string]webv1connect.WebServiceClient // by project: who makes what tests need
}

// projects are dev and other, each with the administrator admin.
func projects(t testing.TB) []*model.Project {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	admin := &model.StaticAdmin{Username: "admin", PasswordHash: string(hash)}
	return []*model.Project{{ID: "dev", StaticAdmin: admin}, {ID: "other", StaticAdmin: admin}}
}

func setup(t *testing.T) *world { return setupIn(t, t.TempDir()) }

// setupIn starts a control plane whose state is in dir.
func setupIn(t *testing.T, dir string) *world {
	t.Helper()
	return setupWith(t, dir, func(*server.Options) {})
}

// setupWith is setupIn with other options.
func setupWith(t testing.TB, dir string, change func(o *server.Options)) *world {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "pipecd.db")})
	if err != nil {
		t.Fatal(err)
	}
	files, err := local.Open(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), files.Close()); err != nil {
			t.Error(err)
		}
	})
	w := serveOn(t, store, files, change)
	w.dir = dir
	return w
}

// serveOn starts a control plane on the stores.
func serveOn(t testing.TB, store datastore.Store, files filestore.Store, change func(o *server.Options)) *world {
	t.Helper()
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.ControlPlane(), Version: "test"})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan server.Addresses, 1), make(chan struct{})
	var runErr error
	go func() {
		defer close(ended)
		o := server.Options{
			Store: datastore.Observed(store, tel), Files: filestore.Observed(files, tel), Projects: projects(t),
			SessionKey: []byte("0123456789abcdef0123456789abcdef"), Address: "http://pipecd.example",
			Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", GracePeriod: 5 * time.Second,
			Version: "test", Logger: slog.New(slog.DiscardHandler), Observer: tel, Metrics: tel.Registry(),
			Ready: func(a server.Addresses) { ready <- a },
		}
		change(&o)
		runErr = server.Run(ctx, o)
	}()
	w := &world{t: t, store: store, telemetry: tel, admins: map[string]webv1connect.WebServiceClient{}}
	w.stop = func() error {
		cancel()
		<-ended
		return runErr
	}
	select {
	case w.addresses = <-ready:
	case <-ended:
		t.Fatalf("the server did not start: %v", runErr)
	}
	var err error
	w.conn, err = grpc.NewClient("passthrough:///"+w.addresses.Public, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.conn.Close(), w.stop()); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return w
}

// shared starts a control plane whose stores other servers may use, too.
func shared(t *testing.T) *world {
	t.Helper()
	return setupWith(t, t.TempDir(), func(o *server.Options) { o.Shared = true })
}

// tell says what another server says after it wrote to the store.
func (w *world) tell(topics ...notify.Topic) {
	w.t.Helper()
	if err := relay.Tell(w.t.Context(), w.store, "another server", topics...); err != nil {
		w.t.Fatal(err)
	}
}

// web returns a client of the web service that keeps cookies as a browser does.
func (w *world) web() webv1connect.WebServiceClient {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.webWith(jar)
}

func (w *world) webWith(jar http.CookieJar) webv1connect.WebServiceClient {
	transport := &http.Transport{}
	w.t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Jar: insecureJar{jar}, Transport: transport}
	return webv1connect.NewWebServiceClient(connect.NewClient(connecthttp.NewTransport(client, "http://"+w.addresses.Public)))
}

// user returns a client that is logged in to the project.
func (w *world) user(project string) webv1connect.WebServiceClient {
	w.t.Helper()
	c := w.web()
	_, err := c.Login(w.t.Context(), &webv1.LoginRequest{ProjectId: project, Username: "admin", Password: password})
	if err != nil {
		w.t.Fatalf("login: %v", err)
	}
	return c
}

// admin is user for what a test needs to be there; it logs in once.
func (w *world) admin(project string) webv1connect.WebServiceClient {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.admins[project] == nil {
		w.admins[project] = w.user(project)
	}
	return w.admins[project]
}

// agent is an agent as seen from its side of the wire.
type agent struct {
	pipedservice.PipedServiceClient

	stream agentv1.AgentServiceClient
	id     string
	ctx    context.Context // carries the credential
}

// agent registers an agent in the project and reports its metadata.
func (w *world) agent(project, name string) *agent {
	w.t.Helper()
	resp, err := w.admin(project).RegisterPiped(w.t.Context(), &webv1.RegisterPipedRequest{Name: name})
	if err != nil {
		w.t.Fatalf("registering %s: %v", name, err)
	}
	a := w.as(auth.PipedCredential{ProjectID: project, PipedID: resp.GetId(), Key: resp.GetKey()})
	_, err = a.ReportPipedMeta(a.ctx, &pipedservice.ReportPipedMetaRequest{
		Version:           "v1",
		Repositories:      []*modelpb.ApplicationGitRepository{{Id: repoID, Remote: "git@github.example.com:shop.git", Branch: "main"}},
		PlatformProviders: []*modelpb.Piped_PlatformProvider{{Name: provider, Type: "ECS"}},
	})
	if err != nil {
		w.t.Fatalf("reporting the metadata of %s: %v", name, err)
	}
	return a
}

// as returns an agent with the credential.
func (w *world) as(c auth.PipedCredential) *agent {
	w.t.Helper()
	value, err := c.Authorization()
	if err != nil {
		w.t.Fatal(err)
	}
	return &agent{
		PipedServiceClient: pipedservice.NewPipedServiceClient(w.conn),
		stream:             agentv1.NewAgentServiceClient(w.conn),
		id:                 c.PipedID,
		ctx:                metadata.AppendToOutgoingContext(w.t.Context(), auth.HeaderAuthorization, value),
	}
}

// under returns the context of a call under a lease.
func (a *agent) under(epoch int64) context.Context {
	return metadata.AppendToOutgoingContext(a.ctx, auth.HeaderLeaseEpoch, auth.FormatEpoch(epoch))
}

// application adds an application of the agent.
func (w *world) application(project string, a *agent, name string) string {
	w.t.Helper()
	resp, err := w.admin(project).AddApplication(w.t.Context(), &webv1.AddApplicationRequest{
		Name: name, PipedId: a.id, PlatformProvider: provider, RepoId: repoID, Path: name, Kind: modelpb.ApplicationKind_ECS,
	})
	if err != nil {
		w.t.Fatalf("adding application %s: %v", name, err)
	}
	return resp.GetApplicationId()
}

const someTime = 1_700_000_000

// newDeployment returns a deployment as an agent creates it.
func newDeployment(project string, a *agent, app string) *modelpb.Deployment {
	return &modelpb.Deployment{
		Id: model.NewID(), ApplicationId: app, ApplicationName: "web", PipedId: a.id, ProjectId: project,
		Kind: modelpb.ApplicationKind_ECS,
		GitPath: &modelpb.ApplicationGitPath{
			Repo: &modelpb.ApplicationGitRepository{Id: repoID}, Path: "web", ConfigFilename: "app.pipecd.yaml",
		},
		PlatformProvider: provider,
		Trigger: &modelpb.DeploymentTrigger{
			Commit: &modelpb.Commit{
				Hash: "3f786850e387550fdab836ed7e6dc881de23001b", Message: "a change", Author: "a", Branch: "main", CreatedAt: someTime,
			},
			Timestamp: someTime,
		},
		CreatedAt: someTime, UpdatedAt: someTime,
	}
}

// deployment creates a deployment and plans it with the stages, whose ids are
// their names.
func (w *world) deployment(project string, a *agent, app string, stages ...model.StageName) string {
	w.t.Helper()
	d := newDeployment(project, a, app)
	if _, err := a.CreateDeployment(a.ctx, &pipedservice.CreateDeploymentRequest{Deployment: d}); err != nil {
		w.t.Fatalf("creating a deployment: %v", err)
	}
	if len(stages) == 0 {
		return d.GetId()
	}
	plan := &pipedservice.ReportDeploymentPlannedRequest{DeploymentId: d.GetId(), Summary: "a plan"}
	for i, name := range stages {
		plan.Stages = append(plan.Stages, &modelpb.PipelineStage{
			Id: string(name), Name: string(name), Index: int32(i), Visible: true, CreatedAt: someTime, UpdatedAt: someTime,
		})
	}
	if _, err := a.ReportDeploymentPlanned(a.ctx, plan); err != nil {
		w.t.Fatalf("planning a deployment: %v", err)
	}
	return d.GetId()
}

// complete ends a deployment.
func (w *world) complete(a *agent, id string) {
	w.t.Helper()
	_, err := a.ReportDeploymentCompleted(a.ctx, &pipedservice.ReportDeploymentCompletedRequest{
		DeploymentId: id, Status: modelpb.DeploymentStatus_DEPLOYMENT_SUCCESS, CompletedAt: someTime,
	})
	if err != nil {
		w.t.Fatalf("completing a deployment: %v", err)
	}
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}

func wantWebCode(t *testing.T, err error, want connect.Code) {
	t.Helper()
	if err == nil || connect.CodeOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// refusedSoon makes a call until it is refused: what was changed past this
// process, and that nobody told it of, is found out within a second. A busy
// machine gets more.
func refusedSoon(t *testing.T, call func() error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if err := call(); err != nil {
			return err
		}
	}
	t.Error("it was never refused")
	return nil
}

// insecureJar takes Secure cookies over plain HTTP, which the test speaks.
type insecureJar struct{ http.CookieJar }

func (j insecureJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	cookies = slices.Clone(cookies)
	for _, c := range cookies {
		c.Secure = false
	}
	j.CookieJar.SetCookies(u, cookies)
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
