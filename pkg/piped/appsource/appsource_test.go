package appsource_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

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
	const at = "apps/shop/app.pipecd.yaml: spec.pipeline.stages[1]"
	for name, tc := range map[string]struct {
		file string
		want []string
	}{
		"place":             {head + input + "  tmeout: 1h\n", []string{"apps/shop/app.pipecd.yaml:5:3: spec.tmeout"}},
		"standalone":        {head + "  input: {taskDefinitionFile: taskdef.yaml}\n", []string{"spec.input.serviceDefinitionFile", "standalone"}},
		"service discovery": {head + "  input: {serviceDefinitionFile: s.yaml, accessType: SERVICE_DISCOVERY}\n", []string{"spec.input.accessType"}},
		"script":            {stage("{name: SCRIPT_RUN, with: {run: echo}}"), []string{at + ".name", "SCRIPT_RUN"}},
		"analysis provider": {metric("{provider: none, interval: 10s, query: q, expected: {max: 1}}"), []string{at + ".with.metrics[0].provider", `"none"`}},
		"strategy":          {metric("{strategy: PREVIOUS, provider: datadog, interval: 10s, query: q}"), []string{at + ".with.metrics[0].strategy", "PREVIOUS"}},
		"template":          {metric("{template: {name: x}}"), []string{at + ".with.metrics[0].template"}},
		"logs":              {stage("{name: ANALYSIS, with: {duration: 1m, logs: [{provider: datadog, interval: 10s, query: q}]}}"), []string{at + ".with", "log"}},
		"all at once": {
			metric("{provider: none, interval: 10s, query: q, expected: {max: 1}}, {template: {name: x}}"),
			[]string{"metrics[0].provider", "metrics[1].template"},
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

// broken is a tree whose files cannot be read.
type broken struct{ err error }

func (b broken) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: b.err}
}

func TestLoadCodes(t *testing.T) {
	t.Parallel()

	p := newProviders(t)
	other := app()
	other.PlatformProvider = "none"
	if _, err := appsource.Load(tree(head+input), other, p); model.CodeOf(err) != model.CodeInvalid || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("unknown provider: %v", err)
	}
	for _, tc := range []struct {
		err  error
		want model.Code
	}{
		{fs.ErrNotExist, model.CodeNotFound},
		{model.Errorf(model.CodeUnavailable, "later"), model.CodeUnavailable},
		{model.Errorf(model.CodeExhausted, "too large"), model.CodeInvalid}, // trying again does not help
		{model.Errorf(model.CodeInvalid, "a link"), model.CodeInvalid},
	} {
		_, err := appsource.Load(broken{tc.err}, app(), p)
		if model.CodeOf(err) != tc.want || !strings.Contains(err.Error(), "apps/shop/app.pipecd.yaml") {
			t.Errorf("%v: got %q %v", tc.err, model.CodeOf(err), err)
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
		if model.CodeOf(err) != model.CodeInvalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
