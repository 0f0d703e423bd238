package trigger

import (
	"context"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/platform"
	"pipecd/pkg/platform/ecs"
)

// controlPlane is the far end of the agent's API, with the rules of the model.
type controlPlane struct {
	mu          sync.Mutex
	apps        map[string]*model.Application
	list        []*model.Application // what the agent last listed, when it does not list anew
	deployments []*model.Deployment  // in the order of their creation
	superseded  bool                 // the last one takes the place of those before it
	answers     map[string]model.Handled
	states      []string         // reported sync states, "<app> <STATUS>"
	failures    map[string]error // by method, given once
}

func newControlPlane(apps ...*model.Application) *controlPlane {
	cp := &controlPlane{apps: map[string]*model.Application{}, answers: map[string]model.Handled{}, failures: map[string]error{}}
	for _, a := range apps {
		cp.apps[a.ID] = a
	}
	return cp
}

// Applications is the agent's list: fresh, or as it was frozen.
func (cp *controlPlane) Applications() []*model.Application {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	list := cp.list
	if list == nil {
		list = slices.Collect(maps.Values(cp.apps))
	}
	var out []*model.Application
	for _, a := range list {
		out = append(out, a.Clone())
	}
	return out
}

// deploying marks the application as having a deployment under way, or not.
func (cp *controlPlane) deploying(id string, is bool) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.apps[id].Deploying = is
}

// freeze makes the agent's list stay as it is now, as between two of its polls.
func (cp *controlPlane) freeze() {
	list := cp.Applications()
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.list = list
}

// enter locks and returns the failure that the method is to give once.
func (cp *controlPlane) enter(method string) error {
	cp.mu.Lock()
	err := cp.failures[method]
	delete(cp.failures, method)
	return err
}

func (cp *controlPlane) fail(method string, err error) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.failures[method] = err
}

func (cp *controlPlane) CreateDeployment(_ context.Context, d *model.Deployment) error {
	err := cp.enter("CreateDeployment")
	defer cp.mu.Unlock()
	if err != nil {
		return err
	}
	if err := d.Validate(); err != nil {
		return err
	}
	if slices.ContainsFunc(cp.deployments, func(o *model.Deployment) bool { return o.ID == d.ID }) {
		return model.Errorf(model.CodeAlreadyExists, "deployment %s exists", d.ID)
	}
	cp.deployments = append(cp.deployments, d.Clone())
	cp.superseded = d.Metadata[model.MetadataSupersedes] != ""
	return nil
}

func (cp *controlPlane) GetDeployment(_ context.Context, id string) (*model.Deployment, error) {
	err := cp.enter("GetDeployment")
	defer cp.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, d := range cp.deployments {
		if d.ID == id {
			return d.Clone(), nil
		}
	}
	return nil, model.Errorf(model.CodeNotFound, "deployment %s does not exist", id)
}

func (cp *controlPlane) ReportMostRecentDeployment(_ context.Context, appID string, _ model.DeploymentStatus, ref model.DeploymentRef) error {
	err := cp.enter("ReportMostRecentDeployment")
	defer cp.mu.Unlock()
	if err == nil {
		ref.StartedAt = ref.StartedAt.Truncate(time.Microsecond) // what a store keeps
		cp.apps[appID].LastTriggered = &ref
	}
	return err
}

func (cp *controlPlane) ReportSyncState(_ context.Context, appID string, s model.SyncState) error {
	err := cp.enter("ReportSyncState")
	defer cp.mu.Unlock()
	if err == nil {
		cp.apps[appID].SyncState = s
		cp.states = append(cp.states, appID+" "+s.Status.String())
	}
	return err
}

func (cp *controlPlane) ReportCommandHandled(_ context.Context, id string, h model.Handled) error {
	err := cp.enter("ReportCommandHandled")
	defer cp.mu.Unlock()
	if err == nil {
		cp.answers[id] = h
	}
	return err
}

