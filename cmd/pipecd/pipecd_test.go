package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/rpc/auth"
)

func controlPlane(hash string) string {
	return `apiVersion: pipecd.dev/v1beta1
kind: ControlPlane
spec:
  projects:
    - id: dev
      staticAdmin:
        username: admin
        passwordHash: "` + strings.TrimSpace(hash) + `"
`
}

// The whole way: from a hash of a password to a deployment that was approved.
func TestFromConfigurationToDeployment(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	config := s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password")))
	address, _ := s.serve(config)

	if r := s.try("wrong\n", "ctl login --project dev --username admin --address "+address); r.code != exitFailed || !strings.Contains(r.err, "is wrong") {
		t.Errorf("got %+v for a wrong password", r)
	}
	s.run("secret\n", "ctl login --project dev --username admin --address "+address)
	if info, err := os.Stat(filepath.Join(s.dir, "session.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the session file: %v, %v", info, err)
	}

	var added struct{ ID, Key string }
	if err := json.Unmarshal([]byte(s.run("", "ctl piped add my-piped -o json")), &added); err != nil {
		t.Fatal(err)
	}
	addApp := "ctl app add --name web --piped my-piped --provider ecs --repo shop --path web"
	if r := s.try("", addApp); r.code != exitFailed || !strings.Contains(r.err, "start it first") {
		t.Errorf("got %+v before the agent was started", r)
	}
	startAgent(t, address, auth.PipedCredential{ProjectID: "dev", PipedID: added.ID, Key: added.Key})
	if out := s.run("", addApp); !strings.Contains(out, "when it looks at the repository next") || !regexp.MustCompile(`pipecd ctl app sync [0-9a-f-]{36} --wait`).MatchString(out) {
		t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl piped list"); !strings.Contains(out, "ONLINE") {
		t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl app list"); !strings.Contains(out, "web") {
		t.Errorf("got %s", out)
	}
	out := s.run("", "ctl app show web")
	for _, want := range []string{"Piped            my-piped ONLINE", "Provider         ecs", "Repository       shop", "File             web/app.pipecd.yaml", "it has not been deployed yet", "Last deployment  none yet"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}

	approved := make(chan result, 1)
	go func() { approved <- s.try("", "ctl app sync web --wait") }()
	id := s.runningDeployment()
	if out := s.run("", "ctl app show web"); !strings.Contains(out, "Last deployment  PLANNED  "+id) || !strings.Contains(out, "DEPLOYING  a deployment is under way") {
		t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl deployment show "+id); !strings.Contains(out, "pipecd ctl stage approve "+id+" stage-0\n") {
		t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl deployment show "+id); !regexp.MustCompile(`WAIT_APPROVAL +stage-0 +RUNNING`).MatchString(out) || !strings.Contains(out, "the plan") {
		t.Errorf("got %s", out)
	}
	s.run("", "ctl stage approve "+id+" stage-0 --wait")
	r := <-approved
	for _, want := range []string{"waiting for you[2J", "approved", "WAIT_APPROVAL        SUCCESS after 1m1s"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("the output lacks %q:\n%s", want, r.out)
		}
	}
	// It is shown as a change, or at once if it came first.
	if !regexp.MustCompile(`(?m)^(Status|\S+  deployment) +SUCCESS`).MatchString(r.out) {
		t.Errorf("the output lacks the end:\n%s", r.out)
	}
	if r.code != exitOK || strings.Contains(r.out, "\x1b") {
		t.Errorf("got %+v", r)
	}
	if out := s.run("", "ctl logs "+id+" stage-0 --follow"); !strings.Contains(out, "waiting for you") || !strings.Contains(out, "approved") {
		t.Errorf("got %s", out)
	}
	if r := s.try("", "ctl deployment cancel "+id); r.code != exitFailed || !strings.Contains(r.err, "already SUCCESS") {
		t.Errorf("got %+v", r)
	}

	if r := s.try("", "ctl stage skip "+id+" stage-0"); r.code != exitFailed {
		t.Errorf("got %+v for a deployment that has ended", r)
	}

	// A stage that measures can be skipped.
	skipped := make(chan result, 1)
	go func() { skipped <- s.try("", "ctl app sync web --strategy pipeline --wait") }()
	id = s.runningDeployment()
	if r := s.try("", "ctl stage approve "+id+" stage-0"); r.code != exitFailed || !strings.Contains(r.err, "ANALYSIS") {
		t.Errorf("got %+v for the approval of a stage that measures", r)
	}
	if out := s.run("", "ctl deployment show "+id); !strings.Contains(out, "pipecd ctl stage skip "+id+" stage-0\n") {
		t.Errorf("got %s", out)
	}
	s.run("", "ctl stage skip "+id+" stage-0 --wait")
	if r := <-skipped; r.code != exitOK || !strings.Contains(r.out, "skipped stage-0") || !strings.Contains(r.out, "ANALYSIS             SUCCESS") {
		t.Errorf("got %+v", r)
	}

	// A deployment that is cancelled is followed to its end, and is a failure.
	cancelled := make(chan result, 1)
	go func() { cancelled <- s.try("", "ctl app sync web --wait -o json") }()
	id = s.runningDeployment()
	s.run("", "ctl deployment cancel "+id+" --wait")
	r = <-cancelled
	if r.code != exitFailed || !strings.Contains(r.err, "CANCELLED: cancelled by hand") {
		t.Errorf("got %+v", r)
	}
	for line := range strings.Lines(r.out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	s.run("", "ctl logout")
	if r := s.try("", "ctl app list"); r.code != exitFailed || !strings.Contains(r.err, "not logged in") {
		t.Errorf("got %+v", r)
	}
}

