package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The files are those of a user of PipeCD 0.34, as published.
const (
	userDir     = "../../pkg/config/testdata/user/"
	userService = "cluster: arn:aws:ecs:ap-northeast-1:********:cluster/ecs-cluster\nserviceName: pipecd-nginx-sample\ndesiredCount: 2\n" +
		"deploymentController:\n  type: EXTERNAL\nlaunchType: FARGATE\n"
	userTask = "family: pipecd-nginx-sample\ncontainerDefinitions:\n  - command: null\n    name: web\n    image: nginx\n    portMappings:\n" +
		"      - containerPort: 80\ncompatibilities:\n  - FARGATE\nmemory: 512\npidMode: \"\"\nvolumes: []\n"
)

// userFiles writes the user's files, with the analysis provider that the
// application names.
func userFiles(t *testing.T, provider string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"app.pipecd.yaml", "piped.yaml"} {
		text, err := os.ReadFile(userDir + name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, strings.ReplaceAll(string(text), "datadog-provider", provider))
	}
	write(t, dir, "servicedef.yaml", userService)
	write(t, dir, "taskdef.yaml", userTask)
	return dir
}

func TestCheckUserFiles(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		provider string
		flags    []string
		code     int
		want     string
	}{
		{"rf-sandbox-datadog", nil, exitOK, "0 errors, 7 warnings in 4 files, 5 skipped\n"},
		{"rf-sandbox-datadog", []string{"--strict"}, exitUsage, "0 errors, 7 warnings in 4 files, 5 skipped\n"},
		{"datadog-provider", nil, exitUsage, "app.pipecd.yaml:33:25: spec.pipeline.stages[2].with.metrics[0].provider: unknown analysis provider \"datadog-provider\": the piped file has rf-sandbox-datadog\n"},
	} {
		dir := userFiles(t, tc.provider)
		got := try(t.Context(), append([]string{"check", "--config-file=" + dir + "/piped.yaml", dir}, tc.flags...)...)
		if got.code != tc.code || !strings.Contains(got.out, tc.want) || got.err != "" {
			t.Errorf("%s %v: exit %d\n%s%s", tc.provider, tc.flags, got.code, got.out, got.err)
		}
		for _, want := range []string{
			"piped.yaml:5:12: warning: spec.pipedID: there is a placeholder", "taskdef.yaml:8:1: warning: compatibilities: is ignored",
			"skipped /etc/piped-secret/piped-key: it does not exist on this machine; spec.pipedKeyFile names it",
		} {
			if !strings.Contains(got.out, want) {
				t.Errorf("no %q in\n%s", want, got.out)
			}
		}
		if strings.Contains(got.out, "\x1b") {
			t.Errorf("coloured, and no terminal: %q", got.out)
		}
	}
	// Without a piped file every name of an analysis provider will do.
	dir := userFiles(t, "datadog-provider")
	if got := try(t.Context(), "check", dir+"/app.pipecd.yaml"); got.code != exitOK || !strings.Contains(got.out, "give --config-file\n") {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.err)
	}
}

// TestCheckJSON: the shape is a promise to programs.
func TestCheckJSON(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	write(t, dir, "app.pipecd.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n  input: {serviceDefinitionFile: s.yaml, taskDefinitionFile: none.yaml}\n  nmae: <x>\n")
	write(t, dir, "s.yaml", "serviceName: s\ndeploymentController: {type: EXTERNAL}\nevents: []\n")
	write(t, dir, "k.pipecd.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: LambdaApp\n")
	got := try(t.Context(), "check", "--output=json", dir)
	if got.code != exitUsage || got.err != "" {
		t.Errorf("exit %d %s", got.code, got.err)
	}
	want := `{
  "ok": false,
  "errors": 2,
  "warnings": 1,
  "files": [
    {"path": "DIR/app.pipecd.yaml", "kind": "ECSApp"},
    {"path": "DIR/s.yaml", "kind": "Definition"}
  ],
  "skipped": [{"path": "DIR/k.pipecd.yaml", "reason": "it is of kind \"LambdaApp\", and only applications on Amazon ECS are deployed"}],
  "problems": [
    {"file": "DIR/app.pipecd.yaml", "line": 4, "column": 62, "field": "spec.input.taskDefinitionFile", "severity": "error",
     "message": "the file none.yaml does not exist in the repository", "hint": "correct the path, which begins at the application's directory, or commit the file"},
    {"file": "DIR/app.pipecd.yaml", "line": 5, "column": 3, "field": "spec.nmae", "severity": "error", "message": "unknown field", "hint": "did you mean name?"},
    {"file": "DIR/s.yaml", "line": 3, "column": 1, "field": "events", "severity": "warning", "message": "is ignored: AWS sets it, it is only shown in descriptions", "hint": ""}
  ]
}`
	var gotTree, wantTree any
	if err := json.Unmarshal([]byte(got.out), &gotTree); err != nil {
		t.Fatalf("%v\n%s", err, got.out)
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(want, "DIR", dir)), &wantTree); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantTree, gotTree); diff != "" {
		t.Errorf("(-want +got) %s", diff)
	}
	write(t, dir, "app.pipecd.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n  input: {serviceDefinitionFile: s.yaml, taskDefinitionFile: t.yaml}\n")
	write(t, dir, "t.yaml", "family: f\ncontainerDefinitions: [{name: a, image: b}]\n")
	if got := try(t.Context(), "check", "--output=json", dir); got.code != exitOK || !strings.Contains(got.out, `"ok": true`) || strings.Contains(got.out, "null") {
		t.Errorf("exit %d %s", got.code, got.out)
	}
}

func TestCheckUsage(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	for _, tc := range []struct {
		args     []string
		out, err string
	}{
		{[]string{"--output=xml", dir}, "", `--output is "xml"; it must be text or json`},
		{[]string{"--strcit", dir}, "", "did you mean --strict"},
		{[]string{dir}, "there is no application file in this directory", ""},
		{[]string{dir + "/none"}, "there is no such file or directory", ""},
		{[]string{"--config-file=" + dir + "/none.yaml", dir}, "none.yaml: the file does not exist\n", ""},
	} {
		got := try(t.Context(), append([]string{"check"}, tc.args...)...)
		if got.code != exitUsage || !strings.Contains(got.out, tc.out) || !strings.Contains(got.err, tc.err) || (tc.err == "") != (got.err == "") {
			t.Errorf("%v: exit %d\n%s%s", tc.args, got.code, got.out, got.err)
		}
	}
}

var yamlBlock = regexp.MustCompile("(?s)```ya?ml\n(.*?)```")

// TestCheckExamples: what the documents show can be used.
func TestCheckExamples(t *testing.T) {
	t.Parallel()

	docs, err := filepath.Glob("../../docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, doc := range append(docs, "../../README.md", "../../docs/architecture.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(block[1], "kind: ECSApp") && !strings.Contains(block[1], "kind: Piped") {
				continue
			}
			checked++
			dir := t.TempDir()
			write(t, dir, "servicedef.yaml", userService)
			write(t, dir, "taskdef.yaml", userTask)
			if got := try(t.Context(), "check", write(t, dir, "app.pipecd.yaml", block[1])); got.code != exitOK {
				t.Errorf("%s: exit %d\n%s\n%s%s", doc, got.code, block[1], got.out, got.err)
			}
		}
	}
	if checked == 0 {
		t.Error("the documents have no example")
	}
}
