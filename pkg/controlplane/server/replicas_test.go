package server_test

import (
	"context"
	"net/http/cookiejar"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"

	"pipecd/pkg/controlplane/command"
	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/controlplane/relay"
	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	"pipecd/pkg/realservers"
	"pipecd/pkg/rpc/gen/grpc/service/pipedservice"
	modelpb "pipecd/pkg/rpc/gen/model"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// soon is how long it may take in the middle of several tries from one server to
// the other; a single one may meet a machine that is busy with other tests, and
// is late only when it must have come from a poll.
const soon, late = time.Second, 7 * time.Second

// replicas are two servers on one MariaDB and one filestore.
type replicas struct {
	database *realservers.MariaDB
	a, b     *world
}

const hostSecret = "the secret of the host"

// pair starts two servers. prepare runs before.
func pair(t *testing.T, prepare func(store datastore.Store, db *realservers.MariaDB)) *replicas {
	t.Helper()
	db, err := realservers.StartMariaDB(t.Context(), t.TempDir())
	if realservers.MayBeMissing(err) {
		t.Skip("two servers on one datastore are not tested:", err)
	}
	must(t, err)
	t.Cleanup(func() { _ = db.Kill() })
	must(t, db.CreateDatabase(t.Context(), "pipecd"))
	files, err := local.Open(filepath.Join(t.TempDir(), "files"))
	must(t, err)
	t.Cleanup(func() { must(t, files.Close()) })
	r := &replicas{database: db}
	secrets := readSecrets(t, []byte(hostSecret))
	for i, w := range []**world{&r.a, &r.b} {
		store, err := mysql.Open(t.Context(), mysql.Options{
			URL: "root:" + realservers.MariaDBPassword + "@tcp(" + db.Address() + ")", Database: "pipecd", MaxConnections: 16,
		})
		must(t, err)
		t.Cleanup(func() { must(t, store.Close()) })
		if i == 0 {
			prepare(store, db)
		}
		*w = serveOn(t, store, files, func(o *server.Options) { o.Shared, o.Webhook = true, secrets })
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// median returns how long it took in the middle of nine tries from when act
// returned until seen did.
func median(t *testing.T, act, seen func()) time.Duration {
	t.Helper()
	const tries = 9
	took := make([]time.Duration, tries)
	for i := range took {
		act()
		began := time.Now()
		seen()
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	t.Logf("between servers: %v at best, %v in the middle, %v at worst", took[0], took[tries/2], took[tries-1])
	return took[tries/2]
}

// TestReplicas: what is done at one server is seen at the other.
func TestReplicas(t *testing.T) {
	t.Parallel()
	old := &model.Command{ID: "old", PipedID: "nobody", ProjectID: "dev", CreatedAt: time.Now().Add(-2 * command.Patience)}
	r := pair(t, func(store datastore.Store, db *realservers.MariaDB) {
		must(t, store.AddCommand(t.Context(), old))
		must(t, store.EndSession(t.Context(), "old", time.Now().Add(-48*time.Hour)))
		must(t, db.Do(t.Context(), "INSERT INTO pipecd.signals (sender, sent_at, topics) VALUES ('x', 1, '[\"old\"]'), ('x', 1, '[\"last\"]')"))
	})
	ag := r.a.agent("dev", "agent")
	app := r.a.application("dev", ag, "web")
	stream := r.a.connect(ag, "process")
	stream.lease()
	r.commands(t, stream, app)
	r.deployments(t, ag, app)
	r.sessions(t)
	r.revocation(t)
	r.background(t, old)
	r.restarted(t, stream, app)
	r.oneStops(t)
}

// commands and hints that one server got reach an agent at the other.
func (r *replicas) commands(t *testing.T, stream *connection, app string) {
	user, id := r.b.user("dev"), ""
	took := median(t, func() {
		resp, err := user.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
		must(t, err)
		id = resp.GetCommandId()
	}, func() {
		if got := stream.next().GetCommand().GetId(); got != id {
			t.Errorf("got %q, want the command %q", got, id)
		}
	})
	if took > soon {
		t.Errorf("a command took %v", took)
	}
	took = median(t, func() {
		status, text := r.b.deliver("/webhook/github", "push", push("main"), hostSecret)
		if status != 202 || !strings.Contains(text, "other servers are told too") {
			t.Errorf("the host was told %d %q", status, text)
		}
	}, stream.looks)
	if took > soon {
		t.Errorf("a hint took %v", took)
	}
}

// deployments that an agent reports to one server are seen by a browser at the
// other: the deployment, its log, and the lists.
func (r *replicas) deployments(t *testing.T, ag *agent, app string) {
	id := r.a.deployment("dev", ag, app, model.StageWait)
	f := r.b.follow("dev", deploymentTopic(id), logTopic(id, model.StageWait, 0), listTopic("list", webv1.ListTopic_LIST_DEPLOYMENTS))
	f.of("log")
	status := modelpb.StageStatus_STAGE_RUNNING
	line := int64(1)
	took := median(t, func() {
		_, err := ag.ReportStageLogs(ag.ctx, &pipedservice.ReportStageLogsRequest{DeploymentId: id, StageId: "WAIT", Blocks: lines(line, line)})
		must(t, err)
		line++
	}, func() { f.of("log") })
	if took > soon {
		t.Errorf("a line of a log took %v", took)
	}
	_, err := ag.ReportStageStatusChanged(ag.ctx, &pipedservice.ReportStageStatusChangedRequest{
		DeploymentId: id, StageId: "WAIT", Status: status, CompletedAt: someTime,
	})
	must(t, err)
	began := time.Now()
	for missing := map[string]bool{"deployment": true, "list": true}; len(missing) > 0; {
		m := f.next()
		if d := m.GetDeployment(); d != nil && d.GetStages()[0].GetStatus() != status {
			continue
		}
		delete(missing, m.GetKey())
	}
	if took := time.Since(began); took > late {
		t.Errorf("a stage's status took %v", took)
	}
}

// sessions end on both servers: by a logout, and with the password, which a
// command line changed that is no server.
func (r *replicas) sessions(t *testing.T) {
	hash := func(p string) string {
		h, err := bcrypt.GenerateFromPassword([]byte(p), bcrypt.MinCost)
		must(t, err)
		return string(h)
	}
	must(t, r.a.store.AddProject(t.Context(), &model.Project{ID: "stored", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: hash(password)}}))
	topic := listTopic("p", webv1.ListTopic_LIST_PIPEDS)
	jar, err := cookiejar.New(nil)
	must(t, err)
	user := r.a.webWith(jar) // which serves both: cookies do not tell ports apart
	_, err = user.Login(t.Context(), &webv1.LoginRequest{ProjectId: "stored", Username: "admin", Password: password})
	must(t, err)
	first := followAs(t, r.b.webWith(jar), topic)
	second := followAs(t, r.b.user("stored"), topic)
	_, err = user.Logout(t.Context(), &webv1.LogoutRequest{})
	must(t, err)
	began := time.Now()
	wantWebCode(t, first.end(), connect.CodeUnauthenticated)
	_, err = r.a.store.UpdateProject(t.Context(), "stored", func(p *model.Project) error {
		p.StaticAdmin.PasswordHash = hash("another")
		return nil
	})
	must(t, err)
	must(t, relay.Tell(t.Context(), r.a.store, "a command line", notify.Project("stored")))
	wantWebCode(t, second.end(), connect.CodeUnauthenticated)
	if took := time.Since(began); took > late {
		t.Errorf("the sessions ended after %v", took)
	}
}

// revocation at one server ends an agent's stream at the other.
func (r *replicas) revocation(t *testing.T) {
	for name, revoke := range map[string]func(id string) error{
		"disabled": func(id string) error {
			_, err := r.b.user("dev").DisablePiped(t.Context(), &webv1.DisablePipedRequest{PipedId: id})
			return err
		},
		"without its key": func(id string) error {
			user := r.b.user("dev")
			if _, err := user.AddPipedKey(t.Context(), &webv1.AddPipedKeyRequest{PipedId: id}); err != nil {
				return err
			}
			_, err := user.DeleteOldPipedKeys(t.Context(), &webv1.DeleteOldPipedKeysRequest{PipedId: id})
			return err
		},
	} {
		ag := r.a.agent("dev", name)
		stream := r.a.connect(ag, "process")
		stream.lease()
		must(t, revoke(ag.id))
		began := time.Now()
		wantCode(t, stream.end(), codes.Unauthenticated)
		if took := time.Since(began); took > late {
			t.Errorf("%s: the stream ended after %v", name, took)
		}
		_, err := ag.ReportStat(ag.ctx, &pipedservice.ReportStatRequest{})
		wantCode(t, err, codes.Unauthenticated)
	}
}

// background work is done, by one of them.
func (r *replicas) background(t *testing.T, old *model.Command) {
	ctx := t.Context()
	r.a.until(func() bool {
		c, err := r.a.store.GetCommand(ctx, old.ID)
		must(t, err)
		ended, err := r.a.store.SessionEnded(ctx, "old")
		must(t, err)
		signals, err := r.a.store.ListSignals(ctx, 0, "")
		must(t, err)
		return c.Status == model.CommandTimeout && !ended &&
			!slices.ContainsFunc(signals, func(s datastore.Signal) bool { return slices.Contains(s.Topics, "old") })
	})
	if lease, err := r.a.store.GetLease(ctx, backgroundLease); err != nil || lease.ExpiresAt.Before(time.Now()) {
		t.Errorf("the lease of the background work is %+v (%v)", lease, err)
	}
}

// backgroundLease is the id of the lease of the background work.
const backgroundLease = "background work"

// restarted: after the database was restarted everything goes on by itself.
func (r *replicas) restarted(t *testing.T, stream *connection, app string) {
	must(t, r.database.Stop())
	must(t, r.database.Start(t.Context()))
	user, id := r.b.user("dev"), ""
	r.b.until(func() bool {
		resp, err := user.SyncApplication(t.Context(), &webv1.SyncApplicationRequest{ApplicationId: app})
		id = resp.GetCommandId()
		return err == nil
	})
	began, got := time.Now(), ""
	for got != id {
		got = stream.next().GetCommand().GetId()
	}
	if took := time.Since(began); took > late {
		t.Errorf("after a restart of the database a command took %v", took)
	}
	stream.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Heartbeat{Heartbeat: &agentv1.Heartbeat{}}})
}

// oneStops: the other one takes over the background work.
func (r *replicas) oneStops(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	before, err := r.a.store.GetLease(ctx, backgroundLease)
	must(t, err)
	must(t, r.a.stop())
	must(t, r.b.stop())
	after, err := r.a.store.GetLease(ctx, backgroundLease)
	must(t, err)
	if after.ExpiresAt.After(time.Now().Add(time.Second)) {
		t.Errorf("the lease was not given back: %+v, before %+v", after, before)
	}
}
