package agent_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pipecd/pkg/config"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/agent"
	"pipecd/pkg/piped/apiclient"
	"pipecd/pkg/piped/reporter"
	"pipecd/pkg/pipeline/engine"
	"pipecd/pkg/platform/ecs"
	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	appFile = `
apiVersion: pipecd.dev/v1beta1
kind: ECSApp
spec:
  name: shop
  input: {serviceDefinitionFile: servicedef.yaml, taskDefinitionFile: taskdef.yaml}
  pipeline:
    stages:
      - name: WAIT_APPROVAL
        with: {approvers: [kim]}
      - name: ECS_PRIMARY_ROLLOUT
`
	serviceFile = `
cluster: prod
serviceName: shop
desiredCount: 1
deploymentController: {type: EXTERNAL}
launchType: FARGATE
networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1], securityGroups: [sg-1]}}
`
	taskFile = `
family: shop
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
memory: 512
cpu: 256
containerDefinitions: [{name: web, image: "example.com/shop:%s", portMappings: [{containerPort: 80}]}]
`
	pipedFile = `
apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: dev
  pipedID: piped-1
  pipedKeyData: c2VzYW1l
  apiAddress: pipecd:443
  syncInterval: %s
  repositories: [{repoId: shop, remote: %q, branch: main}]
  platformProviders: [{name: aws, type: ECS, config: {region: ap-northeast-1}}]
`
)

