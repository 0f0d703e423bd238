package appsource_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/appsource"
	"pipecd/pkg/platform"
	"pipecd/pkg/platform/ecs"
)

// providers is an agent with one ECS and one analysis provider; neither is called.
type providers struct{ opener *ecs.Opener }

func (p providers) Platform(name string) (appsource.Platform, error) {
	if name != "ecs-dev" {
		return nil, model.Errorf(model.CodeInvalid, "unknown platform provider %q", name)
	}
	return p.opener, nil
}

func (providers) CheckAnalysis(name string) error {
	if name != "datadog" {
		return model.Errorf(model.CodeInvalid, "unknown analysis provider %q", name)
	}
	return nil
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

func app() *model.Application {
	return &model.Application{ID: "a", Kind: model.KindECS, PlatformProvider: "ecs-dev", GitPath: model.GitPath{Path: "apps/shop"}}
}

const (
	head  = "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n"
	input = "  input: {serviceDefinitionFile: servicedef.yaml, taskDefinitionFile: ../shared/taskdef.yaml}\n"

	serviceFile = "cluster: c\nserviceName: shop\ndeploymentController: {type: EXTERNAL}\n"
	taskFile    = `family: shop
containerDefinitions:
  - {name: web, image: "registry.example.com:5000/team/shop:v1"}
  - {name: log, image: "example.com/log@sha256:abc"}
  - {name: twin, image: "registry.example.com:5000/team/shop:v1"}
`
)

func tree(appFile string) fstest.MapFS {
	return fstest.MapFS{
		"apps/shop/app.pipecd.yaml": {Data: []byte(appFile)},
		"apps/shop/servicedef.yaml": {Data: []byte(serviceFile)},
		"apps/shared/taskdef.yaml":  {Data: []byte(taskFile)},
	}
}

func TestSource(t *testing.T) {
	t.Parallel()

	src, err := appsource.Load(tree(head+"  timeout: 90m\n  postSync: {chain: {applications: [{name: x}]}}\n"+input), app(), newProviders(t))
	if err != nil {
		t.Fatal(err)
	}
	if src.Timeout() != 90*time.Minute {
		t.Errorf("timeout %s", src.Timeout())
	}
	if !strings.Contains(src.Warnings.Error(), "apps/shop/app.pipecd.yaml:5:3: warning: spec.postSync") {
		t.Errorf("warnings %v", src.Warnings)
	}
	if _, err := src.Open(t.Context(), platform.Identity{}); err != nil {
		t.Errorf("opening: %v", err)
	}
	got, err := src.Versions()
	want := []model.ArtifactVersion{
		{Kind: model.ArtifactContainerImage, Name: "shop", Version: "v1", URL: "registry.example.com:5000/team/shop:v1"},
		{Kind: model.ArtifactContainerImage, Name: "log", Version: "sha256:abc", URL: "example.com/log@sha256:abc"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()

	stage := func(s string) string {
		return head + input + "  pipeline: {stages: [{name: WAIT, with: {duration: 1s}}, " + s + "]}\n"
	}
	metric := func(m string) string { return stage("{name: ANALYSIS, with: {duration: 1m, metrics: [" + m + "]}}") }
	const at = "apps/shop/app.pipecd.yaml:5:"
	for name, tc := range map[string]struct {
		file string
		want []string
	}{
		"place":       {head + input + "  tmeout: 1h\n", []string{"apps/shop/app.pipecd.yaml:5:3: spec.tmeout"}},
		"standalone":  {head + "  input: {taskDefinitionFile: ../shared/taskdef.yaml, accessType: ELB}\n", []string{"app.pipecd.yaml:4:3: spec.input.serviceDefinitionFile", "a standalone task gets no requests"}},
		"custom sync": {stage("{name: CUSTOM_SYNC, with: {run: echo}}"), []string{at + "66: spec.pipeline.stages[1].name: stage CUSTOM_SYNC is not run (use "}},
		"analysis provider": {
			metric("{provider: none, interval: 10s, query: q, expected: {max: 1}}"),
			[]string{at + "118: spec.pipeline.stages[1].with.metrics[0].provider: ", `"none"`},
		},
		"strategy": {
			metric("{strategy: PREVIOUS, provider: datadog, interval: 10s, query: q}"),
			[]string{at + "118: spec.pipeline.stages[1].with.metrics[0].strategy: strategy PREVIOUS"},
		},
		"template": {metric("{template: {name: x}}"), []string{at + "108: spec.pipeline.stages[1].with.metrics[0].template"}},
		"logs": {
			stage("{name: ANALYSIS, with: {duration: 1m, logs: [{provider: datadog, interval: 10s, query: q}]}}"),
			[]string{at + "76: spec.pipeline.stages[1].with: log"},
		},
		"no definition": {
			head + "  input:\n    serviceDefinitionFile: srv.yaml\n", []string{
				"app.pipecd.yaml:5:28: spec.input.serviceDefinitionFile: the file apps/shop/srv.yaml does not exist in the repository (correct",
				"app.pipecd.yaml:4:3: spec.input.taskDefinitionFile: the file apps/shop/taskdef.json does not exist in the repository",
			},
		},
		"all at once": {
			strings.Replace(metric("{provider: none, interval: 10s, query: q, expected: {max: 1}}, {template: {name: x}}"),
				"input:", "inpt: 1\n  description: 5\n  input:", 1),
			[]string{"metrics[0].provider", "metrics[1].template", "spec.inpt", "spec.description: expected a string"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := appsource.Load(tree(tc.file), app(), newProviders(t))
			if model.CodeOf(err) != model.CodeInvalid {
				t.Fatalf("got %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
		})
	}
}

func TestLoadFine(t *testing.T) {
	t.Parallel()

	file := head + input + "  pipeline: {stages: [{name: ANALYSIS, with: {duration: 1m, metrics: [{provider: datadog, interval: 10s, query: q, expected: {max: 1}}]}}]}\n"
	if _, err := appsource.Load(tree(file), app(), newProviders(t)); err != nil {
		t.Error(err)
	}
}

// broken is a tree of which one file cannot be read, for whatever reason.
type broken struct {
	fstest.MapFS

	name string
	err  error
}

func (b broken) Open(name string) (fs.File, error) {
	if name == b.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
	}
	return b.MapFS.Open(name)
}

// ReadFile is not that of MapFS.
func (b broken) ReadFile(name string) ([]byte, error) {
	if name == b.name {
		return nil, &fs.PathError{Op: "read", Path: name, Err: b.err}
	}
	return b.MapFS.ReadFile(name)
}

// TestLoadCodes: what a commit says stays so and is the file's fault; that a
// file could not be read now is not, whichever file it is.
func TestLoadCodes(t *testing.T) {
	t.Parallel()

	p := newProviders(t)
	other := app()
	other.PlatformProvider = "none"
	if _, err := appsource.Load(tree(head+input), other, p); model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("unknown provider: %v", err)
	}
	for _, tc := range []struct {
		err              error
		file, definition model.Code
	}{
		{fs.ErrNotExist, model.CodeNotFound, model.CodeInvalid},
		{model.Errorf(model.CodeExhausted, "too large"), model.CodeInvalid, model.CodeInvalid}, // trying again does not help
		{model.Errorf(model.CodeInvalid, "a link"), model.CodeInvalid, model.CodeInvalid},
		{model.Errorf(model.CodeUnavailable, "later"), model.CodeUnavailable, model.CodeUnavailable},
		{model.Errorf(model.CodeFailedPrecondition, "no git"), model.CodeUnavailable, model.CodeUnavailable},
		{syscall.EIO, model.CodeUnavailable, model.CodeUnavailable},
		{fs.ErrClosed, model.CodeUnavailable, model.CodeUnavailable},
		{context.DeadlineExceeded, model.CodeUnavailable, model.CodeUnavailable},
	} {
		for name, want := range map[string]model.Code{
			"apps/shop/app.pipecd.yaml": tc.file, "apps/shop/servicedef.yaml": tc.definition, "apps/shared/taskdef.yaml": tc.definition,
		} {
			_, err := appsource.Load(broken{tree(head + input), name, tc.err}, app(), p)
			if model.CodeOf(err) != want || !strings.Contains(err.Error(), name) || !errors.Is(err, tc.err) && want == model.CodeUnavailable {
				t.Errorf("%s, %v: got %q %v, want %q", name, tc.err, model.CodeOf(err), err, want)
			}
			_, isProblem := errors.AsType[config.Problems](err)
			if isProblem != (want == model.CodeInvalid && name != "apps/shop/app.pipecd.yaml") {
				t.Errorf("%s, %v: problems of a file: %t", name, tc.err, isProblem)
			}
		}
	}
}

// TestDefinitionProblems: what is wrong with a definition is told with its place
// in the repository, also what only the platform can find, and also when the
// application's file has errors of its own.
func TestDefinitionProblems(t *testing.T) {
	t.Parallel()

	files := tree(head + input + `
    targetGroups: {primary: {targetGroupArn: "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/1", containerName: web, containerPort: 80}}
`)
	files["apps/shop/app.pipecd.yaml"].Data = []byte(strings.Replace(string(files["apps/shop/app.pipecd.yaml"].Data), input, `  input:
    serviceDefinitionFile: servicedef.yaml
    taskDefinitionFile: ../shared/taskdef.yaml
`, 1))
	files["apps/shop/servicedef.yaml"].Data = []byte("cluster: c\ndesiredCount: -2\nschedulingStrategy: DAEMON\ndeploymentController:\n  Type: ECS\ndesiredcount: -1\n")
	files["apps/shared/taskdef.yaml"].Data = []byte("containerDefinitions:\n  - name: log\n  - name: web\n    portMappings:\n      - containerPort: 8080\n")
	_, err := appsource.Load(files, app(), newProviders(t))
	want := `apps/shop/servicedef.yaml:1:1: serviceName: is required
apps/shop/servicedef.yaml:3:21: schedulingStrategy: expected REPLICA (the EXTERNAL controller does not support DAEMON)
apps/shop/servicedef.yaml:5:9: deploymentController.type: expected EXTERNAL (only a service under the EXTERNAL controller can have a canary beside the primary; the controller of a service cannot be changed: deploy under a new serviceName, move the requests there, and delete the old service)
apps/shop/servicedef.yaml:6:15: desiredCount: expected 0 or more, found -1
apps/shared/taskdef.yaml:1:1: family: is required
apps/shared/taskdef.yaml:4:5: containerDefinitions[1].portMappings: expected container web with the port 80 that input.targetGroups names, found none`
	if err == nil || model.CodeOf(err) != model.CodeInvalid || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
	files["apps/shop/app.pipecd.yaml"].Data = append(files["apps/shop/app.pipecd.yaml"].Data, "  timeuot: 1h\n"...)
	_, err = appsource.Load(files, app(), newProviders(t))
	if want = "apps/shop/app.pipecd.yaml:9:3: spec.timeuot: unknown field (did you mean timeout?)\n" + want; err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

// TestHalfTargetGroup: a target group that the application's file gives only in
// part is a problem of that file and of no other.
func TestHalfTargetGroup(t *testing.T) {
	t.Parallel()

	files := tree(head + "  input: {serviceDefinitionFile: servicedef.yaml, taskDefinitionFile: ../shared/taskdef.yaml, targetGroups: {primary: {targetGroupArn: arn, containerPort: x}}}\n")
	files["apps/shop/servicedef.yaml"].Data = []byte(serviceFile + "loadBalancers: [{targetGroupArn: arn, containerName: web, containerPort: 80}]\n")
	in, err := appsource.Inspect(files, app(), newProviders(t))
	if err != nil || in.Problems.Err() == nil {
		t.Fatalf("%v %v", in.Problems, err)
	}
	for _, p := range in.Problems {
		if p.File != "apps/shop/app.pipecd.yaml" {
			t.Errorf("not expected: %s", p)
		}
	}
	if want := []string{"apps/shop/app.pipecd.yaml", "apps/shop/servicedef.yaml", "apps/shared/taskdef.yaml"}; !slices.Equal(in.Files, want) {
		t.Errorf("files %v", in.Files)
	}
}

// TestRegistered: where the registration of the application wins over the file,
// the file's author is told.

func TestCheck(t *testing.T) {
	t.Parallel()

	file := head + "  trigger: {onCommit: {paths: [a, b]}}\n  input: {serviceDefinitionFile: none.yaml, taskDefinitionFile: ../shared/taskdef.yaml}\n"
	_, err := appsource.Load(tree(file), app(), newProviders(t), func(cfg *config.ECSApp, r *config.Report) {
		r.Errorf("spec.trigger.onCommit.paths[1]", "found %s", cfg.Trigger.OnCommit.Paths[1])
	})
	for _, want := range []string{"app.pipecd.yaml:4:35: spec.trigger.onCommit.paths[1]: found b\n", "app.pipecd.yaml:5:34: spec.input.serviceDefinitionFile"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestDefinitionsOutside: a file name of the configuration cannot lead out of
// the repository.
func TestDefinitionsOutside(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"../../../etc/passwd", "/etc/passwd", "../../..", "x/../../../../y"} {
		file := head + "  input: {serviceDefinitionFile: servicedef.yaml, taskDefinitionFile: " + name + "}\n"
		src, err := appsource.Load(tree(file), app(), newProviders(t))
		if err == nil {
			_, err = src.Open(t.Context(), platform.Identity{})
		}
		if model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), "app.pipecd.yaml:4:") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
