package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keyFiles writes the files a piped document may name, in every state.
func keyFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{"good", "the-secret", 0o600},
		{"group", "the-secret", 0o640},
		{"open", "the-secret", 0o604},
		{"empty", "", 0o600},
		{"blank", " \n\t\n", 0o600},
		{"hosts", "github.com ssh-ed25519 AAAA", 0o644},
		{"large", strings.Repeat(" ", 1<<20), 0o600},
		{"locked", "the-secret", 0o000},
	} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, []byte(f.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, f.mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const pipedWithFiles = `apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: p
  pipedID: i
  pipedKeyFile: DIR/%[1]s
  apiAddress: pipecd:8080
  git:
    sshKeyFile: DIR/%[1]s
    knownHostsFile: DIR/hosts
  cloudProviders:
    - name: ecs
      type: ECS
      config:
        region: eu-west-1
        credentialsFile: DIR/%[1]s
        roleARN: arn:aws:iam::123456789012:role/deploy
        tokenFile: DIR/%[1]s
  analysisProviders:
    - name: datadog
      type: DATADOG
      config: {apiKeyFile: DIR/%[1]s, applicationKeyFile: DIR/%[1]s}
    - {name: later, type: PROMETHEUS, config: {address: "http://p", passwordFile: DIR/missing}}
`

func TestCheckFiles(t *testing.T) {
	t.Parallel()

	dir := keyFiles(t)
	for _, tc := range []struct {
		file string
		want string // of each key, after its field
	}{
		{"good", ""},
		{"group", ""},
		{"pipe", ""},
		{"large", ""},
		{"missing", `the file "DIR/missing" does not exist (correct the path`},
		{"good/under-a-file", `the file "DIR/good/under-a-file" cannot be read (not a directory)`},
		{"", `expected a file, found the directory "DIR/"`},
		{"empty", `the file "DIR/empty" is empty`},
		{"blank", `the file "DIR/blank" is empty`},
		{"open", `warning: every user of this machine can read the secret in "DIR/open"`},
		{"locked", `the file "DIR/locked" must not be read by this user`},
	} {
		t.Run(tc.file, func(t *testing.T) {
			t.Parallel()

			if tc.file == "locked" && os.Getuid() == 0 {
				t.Skip("root may read every file")
			}
			doc := strings.ReplaceAll(fmt.Sprintf(pipedWithFiles, tc.file), "DIR", dir)
			_, plain := LoadPiped("piped.yaml", []byte(doc))
			_, ps := LoadPiped("piped.yaml", []byte(doc), CheckFiles)
			got := strings.ReplaceAll(ps.Error(), dir, "DIR")
			if strings.Contains(got, "the-secret") {
				t.Errorf("the secret is shown:\n%s", got)
			}
			if tc.want == "" {
				if len(ps) != len(plain) {
					t.Errorf("unexpected problems:\n%s", got)
				}
				return
			}
			severity := ""
			rest, isWarning := strings.CutPrefix(tc.want, "warning: ")
			if isWarning {
				severity = "warning: "
			}
			for _, field := range []string{
				"6:17: spec.pipedKeyFile", "9:17: spec.git.sshKeyFile",
				"16:26: spec.cloudProviders[0].config.credentialsFile", "18:20: spec.cloudProviders[0].config.tokenFile",
				"22:28: spec.analysisProviders[0].config.apiKeyFile", ": spec.analysisProviders[0].config.applicationKeyFile",
			} {
				at, name, _ := strings.Cut(field, ": ")
				if want := at + ": " + severity + name + ": " + rest; !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if len(ps) != len(plain)+6 {
				t.Errorf("%d problems, want 6 more than %d:\n%s", len(ps), len(plain), got)
			}
		})
	}
}

// TestCheckFilesTogether: files are checked also when the document has other
// errors, but not those of a field that could not be read.
func TestCheckFilesTogether(t *testing.T) {
	t.Parallel()

	_, ps := LoadPiped("piped.yaml", []byte(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: p
  pipedKeyFile: /does/not/exist
  apiAdress: pipecd:8080
  git: {sshKeyFile: [a], knownHostsFile: ""}
`), CheckFiles)
	want := `piped.yaml:3:1: spec.pipedID: is required
piped.yaml:3:1: spec.apiAddress: is required
piped.yaml:5:17: spec.pipedKeyFile: the file "/does/not/exist" does not exist (correct the path, or put the file there)
piped.yaml:6:3: spec.apiAdress: unknown field (did you mean apiAddress?)
piped.yaml:7:21: spec.git.sshKeyFile: expected a string, found a list`
	if ps.Error() != want {
		t.Errorf("got:\n%s\nwant:\n%s", ps.Error(), want)
	}
}

// TestCheckFilesElsewhere: what only another machine has is no error, what is
// here is looked at.
func TestCheckFilesElsewhere(t *testing.T) {
	t.Parallel()

	dir := keyFiles(t)
	for name, want := range map[string]string{
		"good": "", "pipe": "",
		"none":  dir + "/none: it does not exist on this machine; spec.pipedKeyFile names it",
		"empty": ":6:17: spec.pipedKeyFile: the file \"" + dir + "/empty\" is empty",
		"open":  "warning: spec.pipedKeyFile: every user of this machine",
	} {
		var absent []string
		_, ps := LoadPiped("piped.yaml", []byte(strings.ReplaceAll(fmt.Sprintf(pipedWithFiles, name), "DIR", dir)),
			CheckFilesElsewhere[Piped](func(file, why string) { absent = append(absent, file+": "+why) }))
		got := ps.Error() + strings.Join(absent, "\n")
		if (want == "") == strings.Contains(got, "spec.pipedKeyFile") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if failed := ps.Err() != nil; failed != (name == "empty") {
			t.Errorf("%s: refused: %t", name, failed)
		}
	}
}

// TestPlaceholders: what is to be filled in is said once per value, whatever
// else is wrong with the value, and no other value is excused.
func TestPlaceholders(t *testing.T) {
	t.Parallel()

	const file = `apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: quickstart
  pipedID: <上記で得た PipedID を記す>
  pipedKeyFile: ‹where the key is›
  apiAddress: a b
  syncInterval: <how often>
  repositories:
    - {repoId: <id>, remote: "git@github.com:acme/<name>.git", branch: main}
    - {repoId: <id>, remote: "ext::<x y>", branch: "-x"}
  analysisProviders:
    - {name: "5 < 6 > 4", type: <TYPE>}
  notifications:
    receivers: [{name: r, slack: {hookURL: https://example.com, mentionedGroups: ["<!subteam^ID>"]}}]
`
	absent := func(file, _ string) { t.Errorf("a file to look at: %s", file) }
	_, ps := LoadPiped("p", []byte(file), CheckFilesElsewhere[Piped](absent), Placeholders[Piped])
	counts := map[string]int{}
	for _, p := range ps {
		if strings.Contains(p.Message, "placeholder") {
			counts[p.Field]++
			if p.Severity != SeverityWarning {
				t.Errorf("an error: %s", p)
			}
		} else {
			counts["other "+p.Field]++
		}
	}
	want := map[string]int{
		"spec.pipedID": 1, "spec.pipedKeyFile": 1, "spec.syncInterval": 1, "spec.repositories[0].repoId": 1, "spec.repositories[0].remote": 1,
		"spec.repositories[1].repoId": 1, "spec.repositories[1].remote": 1, "other spec.repositories[1].branch": 1, "spec.analysisProviders[0].type": 1,
		"other spec.notifications": 1,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("(-want +got) %s\n%s", diff, ps.Error())
	}
}
