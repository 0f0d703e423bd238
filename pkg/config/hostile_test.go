package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const appHead = "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n"

// laughs are lists of aliases to lists of aliases.
func laughs() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return text
}

// chained are lists that each have an alias to the one before.
func chained() string {
	text := "a0: &a0 [x]\n"
	for i := 1; i < 100; i++ {
		text += fmt.Sprintf("a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	return text
}

// indented is a mapping in a mapping, many times.
func indented() string {
	text := appHead
	for i := range 200 {
		text += strings.Repeat(" ", i+1) + "a:\n"
	}
	return text
}

// TestHostile loads documents that are made to hurt. Each gives one clear error.
func TestHostile(t *testing.T) {
	t.Parallel()

	merges := "a: &a {" + strings.Repeat("k%d: 1, ", 1) + "}\n"
	for _, tc := range []struct{ name, doc, want string }{
		{"empty", "", "expected a document with apiVersion, kind and spec, found nothing"},
		{"only a comment", "# nothing\n---\n", "found nothing"},
		{"a word", "hello", "expected a mapping, found the string \"hello\""},
		{"a list", "- a", "expected a mapping, found a list"},
		{"too large", strings.Repeat("# comment\n", MaxBytes/10+1), "at most 1048576 are read"},
		{"too many tokens", strings.Repeat("- a\n", maxTokens), "more than 20000 words and signs"},
		{"many lines", strings.Repeat("# a\n", 20_001), "f:20001:1: the document has more than 20000 lines"},
		{"carriage returns", "a: |\n" + strings.Repeat("\r", MaxBytes/2), "more than 200 empty lines"},
		{"empty lines", "a: >\n" + strings.Repeat("\n", 100_000), "f:202:1: the document has more than 200 empty lines in a row"},
		{"many empty lines", "a: |\n" + strings.Repeat(strings.Repeat(" \n", 150)+" a\n", 500), "or 5000 in all"},
		{"flow nesting", strings.Repeat("[", 19_000), "nested more than 64 levels deep"},
		{"map nesting", strings.Repeat("{a: ", 6_000), "nested more than 64 levels deep"},
		{"dash nesting", strings.Repeat("- ", 9_000), "nested more than 64 levels deep"},
		{"question nesting", strings.Repeat("? ", 9_000), "nested more than 64 levels deep"},
		{"anchors", strings.Repeat("&a ", 9_000), "nested more than 64 levels deep"},
		{"tags", strings.Repeat("!a ", 9_000), "nested more than 64 levels deep"},
		{"indentation", indented(), "nested more than 64 levels deep"},
		{"alias bomb", laughs(), "stand for too many values"},
		{"alias chain", chained(), "stand for too many values"},
		{"alias to itself", "a: &a [*a]", "no anchor &a before it"},
		{"alias to nothing", "a: *b", "no anchor &b before it"},
		{"placeholder", "apiVersion: ********", "must be quoted"},
		{"merge of a word", merges + "b: {<<: c}", "\"<<\" expects a mapping, found a string"},
		{"two documents", appHead + "  {}\n---\na: b\n", "expected one document in the file, found another one"},
		{"a tag", appHead + "  name: !custom a", "the tag \"!custom\" is not supported"},
		{"a tagged mapping", appHead + "  name: !!str {a: b}", "unexpected scalar value type (check the punctuation here"},
		{"a list as a key", appHead + "  ? [a]\n", "unexpected scalar value type (check the punctuation here"},
		{"an alias as a key", "a: &a b\n*a : c\n", "expected a plain word as key"},
		{"syntax", appHead + "  name: [a\n", "f:4:9: this is not valid YAML"},
		{"a tab", appHead + "\tname: a\n", "f:4:1: this is not valid YAML"},
		{"colons", appHead + "  name: a: b\n", "check the indentation"},
		{"no kind", "apiVersion: pipecd.dev/v1beta1\nspec: {}", "kind: is required"},
		{"no spec", "apiVersion: pipecd.dev/v1beta1\nkind: ECSApp", "spec: is required"},
		{"a null spec", appHead, "spec: is required"},
		{"spec is a list", appHead + "- a", "spec: expected a mapping, found a list"},
		{"another kind", "apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec: {}", "kind: expected ECSApp, found \"Piped\" (this is a file of another kind)"},
		{"another platform", "apiVersion: pipecd.dev/v1beta1\nkind: LambdaApp\nspec: {}", "applications on ECS are deployed"},
		{"nearly the kind", "apiVersion: pipecd.dev/v1beta1\nkind: ECSapp\nspec: {}", "did you mean ECSApp?"},
		{"terminal control", appHead + "  name: \"\\e[2J\"\n  \"\\e[2J\": a", `spec["\x1b[2J"]: unknown field`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			app, ps := LoadECSApp("f", []byte(tc.doc))
			if app != nil || ps.Err() == nil || !strings.Contains(ps.Err().Error(), tc.want) {
				got := ps.Error()
				t.Errorf("want %q, got %.2000s", tc.want, got)
			}
		})
	}
}

// TestManyProblems keeps the list of problems short.
func TestManyProblems(t *testing.T) {
	t.Parallel()

	var doc strings.Builder
	doc.WriteString(appHead)
	for i := range 5000 {
		fmt.Fprintf(&doc, "  nam%d: a\n", i)
	}
	_, ps := LoadECSApp("f", []byte(doc.String()))
	if len(ps) != maxProblems+1 || ps[maxProblems].Message != "and 4800 more errors; fix these first" {
		t.Errorf("got %d problems, the last is %v", len(ps), ps[len(ps)-1])
	}
}

// TestDuplicates uses the last value at every depth.
func TestDuplicates(t *testing.T) {
	t.Parallel()

	app, ps := LoadECSApp("f", []byte(appHead+`
  name: a
  labels: {a: b}
  labels: {c: d, c: e}
  Name: f
  input:
    serviceDefinitionFile: one
  input:
    serviceDefinitionFile: two
    serviceDefinitionFile: three
`))
	if ps.Err() != nil {
		t.Fatal(ps.Err())
	}
	if app.Name != "f" || app.Labels["c"] != "e" || len(app.Labels) != 1 || app.Input.ServiceDefinitionFile != "three" {
		t.Errorf("got %+v", app)
	}
	want := `f:7:3: warning: spec.labels: the key is given twice, on line 6 and on line 7; the last value is used (delete one of them)
f:7:18: warning: spec.labels.c: the key is given twice, on line 7 and on line 7; the last value is used (delete one of them)
f:8:3: warning: spec.Name: the field is spelled name
f:8:3: warning: spec.name: the field is given twice, on line 5 and on line 8; the last value is used (delete one of them)
f:11:3: warning: spec.input: the key is given twice, on line 9 and on line 11; the last value is used (delete one of them)
f:13:5: warning: spec.input.serviceDefinitionFile: the key is given twice, on line 12 and on line 13; the last value is used (delete one of them)`
	if ps.Error() != want {
		t.Errorf("got:\n%s\nwant:\n%s", ps.Error(), want)
	}
}

// TestSpellings: a second spelling of a key replaces the first as a whole, as a
// second writing of it does; what is merged in yields.
func TestSpellings(t *testing.T) {
	t.Parallel()

	app, ps := LoadECSApp("f", []byte(appHead+`
  input:
    serviceDefinitionFile: one
    clusterArn: [not, read]
  Input:
    serviceDefinitionFile: two
  timeout: 1h
  Timeout: ~
  trigger: &t {OnCommit: {paths: [merged]}, onCommand: {disabled: true}}
  Trigger: {<<: *t, onCommit: {paths: [written]}}
`))
	if ps.Err() != nil {
		t.Fatal(ps.Err())
	}
	if app.Input.ServiceDefinitionFile != "two" || app.Timeout.String() != "6h0m0s" ||
		strings.Join(app.Trigger.OnCommit.Paths, "") != "written" || !app.Trigger.OnCommand.Disabled {
		t.Errorf("got %+v", app)
	}
	for _, want := range []string{
		"f:8:3: warning: spec.input: the field is given twice, on line 5 and on line 8; the last value is used",
		"f:11:3: warning: spec.timeout: the field is given twice, on line 10 and on line 11; the last value is used",
		"f:13:3: warning: spec.trigger: the field is given twice, on line 12 and on line 13; the last value is used",
	} {
		if !strings.Contains(ps.Error(), want) {
			t.Errorf("no %q in\n%s", want, ps.Error())
		}
	}
	if n := strings.Count(ps.Error(), "given twice"); n != 3 {
		t.Errorf("%d fields are given twice, want 3:\n%s", n, ps.Error())
	}
}

// TestYAML reads what YAML offers beyond plain mappings.
func TestYAML(t *testing.T) {
	t.Parallel()

	app, ps := LoadECSApp("f", []byte("\xef\xbb\xbf%YAML 1.2\r\n---\r\n"+strings.ReplaceAll(appHead, "\n", "\r\n")+`
  name: !!str 12
  description: >-
    one
    two
  labels: &labels {"quoted": 'it''s', null_is_absent: ~}
  encryption: {encryptedSecrets: {<<: [*labels, {b: c}], quoted: own}, decryptionTargets: [a]}
  ? timeout
  : 1h
  attachment: null
...
`))
	if ps.Err() != nil {
		t.Fatal(ps.Err())
	}
	secrets := app.Encryption.EncryptedSecrets
	if app.Name != "12" || app.Description != "one two" || app.Labels["quoted"] != "it's" || app.Timeout.String() != "1h0m0s" ||
		app.Attachment != nil || secrets["quoted"] != "own" || secrets["b"] != "c" {
		t.Errorf("got %+v, secrets %v", app, secrets)
	}
}

func addSeeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]\n<<: *a\n? [b]\n: !!str {c: d}"))
	f.Add([]byte(appHead + "  input: {<<: &a {ServiceDefinitionFile: a}, serviceDefinitionFile: b}\n  Input: ~\n  triggerPaths: [a, b]"))
	f.Add([]byte(appHead + "  pipeline: {stages: [{name: ECS_CANARY_ROLLOUT}, {name: ECS_TRAFFIC_ROUTING, with: {canary: 1}}]}"))
	f.Add([]byte("apiVersion: pipecd.dev/v1beta1\nkind: Piped\nspec: {pipedKeyFile: /dev/null, git: {sshKeyFile: [a], host: b}, secretManagement: {type: ''}}"))
	f.Add([]byte("apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {datastore: {type: ORACLE}, filestore: {type: S3, config: {roleARN: a}}}"))
}

