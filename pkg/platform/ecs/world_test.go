package ecs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/pipeline/canary"
	"pipecd/pkg/pipeline/engine"
	gates "pipecd/pkg/pipeline/gate"
	"pipecd/pkg/pipeline/script"
	"pipecd/pkg/pipeline/stage"
	"pipecd/pkg/platform"
	"pipecd/pkg/platform/ecs"
	"pipecd/pkg/simcloud"
	simecs "pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/elb"
)

const (
	taskFile = `
family: shop
executionRoleArn: arn:aws:iam::123456789012:role/execution
containerDefinitions:
  - command: null
    cpu: 100
    image: example.com/shop:%s
    memory: 100
    mountPoints: []
    name: web
    environment: [{name: FAULT, value: "%s"}]
    portMappings: [{containerPort: 80}]
compatibilities: [FARGATE]
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
memory: 512
cpu: 256
pidMode: ""
volumes: []
`
	serviceFile = `
cluster: arn:aws:ecs:ap-northeast-1:123456789012:cluster/prod
serviceName: shop
desiredCount: 2
deploymentConfiguration: {maximumPercent: 200, minimumHealthyPercent: 0}
schedulingStrategy: REPLICA
deploymentController: {type: EXTERNAL}
enableECSManagedTags: true
propagateTags: SERVICE
launchType: FARGATE
networkConfiguration:
  awsvpcConfiguration:
    assignPublicIp: ENABLED
    securityGroups: [sg-1]
    subnets: [subnet-1, subnet-2]
`
)

// files is the application's directory at a commit.
type files map[string]string

func (f files) ReadFile(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, errors.New("no such file")
	}
	return []byte(text), nil
}

func shop(version, fault string) files {
	return files{"servicedef.yaml": serviceFile, "taskdef.yaml": fmt.Sprintf(taskFile, version, fault)}
}

// world is a simulated cloud with the stages of the product on top.
type world struct {
	t      *testing.T
	cloud  *simcloud.Cloud
	opener *ecs.Opener
	wire   *wiretap                    // to the cloud; nil where sockets are used
	app    func(*platform.Application) // changes every deployment's application; may be nil
	file   string                      // the service's file where it is not the usual one
	keep   time.Duration               // how long the previous version is kept
	each   func(kill int)              // called after every deployment of killAnywhere; may be nil
}

