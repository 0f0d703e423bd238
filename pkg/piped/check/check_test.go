package check_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/piped/check"
	"pipecd/pkg/platform"
	"pipecd/pkg/platform/ecs"
)

// rules are those of an agent with one analysis provider.
type rules struct{}

func (rules) CheckAnalysis(name string) error {
	if name != "datadog" {
		return model.Errorf(model.CodeInvalid, "unknown analysis provider %q", name)
	}
	return nil
}

func (rules) CheckDefinitions(app platform.Application, src platform.Source) config.Problems {
	return ecs.CheckDefinitions(app, src)
}

const (
	head    = "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n"
	input   = "  input: {serviceDefinitionFile: servicedef.yaml, taskDefinitionFile: ../shared/taskdef.yaml}\n"
	service = "cluster: c\nserviceName: shop\ndeploymentController: {type: EXTERNAL}\n"
	task    = "family: shop\ncontainerDefinitions: [{name: web, image: \"shop:v1\"}]\n"
)

// world writes files below a directory and returns it. A name that ends in a
// slash is a directory, a text that begins with -> a link.
func world(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, name)
		below := filepath.Dir(full)
		if strings.HasSuffix(name, "/") {
			below = full
		}
		if err := os.MkdirAll(below, 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, isLink := strings.CutPrefix(text, "->"); isLink {
			err = os.Symlink(target, full)
		} else if !strings.HasSuffix(name, "/") {
			err = os.WriteFile(full, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(t *testing.T, paths ...string) check.Report {
	t.Helper()
	report, err := check.Run(t.Context(), check.Options{
		Paths: paths, Rules: rules{},
		Piped: func(file string, skip func(file, why string)) config.Problems {
			skip("/key", "of "+filepath.Base(file))
			_, problems := config.ReadPipedFile(file)
			return problems
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// texts returns the report's lines without the directory, and without those
// that say which fields have no effect yet.
func texts(r check.Report, dir string) []string {
	var out []string
	for _, p := range r.Problems {
		if !strings.Contains(p.Message, "no effect yet") {
			out = append(out, p.String())
		}
	}
	for _, s := range r.Skipped {
		out = append(out, "skipped "+s.Path+": "+s.Reason)
	}
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], dir+"/", "")
	}
	return out
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("got %s\nwant %s", got[i], want[i])
		}
	}
}

// TestRepository: a search finds what is ours and nothing else, follows names
// through the repository, and tells what applications share once.
func TestRepository(t *testing.T) {
	t.Parallel()

	dir := world(t, map[string]string{
		".git/config.pipecd.yaml":           "not ours",
		"apps/shop/app.pipecd.yaml":         head + input + "  tmeout: 1h\n",
		"apps/shop/servicedef.yaml":         service + "desiredCount: -1\n",
		"apps/shared/taskdef.yaml":          task + "revision: 3\nfamilly: x\n",
		"apps/cart/cart.pipecd.yaml":        head + input,
		"apps/cart/servicedef.yaml":         service,
		"apps/old/.pipe.yaml":               head + "  input: {serviceDefinitionFile: none.yaml, taskDefinitionFile: ../../../out.yaml}\n",
		"apps/other/app.pipecd.yaml":        "apiVersion: pipecd.dev/v1beta1\nkind: KubernetesApp\nspec: {}\n",
		"apps/agent/my.pipecd.yaml":         "apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec: {}\n",
		"apps/link/app.pipecd.yaml":         "->../shop/app.pipecd.yaml",
		"apps/loop":                         "->.",
		"apps/dir.pipecd.yaml/x.txt":        "a directory with such a name",
		"readme.yaml":                       "kind: ECSApp",
		".pipe/analysis-template.yaml":      "apiVersion: pipecd.dev/v1beta1\nkind: AnalysisTemplate\nspec: {metrics: {a: {provider: datadog, query: q, expected: {max: 1}}}}\n",
		".pipe/broken.yml":                  "{",
		".pipe/readme.txt":                  "not ours",
		"apps/shop/nested/x/app.pipecd.yml": "not ours",
	})
	report := run(t, dir)
	want(t, texts(report, dir),
		".pipe/analysis-template.yaml:3:18: spec.metrics.a.interval: is required",
		".pipe/broken.yml:1:1: this is not valid YAML",
		"apps/shared/taskdef.yaml:3:1: warning: revision: is ignored",
		"apps/shared/taskdef.yaml:4:1: familly: unknown field (did you mean family?)",
		"apps/link/app.pipecd.yaml: cannot be read: apps/link/app.pipecd.yaml is a symbolic link",
		"apps/old/.pipe.yaml:4:34: spec.input.serviceDefinitionFile: the file apps/old/none.yaml does not exist",
		"apps/old/.pipe.yaml:4:65: spec.input.taskDefinitionFile: expected a file of the repository",
		"apps/shop/app.pipecd.yaml:5:3: spec.tmeout: unknown field",
		"apps/shop/servicedef.yaml:4:15: desiredCount: expected 0 or more",
		"skipped apps/agent/my.pipecd.yaml: it is the configuration of an agent",
		`skipped apps/other/app.pipecd.yaml: it is of kind "KubernetesApp"`,
	)
}

func TestKinds(t *testing.T) {
	t.Parallel()

	dir := world(t, map[string]string{
		"a/app.pipecd.yaml":   head + "  input: {serviceDefinitionFile: servicedef.yaml, taskDefinitionFile: taskdef.yaml}\n",
		"a/servicedef.yaml":   service,
		"a/taskdef.yaml":      task,
		"a/piped.yaml":        "apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec: {pipedID: x, pipedKeyFile: k, apiAddress: \"a:1\"}\n",
		"a/k8s.pipecd.yaml":   "apiVersion: pipecd.dev/v1beta1\nkind: KubernetesApp\nspec: {}\n",
		"nothing/readme.yaml": "kind: ECSApp",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	report := run(t, at("a/app.pipecd.yaml"), at("a"), at("a/piped.yaml"))
	want(t, texts(report, dir), "a/piped.yaml:3:1: spec.projectID: is required", `skipped a/k8s.pipecd.yaml: it is of kind "KubernetesApp"`, "skipped /key: of piped.yaml")
	files := []check.File{
		{Path: at("a/app.pipecd.yaml"), Kind: config.KindECSApp}, {Path: at("a/servicedef.yaml"), Kind: check.KindDefinition},
		{Path: at("a/taskdef.yaml"), Kind: check.KindDefinition}, {Path: at("a/piped.yaml"), Kind: config.KindPiped},
	}
	if diff := cmp.Diff(files, report.Files); diff != "" {
		t.Error(diff)
	}
	want(t, texts(run(t, at("a/k8s.pipecd.yaml"), at("a/taskdef.yaml"), at("none"), at("nothing")), dir),
		`a/k8s.pipecd.yaml:2:7: kind: expected ECSApp, found "KubernetesApp"`,
		"a/taskdef.yaml:1:1: expected a document of kind ECSApp with apiVersion, kind and spec, found none of them (service and task definitions are read with",
		"none: there is no such file or directory",
		"nothing: there is no application file in this directory, or below it (the names of application files end in .pipecd.yaml")
}

// TestUgly: whatever the disk has, each file gets a sentence.
func TestUgly(t *testing.T) {
	t.Parallel()

	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		before := "*" + string(c-1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat(before+",", 8) + before + "]\n"
	}
	dir := world(t, map[string]string{
		".git/": "", "sub/.git/": "", "sub/taskdef.yaml": task, "link.yaml": "->/etc/hosts", "outside": "->/etc",
		"1/app.pipecd.yaml":  bomb,
		"2/app.pipecd.yaml":  "\x00\x01\xff" + strings.Repeat("\x80", 1000),
		"3/app.pipecd.yaml":  strings.Repeat("x", 11<<20),
		"4/app.pipecd.yaml":  "->/dev/zero",
		"5/app.pipecd.yaml":  head + "  input: {serviceDefinitionFile: ../../../../../../../../etc/hosts, taskDefinitionFile: ../link.yaml}\n",
		"6/app.pipecd.yaml":  head + "  input: {serviceDefinitionFile: ../outside/hosts, taskDefinitionFile: ../sub/taskdef.yaml}\n",
		"7/app.pipecd.yaml":  head + "  input: {serviceDefinitionFile: ., taskDefinitionFile: app.pipecd.yaml/x}\n",
		"8/app.pipecd.yaml":  head + "  input: {serviceDefinitionFile: bomb.yaml, taskDefinitionFile: huge.yaml}\n",
		"8/bomb.yaml":        bomb,
		"8/huge.yaml":        strings.Repeat("x", 2<<20),
		"9/app.pipecd.yaml":  strings.Repeat("[", 100_000),
		"91/app.pipecd.yaml": "",
	})
	if err := syscall.Mkfifo(filepath.Join(dir, "92.pipecd.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, line := range texts(run(t, dir), dir) {
		for name, sentence := range map[string]string{
			"1/": "the aliases of the document stand for too many values", "2/": "expected a mapping", "3/": "more than the 10485760 bytes", "4/": "symbolic link",
			"5/app.pipecd.yaml:4:34": "leads out of it", "5/app.pipecd.yaml:4:": "link.yaml is a symbolic link",
			"6/app.pipecd.yaml:4:34": "outside is a symbolic link", "6/app.pipecd.yaml:4:": "sub is a repository of its own",
			"7/app.pipecd.yaml:4:34": "it is a directory", "7/app.pipecd.yaml:4:": "does not exist",
			"8/bomb.yaml": "too many values", "8/huge.yaml": "at most 1048576 are read",
			"9/": "more than 20000 words", "91/": "found nothing", "92.pipecd.yaml": "it is not a regular file",
		} {
			if strings.HasPrefix(line, name) && strings.Contains(line, sentence) {
				seen[name+" "+sentence] = true
			}
		}
	}
	if len(seen) != 15 {
		t.Errorf("%d of 15 sentences: %v\n%s", len(seen), seen, strings.Join(texts(run(t, dir), dir), "\n"))
	}
}

// TestRelative: names are shown so that whoever called can open them, from
// wherever that is. Without a repository the working directory is one.
func TestRelative(t *testing.T) {
	dir := world(t, map[string]string{
		"apps/shop/app.pipecd.yaml": head + input, "apps/shop/servicedef.yaml": "x: 1\n", "apps/shared/taskdef.yaml": "y: 1\n",
	})
	for _, tc := range []struct{ from, path, service, task string }{
		{".", ".", "apps/shop/servicedef.yaml:1:1: ", "apps/shared/taskdef.yaml:1:1: "},
		{"apps", "shop", "shop/servicedef.yaml:1:1: ", "shared/taskdef.yaml:1:1: "},
		{".", dir + "/apps/shop/app.pipecd.yaml", dir + "/apps/shop/servicedef.yaml:1:1: ", dir + "/apps/shared/taskdef.yaml:1:1: "},
	} {
		t.Chdir(filepath.Join(dir, tc.from))
		got := strings.Join(texts(run(t, tc.path), "/-"), "\n")
		if !strings.HasPrefix(got, tc.service) || !strings.Contains(got, "\n"+tc.task) {
			t.Errorf("%s in %s:\n%s", tc.path, tc.from, got)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir + "/apps/shop")
	if got := strings.Join(texts(run(t, "."), "/-"), "\n"); !strings.Contains(got, "\n../shared/taskdef.yaml:1:1: ") {
		t.Errorf("below the root of the repository:\n%s", got)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := check.Run(ctx, check.Options{Paths: []string{t.TempDir()}, Rules: rules{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