// world is everything around the agents: a control plane, a repository and a
// cloud.
type world struct {
	t     *testing.T
	app   *model.Application
	plane *plane
	bare  *gittest.Bare
	cloud *simcloud.Cloud

	syncInterval string
	extra        string // of the application file
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud, err := simcloud.New(simcloud.Config{
		Clusters: []simecs.Cluster{{Name: "prod"}}, Timing: simecs.Timing{SteadyCheck: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(cloud.Handler())
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := cloud.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	app := &model.Application{
		ID: "app-1", Name: "shop", PipedID: "piped-1", ProjectID: "dev", Kind: model.KindECS, PlatformProvider: "aws",
		GitPath: model.GitPath{Repo: model.GitRepository{ID: "shop"}, Path: "shop", ConfigFilename: "app.pipecd.yaml"},
	}
	return &world{t: t, app: app, plane: newPlane(t, app), bare: gittest.NewBare(t), cloud: cloud, syncInterval: "100ms"}
}

// push makes a release of the version and returns the commit's hash.
func (w *world) push(version string, change gittest.Change) string {
	w.t.Helper()
	change.Write = map[string]string{
		"shop/app.pipecd.yaml": appFile + w.extra, "shop/servicedef.yaml": serviceFile, "shop/taskdef.yaml": fmt.Sprintf(taskFile, version),
	}
	return w.bare.Commit(w.t, "main", change)
}

// logs makes the reporter's logs the engine's, as the program does.
type logs struct{ *reporter.Reporter }

func (l logs) Open(deploymentID, stageID string, retried int32) engine.StageLog {
	return l.Reporter.Open(deploymentID, stageID, retried)
}

// start starts an agent process with a disk of its own. stop ends it and waits
// until it has let go of everything.
func (w *world) start(instance string) (stop func()) {
	w.t.Helper()
	cfg, problems := config.LoadPiped("piped.yaml", fmt.Appendf(nil, pipedFile, w.syncInterval, w.bare.Path))
	if err := problems.Err(); err != nil {
		w.t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	client, err := apiclient.Dial(w.t.Context(), apiclient.Options{
		Address: "pipecd:443", Insecure: true, ProjectID: "dev", PipedID: "piped-1", PipedKey: "sesame",
		InstanceID: instance, Logger: logger, Dialer: w.plane.dial,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	source, err := gitcli.New(gitcli.Options{Dir: filepath.Join(w.t.TempDir(), "git"), Logger: logger})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	a, err := agent.New(ctx, agent.Options{Config: cfg, Logger: logger, Timing: ecs.Timing{
		SteadyTimeout: 20 * time.Second, DrainTimeout: 20 * time.Second, FirstPoll: 5 * time.Millisecond, LastPoll: 50 * time.Millisecond,
	}}, client, source, logs{reporter.New(client, logger, nil)})
	if err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	ended := false
	stop = func() {
		cancel()
		if ended {
			return
		}
		ended = true
		if err := <-done; err != nil {
			w.t.Errorf("agent %s ended with %v", instance, err)
		}
		for _, err := range []error{client.Close(), source.Close()} {
			if err != nil {
				w.t.Error(err)
			}
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// approve answers the question of the deployment's WAIT_APPROVAL.
func approve(d *model.Deployment, id string) model.Command {
	i := slices.IndexFunc(d.Stages, func(s model.Stage) bool { return s.Name == model.StageWaitApproval })
	return model.Command{ID: id, Type: model.CommandApproveStage, DeploymentID: d.ID, StageID: d.Stages[i].ID, ApplicationID: d.ApplicationID}
}

func (w *world) succeeded(d *model.Deployment) {
	w.t.Helper()
	if d.Status != model.DeploymentSuccess {
		w.t.Errorf("deployment %s ended with %s: %s", d.ID, d.Status, d.StatusReason)
	}
}

// TestLifeOfAnAgent: it deploys a commit and a command, lets go of a deployment
// that waits when it is stopped, and the next process, on another machine and
// after the commit is gone from everywhere, brings it to its end with the
// approval that was given meanwhile.
func TestLifeOfAnAgent(t *testing.T) {
	w := newWorld(t)
	first := w.push("v1", gittest.Change{})
	stop := w.start("one")
	w.succeeded(w.plane.ends(t, first)) // the first has nothing to compare with: quick sync
	w.plane.ask(model.Command{ID: "sync", Type: model.CommandSyncApplication, ApplicationID: "app-1", SyncStrategy: model.StrategyQuickSync})
	synced := w.plane.answered(t, "sync")
	if synced.Status != model.CommandSucceeded || synced.Metadata[model.CommandMetadataDeploymentID] == "" {
		t.Errorf("the sync was answered with %s %v", synced.Status, synced.Metadata)
	}
	w.plane.until(t, "the sync's deployment ends", func() bool {
		return w.plane.deployments[synced.Metadata[model.CommandMetadataDeploymentID]].Status == model.DeploymentSuccess
	})

	second := w.push("v2", gittest.Change{})
	d := w.plane.waits(t, second)
	stop()
	w.plane.mu.Lock()
	if status := w.plane.of(second).Status; status != model.DeploymentRunning || w.plane.holder != "" {
		t.Errorf("after the stop the deployment is %s and the lease is held by %q", status, w.plane.holder)
	}
	w.plane.mu.Unlock()

	w.plane.ask(approve(d, "approve"))
	third := w.push("v3", gittest.Change{Orphan: true})
	w.bare.Forget(t)
	w.start("two")
	w.succeeded(w.plane.ends(t, second))
	if c := w.plane.answered(t, "approve"); c.Status != model.CommandSucceeded {
		t.Errorf("the approval was answered with %s %v", c.Status, c.Metadata)
	}
	d = w.plane.waits(t, third)
	w.plane.ask(model.Command{ID: "cancel", Type: model.CommandCancelDeployment, DeploymentID: d.ID, ApplicationID: "app-1"})
	if d = w.plane.ends(t, third); d.Status != model.DeploymentCancelled {
		t.Errorf("the cancelled deployment ended with %s: %s", d.Status, d.StatusReason)
	}
	w.plane.ask(approve(d, "late"))
	if c := w.plane.answered(t, "late"); c.Status != model.CommandFailed || !strings.Contains(c.Metadata[model.CommandMetadataReason], "too late") {
		t.Errorf("what came too late was answered with %s %v", c.Status, c.Metadata)
	}
}

// TestOnAForeignControlPlane: without a stream the agent polls, its steps travel
// in the metadata of stages, and its successor goes on all the same.
func TestOnAForeignControlPlane(t *testing.T) {
	w := newWorld(t)
	w.plane = newForeignPlane(t, w.app)
	stop := w.start("one")
	w.succeeded(w.plane.ends(t, w.push("v1", gittest.Change{})))
	second := w.push("v2", gittest.Change{})
	d := w.plane.waits(t, second)
	stop()
	w.plane.ask(approve(d, "approve"))
	w.start("two")
	w.succeeded(w.plane.ends(t, second))
	if c := w.plane.answered(t, "approve"); c.Status != model.CommandSucceeded {
		t.Errorf("the approval was answered with %s %v", c.Status, c.Metadata)
	}
	if calls := w.cloud.CountCalls(); calls["ecs:CreateTaskSet"] != 2 || calls["ecs:CreateService"] != 1 {
		t.Errorf("the cloud was called %v, want two sets and one service", calls)
	}
	third := w.push("v3", gittest.Change{})
	d = w.plane.waits(t, third)
	w.plane.ask(model.Command{ID: "cancel", Type: model.CommandCancelDeployment, DeploymentID: d.ID, ApplicationID: "app-1"})
	if d = w.plane.ends(t, third); d.Status != model.DeploymentCancelled {
		t.Errorf("the cancelled deployment ended with %s: %s", d.Status, d.StatusReason)
	}
	w.plane.mu.Lock()
	defer w.plane.mu.Unlock()
	if w.plane.epoch != 0 || w.plane.streams != 0 {
		t.Errorf("a stream was opened: it is not a foreign control plane")
	}
}

// TestAnswerLostBeforeACrash: the approval was stored and its answer was not;
// the next process goes on because of it and says that it worked.
func TestAnswerLostBeforeACrash(t *testing.T) {
	w := newWorld(t)
	stop := w.start("one")
	w.succeeded(w.plane.ends(t, w.push("v1", gittest.Change{})))
	second := w.push("v2", gittest.Change{})
	d := w.plane.waits(t, second)
	lost := make(chan struct{}, 100)
	w.plane.mu.Lock()
	w.plane.deaf = func(string) bool { lost <- struct{}{}; return true }
	w.plane.mu.Unlock()
	w.plane.ask(approve(d, "approve"))
	<-lost
	stop()
	w.plane.mu.Lock()
	w.plane.deaf = nil
	if c := w.plane.commands["approve"]; c.Status != model.CommandNotHandled {
		t.Errorf("the answer was not lost: %s", c.Status)
	}
	w.plane.mu.Unlock()
	w.start("two")
	w.succeeded(w.plane.ends(t, second))
	if c := w.plane.answered(t, "approve"); c.Status != model.CommandSucceeded {
		t.Errorf("the approval was answered with %s %v", c.Status, c.Metadata)
	}
}

// TestTwoAgentsOneID: of two processes with one id one acts, and the other takes
// over when it is gone.
func TestTwoAgentsOneID(t *testing.T) {
	w := newWorld(t)
	stopOne := w.start("one")
	w.plane.until(t, "the first holds the lease", func() bool { return w.plane.holder == "one" })
	w.start("two")
	w.plane.until(t, "the second stands by", func() bool { return w.plane.standbys > 0 })

	w.succeeded(w.plane.ends(t, w.push("v1", gittest.Change{})))
	second := w.push("v2", gittest.Change{})
	d := w.plane.waits(t, second)
	if calls := w.cloud.CountCalls(); calls["ecs:CreateTaskSet"] != 1 || calls["ecs:CreateService"] != 1 {
		t.Errorf("the cloud was called %v, want one set and one service", calls)
	}
	stopOne()
	w.plane.until(t, "the second takes over", func() bool { return w.plane.holder == "two" })
	w.plane.ask(approve(d, "approve"))
	w.succeeded(w.plane.ends(t, second))
	if calls := w.cloud.CountCalls(); calls["ecs:CreateTaskSet"] != 2 || calls["ecs:CreateService"] != 1 {
		t.Errorf("the cloud was called %v, want two sets and one service", calls)
	}
	w.plane.mu.Lock()
	defer w.plane.mu.Unlock()
	if len(w.plane.deployments) != 2 || w.plane.epoch != 2 || w.plane.writes[1] == 0 || w.plane.writes[2] == 0 {
		t.Errorf("%d deployments after %d leases with writes %v", len(w.plane.deployments), w.plane.epoch, w.plane.writes)
	}
}