func newWorld(t *testing.T, change func(*simcloud.Config)) *world {
	t.Helper()
	check := elb.HealthCheck{Path: "/healthz", Interval: 10 * time.Millisecond, HealthyThreshold: 1, UnhealthyThreshold: 2}
	cfg := simcloud.Config{
		Clusters: []simecs.Cluster{{Name: "prod"}},
		Timing:   simecs.Timing{SteadyCheck: 5 * time.Millisecond, RestartBackoff: 5 * time.Millisecond},
		TargetGroups: []elb.TargetGroup{
			{Name: "blue", HealthCheck: check, DeregistrationDelay: 150 * time.Millisecond},
			{Name: "green", HealthCheck: check, DeregistrationDelay: 150 * time.Millisecond},
		},
		LoadBalancers: []elb.LoadBalancer{{Name: "shop", Listeners: []elb.Listener{{
			DefaultActions: []elb.Action{{Forward: []elb.Weighted{{TargetGroup: "blue", Weight: 100}, {TargetGroup: "green"}}}},
		}}}},
		Traffic: &simcloud.Traffic{LoadBalancer: "shop", RPS: 200},
	}
	if change != nil {
		change(&cfg)
	}
	cloud, err := simcloud.New(cfg)
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
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	opener, err := ecs.NewOpener(t.Context(), ecs.Config{Region: "ap-northeast-1", RequestRate: 5000}, ecs.Timing{
		SteadyTimeout: 20 * time.Second, DrainTimeout: 20 * time.Second, FirstPoll: 5 * time.Millisecond, LastPoll: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, cloud: cloud, opener: opener}
}

// deployment is one deployment with its record, which outlives a killed run.
type deployment struct {
	world   *world
	source  files
	options map[string]config.StageOptions
	change  func(*platform.Application) // of the application's file

	mu      sync.Mutex
	d       *model.Deployment
	writes  int
	killAt  int  // the write at which the process dies; 0 never
	late    bool // what is reported is stored only with the next flush
	waiting []func(*model.Deployment) error
	lines   []string
	checked func() // called once, when the preflight is recorded

	timeouts map[string]time.Duration // of stages
	begun    func(*engine.Execution)  // called when a process begins
	manual   bool                     // nothing is rolled back unless asked for
}

// errKilled stands for the death of the process: nothing after it happens.
var errKilled = model.Errorf(model.CodeFenced, "killed")

func (w *world) deployment(id string, source files, stages ...stageSpec) *deployment {
	d := &model.Deployment{
		ID: id, ApplicationID: "app-1", ApplicationName: "shop", PipedID: "piped-1", ProjectID: "p", Status: model.DeploymentPlanned,
		Trigger: model.DeploymentTrigger{Commit: model.Commit{Hash: "c-" + id}},
	}
	if w.file != "" {
		source["servicedef.yaml"] = w.file
	}
	out := &deployment{world: w, source: source, d: d, options: map[string]config.StageOptions{}}
	for i, s := range stages {
		sid := fmt.Sprintf("stage-%d", i)
		d.Stages = append(d.Stages, model.Stage{ID: sid, Name: s.name, Visible: true})
		out.options[sid] = s.with
	}
	d.Stages = append(d.Stages, model.Stage{ID: model.StageIDRollback, Name: model.StageRollback, Rollback: true})
	return out
}

type stageSpec struct {
	name model.StageName
	with config.StageOptions
}

func quickSync() []stageSpec { return []stageSpec{{model.StageECSSync, &config.ECSSyncOptions{}}} }

func canaryPipeline(gate ...stageSpec) []stageSpec {
	stages := []stageSpec{
		{model.StageECSCanaryRollout, &config.CanaryRolloutOptions{Scale: 30}},
		{model.StageECSTrafficRouting, &config.TrafficRouting{Canary: new(config.Percent(20))}},
	}
	stages = append(stages, gate...)
	return append(stages,
		stageSpec{model.StageECSPrimaryRollout, &config.PrimaryRolloutOptions{}},
		stageSpec{model.StageECSTrafficRouting, &config.TrafficRouting{Primary: new(config.Percent(100))}},
		stageSpec{model.StageECSCanaryClean, &config.CanaryCleanOptions{}})
}

// verdictStage ends as it is told.
type verdictStage struct{ fail bool }

func (v verdictStage) Run(context.Context, *stage.Run) (stage.Outcome, error) {
	return stage.Outcome{Failed: v.fail, Reason: "as the test says"}, nil
}

// run runs the deployment in one process and returns how it ended.
func (d *deployment) run(ctx context.Context, verdict stage.Stage) (model.DeploymentStatus, error) {
	d.world.t.Helper()
	app := platform.Application{
		Identity:    platform.Identity{PipedID: "piped-1", ApplicationID: "app-1", DeploymentID: d.d.ID, CommitHash: d.d.Trigger.Commit.Hash},
		ServiceFile: "servicedef.yaml", TaskFile: "taskdef.yaml",
		TargetGroups: platform.TargetGroups{
			Primary: &platform.TargetGroup{ARN: d.world.cloud.ELB.TargetGroupARN("blue"), ContainerName: "web", ContainerPort: 80},
			Canary:  &platform.TargetGroup{ARN: d.world.cloud.ELB.TargetGroupARN("green"), ContainerName: "web", ContainerPort: 80},
		},
	}
	for _, change := range []func(*platform.Application){d.world.app, d.change} {
		if change != nil {
			change(&app)
		}
	}
	target, err := d.world.opener.Open(ctx, app, d.source)
	if err != nil {
		d.world.t.Fatal(err)
	}
	e := &engine.Engine{
		Registry: stage.Registry{
			model.StageECSSync: canary.Sync{}, model.StageECSCanaryRollout: canary.CanaryRollout{},
			model.StageECSPrimaryRollout: canary.PrimaryRollout{}, model.StageECSTrafficRouting: canary.TrafficRouting{},
			model.StageECSCanaryClean: canary.CanaryClean{}, model.StageECSBaselineRollout: canary.BaselineRollout{},
			model.StageECSBaselineClean: canary.BaselineClean{}, model.StageRollback: script.Rollback{Stage: canary.Rollback{}},
			model.StageScriptRun: script.Script{}, model.StageWait: gates.Wait{}, model.StageAnalysis: verdict,
		},
		Recorder: d, Logs: d, Logger: slog.New(slog.DiscardHandler),
	}
	d.mu.Lock()
	copied := d.d.Clone()
	d.mu.Unlock()
	x, err := e.Execution(copied, engine.Input{Options: d.options, Timeouts: d.timeouts, KeepPrevious: d.world.keep, AutoRollback: !d.manual, Target: target, Files: d.files})
	if err != nil {
		d.world.t.Fatal(err)
	}
	if d.begun != nil {
		d.begun(x)
	}
	return x.Run(ctx)
}

// files is the application's directory.
func (d *deployment) files(context.Context) (fs.FS, func(), error) {
	tree := fstest.MapFS{}
	for name, text := range d.source {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	return tree, func() {}, nil
}

func (d *deployment) write(f func(*model.Deployment) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if d.killAt > 0 && d.writes >= d.killAt {
		d.waiting = nil
		return errKilled
	}
	if d.waiting = append(d.waiting, f); d.late {
		return nil
	}
	return d.store()
}

// store stores what was reported. mu is held.
func (d *deployment) store() error {
	waiting := d.waiting
	d.waiting = nil
	for _, f := range waiting {
		if err := f(d.d); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployment) Flush(context.Context, string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.store()
}

func (d *deployment) ReportStatus(_ context.Context, _ string, s model.DeploymentStatus, reason string) error {
	return d.write(func(m *model.Deployment) error { return m.ReportStatus(s, reason, time.Now()) })
}

func (d *deployment) ReportCompleted(ctx context.Context, id string, c model.Completion) error {
	if err := d.write(func(m *model.Deployment) error { return m.ReportCompleted(c, time.Now()) }); err != nil {
		return err
	}
	return d.Flush(ctx, id)
}

func (d *deployment) ReportStage(_ context.Context, _ string, r model.StageReport) error {
	return d.write(func(m *model.Deployment) error { return m.ReportStage(r, time.Now()) })
}

func (d *deployment) SaveStageMetadata(_ context.Context, _, stageID string, md map[string]string) error {
	return d.write(func(m *model.Deployment) error { return m.MergeStageMetadata(stageID, md, time.Now()) })
}

func (d *deployment) SaveDeploymentMetadata(_ context.Context, _ string, md map[string]string) error {
	if f := d.checked; f != nil && strings.Contains(md[stage.MetadataSteps], stage.StepPreflight) {
		d.checked = nil
		f()
	}
	return d.write(func(m *model.Deployment) error { return m.MergeMetadata(md, time.Now()) })
}

func (d *deployment) Open(_, stageID string, _ int32) engine.StageLog { return &stageLog{d, stageID} }

type stageLog struct {
	d     *deployment
	stage string
}

func (l *stageLog) add(format string, args ...any) {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.d.lines = append(l.d.lines, l.stage+": "+fmt.Sprintf(format, args...))
}
func (l *stageLog) Infof(format string, args ...any)    { l.add(format, args...) }
func (l *stageLog) Successf(format string, args ...any) { l.add("✓ "+format, args...) }
func (l *stageLog) Errorf(format string, args ...any)   { l.add("✗ "+format, args...) }
func (l *stageLog) Close(context.Context, bool) error   { return nil }

// mustRun runs to the end and fails the test unless it ends as wanted.
func (d *deployment) mustRun(gate stage.Stage, want model.DeploymentStatus) {
	t := d.world.t
	t.Helper()
	got, err := d.run(t.Context(), gate)
	if err != nil || got != want {
		t.Fatalf("deployment %s ended as %s, %v; want %s\n%s\n%s", d.d.ID, got, err, want, d.d.StatusReason, d.log())
	}
}

func (d *deployment) log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := ""
	for _, l := range d.lines {
		text += l + "\n"
	}
	for _, s := range d.d.Stages {
		text += fmt.Sprintf("%s %s %s\n", s.Name, s.Status, s.StatusReason)
	}
	return text
}

// state is what must hold when a deployment has ended.
type state struct {
	sets            int
	revision        string // the primary set's
	primaryID       string
	primary, canary int32
}

func (w *world) state() state {
	w.t.Helper()
	svc := w.observe()
	out := state{sets: len(svc.Sets)}
	if p, ok := svc.Primary(); ok {
		out.primaryID, out.revision = p.ID, p.Revision
	}
	weights := w.weights()
	out.primary, out.canary = int32(weights.Primary), int32(weights.Canary)
	return out
}

func (w *world) target() platform.Target {
	w.t.Helper()
	target, err := w.opener.Open(w.t.Context(), platform.Application{
		Identity: platform.Identity{ApplicationID: "app-1"}, ServiceFile: "servicedef.yaml", TaskFile: "taskdef.yaml",
		TargetGroups: platform.TargetGroups{
			Primary: &platform.TargetGroup{ARN: w.cloud.ELB.TargetGroupARN("blue"), ContainerName: "web", ContainerPort: 80},
			Canary:  &platform.TargetGroup{ARN: w.cloud.ELB.TargetGroupARN("green"), ContainerName: "web", ContainerPort: 80},
		},
	}, shop("v0", ""))
	if err != nil {
		w.t.Fatal(err)
	}
	return target
}

func (w *world) observe() platform.Service {
	w.t.Helper()
	svc, err := w.target().Observe(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return svc
}

func (w *world) weights() platform.Weights {
	w.t.Helper()
	weights, err := w.target().Traffic().Weights(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return weights
}

// routingErrors is how many requests the load balancer refused because of a move
// of ours. Requests that were still under way when the deregistration delay of
// this world passed do not count: it is so short that a busy machine exceeds it.
func (w *world) routingErrors() int {
	snapshot := w.cloud.ELB.Snapshot()
	n := int(snapshot.Errors[elb.CauseRouting]) // some hundreds
	for _, r := range snapshot.Records {
		if r.Cause == elb.CauseRouting && strings.Contains(r.Reason, "deregistration delay passed") {
			n--
		}
	}
	return n
}