// take returns "<app>@<n>" for the deployments created since the last call,
// sorted, where n is the place of the commit in commits.
func (cp *controlPlane) take(commits ...string) string {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	var out []string
	for _, d := range cp.deployments {
		if d.Metadata["seen"] == "" {
			d.Metadata = map[string]string{"seen": "yes"}
			at := "?"
			if i := slices.Index(commits, d.Trigger.Commit.Hash); i >= 0 {
				at = string(rune('0' + i))
			}
			out = append(out, d.ApplicationID+"@"+at)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (cp *controlPlane) answer(id string) model.Handled {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	return cp.answers[id]
}

func (cp *controlPlane) state(appID string) model.SyncState {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	return cp.apps[appID].SyncState
}

// providers is an agent with one ECS provider, which is never called.
type providers struct{ opener *ecs.Opener }

func (p providers) Platform(name string) (appsource.Platform, error) {
	if name != "ecs-dev" {
		return nil, model.Errorf(model.CodeInvalid, "unknown platform provider %q", name)
	}
	return p.opener, nil
}

func (providers) CheckAnalysis(name string) error {
	return model.Errorf(model.CodeInvalid, "unknown analysis provider %q", name)
}

func (providers) CheckDefinitions(app platform.Application, src platform.Source) config.Problems {
	return ecs.CheckDefinitions(app, src)
}

func newProviders(t *testing.T) providers {
	t.Helper()
	opener, err := ecs.NewOpener(t.Context(), ecs.Config{Region: "eu-west-1"}, ecs.Timing{})
	if err != nil {
		t.Fatal(err)
	}
	return providers{opener}
}

// app is an application in the directory apps/<id>.
func app(id string) *model.Application {
	return &model.Application{
		ID: id, Name: "name of " + id, ProjectID: "x", PipedID: "p1", Kind: model.KindECS, PlatformProvider: "ecs-dev",
		GitPath: model.GitPath{Repo: model.GitRepository{ID: "main", Remote: "git@github.com:acme/apps.git"}, Path: "apps/" + id, ConfigFilename: model.DefaultConfigFilename},
	}
}

const serviceFile = `cluster: c
serviceName: shop
desiredCount: 1
schedulingStrategy: REPLICA
deploymentController: {type: EXTERNAL}
launchType: FARGATE
networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1]}}
`

const taskFile = `family: shop
containerDefinitions: [{name: web, image: "example.com/shop:v1", memory: 100}]
networkMode: awsvpc
cpu: 256
memory: 512
requiresCompatibilities: [FARGATE]
`

func appFile(trigger string) string {
	return "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n  trigger: {" + trigger + "}\n" +
		"  input:\n    serviceDefinitionFile: servicedef.yaml\n    taskDefinitionFile: taskdef.yaml\n"
}

// appFiles are all files of an application whose trigger is as given.
func appFiles(id, trigger string) map[string]string {
	dir := "apps/" + id
	return map[string]string{
		path.Join(dir, model.DefaultConfigFilename): appFile(trigger),
		path.Join(dir, "servicedef.yaml"):           serviceFile,
		path.Join(dir, "taskdef.yaml"):              taskFile,
	}
}

func merge(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}

// world is a real repository with the agent's mirror of it and a control plane.
type world struct {
	t         *testing.T
	remote    *gittest.Bare
	source    git.Source
	providers providers
	cp        *controlPlane
	repo      *Repository
	commits   []string
}

func newWorld(t *testing.T, apps ...*model.Application) *world {
	t.Helper()
	w := &world{t: t, remote: gittest.NewBare(t), providers: newProviders(t), cp: newControlPlane(apps...)}
	w.loseMirror()
	w.restart()
	return w
}

// restart makes a new Repository, which knows nothing of the one before.
func (w *world) restart() {
	w.repo = New(w.options(w.source))
}

func (w *world) options(source git.Source) Options {
	return Options{
		Repository: git.Repository{ID: "main", Remote: w.remote.Path, Branch: "main"}, Source: source,
		Applications: w.cp.Applications, Providers: w.providers, ControlPlane: w.cp, PipedID: "p1",
		Interval: time.Minute, Logger: slog.New(slog.DiscardHandler), Created: func() {},
	}
}

// loseMirror gives the agent an empty disk.
func (w *world) loseMirror() {
	w.t.Helper()
	source, err := gitcli.New(gitcli.Options{Dir: w.t.TempDir()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := source.Close(); err != nil {
			w.t.Errorf("closing the mirrors: %v", err)
		}
	})
	w.source = source
	if w.repo != nil {
		w.repo.opts.Source = source
	}
}

func (w *world) commit(files map[string]string) {
	w.t.Helper()
	w.push(gittest.Change{Write: files})
}

func (w *world) push(c gittest.Change) {
	w.t.Helper()
	w.commits = append(w.commits, w.remote.Commit(w.t, "main", c))
}

// look looks once and says which deployments are to come of it.
func (w *world) look(want string) {
	w.t.Helper()
	if err := w.repo.look(w.t.Context()); err != nil {
		w.t.Errorf("look: %v", err)
	}
	w.expect(want)
}

func (w *world) expect(want string) {
	w.t.Helper()
	if got := w.cp.take(w.commits...); got != want {
		w.t.Errorf("deployments %q, want %q", got, want)
	}
}

// touch is a change of an application's directory that changes no rule.
func touch(id, text string) map[string]string {
	return map[string]string{"apps/" + id + "/taskdef.yaml": taskFile + "# " + text + "\n"}
}