// checkLoaded checks what holds for every document.
func checkLoaded(t *testing.T, loaded bool, ps Problems) {
	t.Helper()
	if loaded == (ps.Err() != nil) {
		t.Errorf("loaded is %t, and the error %v", loaded, ps.Err())
	}
	for i, p := range ps {
		if p.Message == "" || (p.Severity != SeverityError && p.Severity != SeverityWarning) {
			t.Errorf("problem %d says nothing: %+v", i, p)
		}
	}
}

func FuzzLoadECSApp(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		app, ps := LoadECSApp("f", data)
		checkLoaded(t, app != nil, ps)
		if app == nil || app.Pipeline == nil {
			return
		}
		ids := map[string]bool{}
		for _, s := range app.Pipeline.Stages {
			if s.With == nil || s.ID == "" || ids[s.ID] {
				t.Errorf("stage without options, or id used twice: %+v", s)
			}
			ids[s.ID] = true
			if rollout, ok := s.With.(*CanaryRolloutOptions); ok && (rollout.Scale < 0 || rollout.Scale > 100) {
				t.Errorf("scale %d", rollout.Scale)
			}
			if routing, ok := s.With.(*TrafficRouting); ok {
				if primary, canary := routing.Weights(); primary < 0 || canary < 0 || primary+canary != 100 {
					t.Errorf("weights %d and %d", primary, canary)
				}
			}
		}
	})
}

func FuzzLoadPiped(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ps := LoadPiped("f", data)
		checkLoaded(t, p != nil, ps)
		if p == nil {
			return
		}
		if _, err := p.Masked(); err != nil {
			t.Errorf("masking: %v", err)
		}
	})
}

func FuzzLoadControlPlane(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		cp, ps := LoadControlPlane("f", data)
		checkLoaded(t, cp != nil, ps)
	})
}