// runningDeployment waits until a deployment has a log and returns its id.
func (s *shell) runningDeployment() string {
	s.t.Helper()
	for s.t.Context().Err() == nil {
		var list struct{ Deployments []struct{ ID string } }
		out := s.run("", "ctl deployment list --status planned -o json")
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			s.t.Fatal(err)
		}
		if len(list.Deployments) == 1 {
			id := list.Deployments[0].ID
			if r := s.try("", "ctl logs "+id+" stage-0"); strings.Contains(r.out, "waiting") {
				return id
			}
		}
		if err := pause(s.t.Context(), 20*time.Millisecond); err != nil {
			break
		}
	}
	s.t.Fatal("there is no deployment")
	return ""
}

func TestProjectsInTheDataDirectory(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	data := " --data-dir=" + filepath.Join(s.dir, "data")
	out := s.run("", "project add shop --username boss"+data)
	password := regexp.MustCompile(`Password (\S+)`).FindStringSubmatch(out)
	if password == nil {
		t.Fatalf("no password in %s", out)
	}
	if r := s.try("", "project add shop"+data); r.code != exitFailed {
		t.Errorf("got %+v for a repeat", r)
	}
	if r := s.try("", "project add a,b"+data); r.code != exitUsage {
		t.Errorf("got %+v for an odd id", r)
	}
	if out := s.run("", "project list"+data); !strings.Contains(out, "shop") || !strings.Contains(out, "boss") {
		t.Errorf("got %s", out)
	}
	config := s.write("cp.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\n")
	address, stop := s.serve(config)
	s.run("", "ctl login --project shop --username boss --password-file "+s.write("password", password[1]+"\n")+" --address "+address)
	if r := s.try("", "project list"+data); r.code != exitFailed || !strings.Contains(r.err, "in use by another pipecd process") {
		t.Errorf("got %+v while the server runs", r)
	}
	stop()
	if r := s.try("", "ctl app list"); r.code != exitFailed || !strings.Contains(r.err, "does not answer") {
		t.Errorf("got %+v after the server stopped", r)
	}
	// The key, and so the session, survives a restart; the port does not here.
	s.serve(config)
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	bad := s.write("bad.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore: {type: ORACLE}\n  adress: x\n")
	mysql := s.write("mysql.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore:\n    type: MYSQL\n    config: {url: 'a:b@tcp(c)/d'}\n")
	minio := s.write("minio.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  filestore:\n    type: MINIO\n    config: {endpoint: 'http://x', bucket: b}\n")
	both := s.write("both.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  adress: x\n  datastore:\n    type: MYSQL\n    config: {url: 'a:b@tcp(c)/d'}\n"+
		"  filestore:\n    type: MINIO\n    config: {endpoint: 'http://x', bucket: b}\n")
	good := s.write("good.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\n")
	data := " --data-dir=" + filepath.Join(s.dir, "data")
	for _, test := range []struct {
		line string
		code int
		says []string
	}{
		{"server", exitUsage, []string{"--config-file is missing"}},
		{"server --config-file=/does/not/exist", exitUsage, []string{"/does/not/exist"}},
		{"server --config-file=" + bad + data, exitUsage, []string{"bad.yaml:4:", "bad.yaml:5:3: ", "adress"}},
		{"server --config-file=" + mysql + data, exitUsage, []string{"MYSQL", "later version", "SQLITE"}},
		{"server --config-file=" + minio + data, exitUsage, []string{"MINIO", "later version", "LOCAL"}},
		{"server --config-file=" + both + data, exitUsage, []string{
			"both.yaml:4:3: spec.adress: unknown field",
			"both.yaml:6:11: spec.datastore.type: MYSQL comes with a later version of pipecd (until then use SQLITE",
			"both.yaml:9:11: spec.filestore.type: MINIO comes with a later version of pipecd (until then use LOCAL",
		}},
		{"server --config-file=" + good + data + " --tls", exitUsage, []string{"--tls is not supported"}},
		{"server --config-file=" + good + data + " --log-level=loud", exitUsage, []string{"--log-level"}},
		{"server --config-file=" + good + data + " --encryption-key-file=/does/not/exist", exitFailed, []string{"encryption key file", "/does/not/exist"}},
		{"sever", exitUsage, []string{`unknown command "sever"`, "did you mean server"}},
		{"ctl ap list", exitUsage, []string{`unknown command "ap"`}},
		{"ctl app list --bogus", exitUsage, []string{"--bogus"}},
		{"ctl app sync", exitUsage, []string{"APPLICATION is missing"}},
		{"ctl app sync a b", exitUsage, []string{`unexpected argument "b"`}},
		{"ctl app list -o yaml", exitUsage, []string{"--output"}},
		{"ctl login --project x --username y --address localhost:8080", exitUsage, []string{"--address"}},
		{"ctl login --username y", exitUsage, []string{"--project"}},
		{"ctl app show", exitUsage, []string{"APPLICATION is missing"}},
		{"ctl app list", exitFailed, []string{"not logged in"}},
	} {
		r := s.try("", test.line)
		if r.code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.line, r.code, test.code)
		}
		for _, want := range test.says {
			if !strings.Contains(r.err, want) {
				t.Errorf("%s: got %q, want it to say %q", test.line, r.err, want)
			}
		}
		if strings.Contains(r.err, "a:b@tcp") {
			t.Errorf("%s: the output holds a secret: %s", test.line, r.err)
		}
	}
}

// Every command explains itself, and those that take arguments give examples.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, line := range []string{
		"", "server", "project", "project add", "hash-password", "version", "ctl", "ctl login", "ctl piped add", "ctl app add", "ctl app show", "ctl app sync",
		"ctl deployment list", "ctl deployment show", "ctl deployment cancel", "ctl stage approve", "ctl stage skip", "ctl logs",
	} {
		out := s.run("", line+" --help")
		if !strings.Contains(out, "Usage:") {
			t.Errorf("%s: got %s", line, out)
		}
		if words := strings.Fields(line); len(words) > 1 && words[0] == "ctl" && !strings.Contains(out, "Examples:") {
			t.Errorf("%s: no example", line)
		}
	}
	if out := s.run("", "version"); out == "" || s.run("", "--version") != out {
		t.Errorf("version says %q, --version %q", out, s.run("", "--version"))
	}
}
