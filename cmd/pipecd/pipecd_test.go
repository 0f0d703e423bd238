package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"pipecd/cmd/commandline"
	"pipecd/pkg/config"
	"pipecd/pkg/model"
	"pipecd/pkg/rpc/auth"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
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
	file := s.write("cp.yaml", controlPlane(s.run("secret\n", "hash-password")))
	address, _ := s.serve(file)
	s.logIn(address)
	s.addWeb(address)
	s.approveOne()
	s.skipOne()
	s.cancelOne()
	s.run("", "ctl logout")
	if r := s.try("", "ctl app list"); r.code != exitFailed || !strings.Contains(r.err, "not logged in") {
		t.Errorf("got %+v", r)
	}
}

// logIn logs in, with a wrong password first.
func (s *shell) logIn(address string) {
	s.t.Helper()
	if r := s.try("wrong\n", "ctl login --project dev --username admin --address "+address); r.code != exitFailed || !strings.Contains(r.err, "is wrong") {
		s.t.Errorf("got %+v for a wrong password", r)
	}
	s.run("secret\n", "ctl login --project dev --username admin --address "+address)
	if info, err := os.Stat(filepath.Join(s.dir, "session.json")); err != nil || info.Mode().Perm() != 0o600 {
		s.t.Errorf("the session file: %v, %v", info, err)
	}
}

// addWeb starts an agent and adds an application that it runs.
func (s *shell) addWeb(address string) {
	s.t.Helper()
	var added struct{ ID, Key string }
	if err := json.Unmarshal([]byte(s.run("", "ctl piped add my-piped -o json")), &added); err != nil {
		s.t.Fatal(err)
	}
	addApp := "ctl app add --name web --piped my-piped --provider ecs --repo shop --path web"
	if r := s.try("", addApp); r.code != exitFailed || !strings.Contains(r.err, "start it first") {
		s.t.Errorf("got %+v before the agent was started", r)
	}
	keyFile := filepath.Join(s.dir, "other-key")
	out := s.run("", "ctl piped add other --key-file "+keyFile)
	_, file, _ := strings.Cut(out, "begins with:\n\n")
	file, rest, _ := strings.Cut(file, "\n\n")
	cfg, problems := config.LoadPiped("piped.yaml", []byte(file), config.CheckFiles)
	if len(problems) > 0 || cfg.ProjectID != "dev" || cfg.PipedKeyFile != keyFile || "http://"+cfg.APIAddress != address || !strings.Contains(rest, "--insecure --admin-port=9086\n") {
		s.t.Errorf("%s\n%s", out, problems.Error())
	}
	startAgent(s.t, address, auth.PipedCredential{ProjectID: "dev", PipedID: added.ID, Key: added.Key})
	if out := s.run("", addApp); !strings.Contains(out, "when it looks at the repository next") || !regexp.MustCompile(`pipecd ctl app sync [0-9a-f-]{36} --wait`).MatchString(out) {
		s.t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl piped list"); !strings.Contains(out, "ONLINE") {
		s.t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl app list"); !strings.Contains(out, "web") {
		s.t.Errorf("got %s", out)
	}
	out = s.run("", "ctl app show web")
	for _, want := range []string{"Piped            my-piped ONLINE", "Provider         ecs", "Repository       shop", "File             web/app.pipecd.yaml", "it has not been deployed yet", "Last deployment  none yet"} {
		if !strings.Contains(out, want) {
			s.t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
}

// approveOne deploys, approves the stage that waits for it, and follows the
// deployment to its end.
func (s *shell) approveOne() {
	s.t.Helper()
	approved := make(chan result, 1)
	go func() { approved <- s.try("", "ctl app sync web --wait") }()
	id := s.runningDeployment()
	if out := s.run("", "ctl app show web"); !strings.Contains(out, "Last deployment  PLANNED  "+id) || !strings.Contains(out, "DEPLOYING  a deployment is under way") {
		s.t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl deployment show "+id); !strings.Contains(out, "pipecd ctl stage approve "+id+" stage-0\n") {
		s.t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl deployment show "+id); !regexp.MustCompile(`WAIT_APPROVAL +stage-0 +RUNNING`).MatchString(out) || !strings.Contains(out, "the plan") {
		s.t.Errorf("got %s", out)
	}
	s.run("", "ctl stage approve "+id+" stage-0 --wait")
	r := <-approved
	for _, want := range []string{"waiting for you[2J", "approved", "WAIT_APPROVAL        SUCCESS after 1m1s"} {
		if !strings.Contains(r.out, want) {
			s.t.Errorf("the output lacks %q:\n%s", want, r.out)
		}
	}
	// It is shown as a change, or at once if it came first.
	if !regexp.MustCompile(`(?m)^(Status|\S+ {2}deployment) +SUCCESS`).MatchString(r.out) {
		s.t.Errorf("the output lacks the end:\n%s", r.out)
	}
	if r.code != exitOK || strings.Contains(r.out, "\x1b") {
		s.t.Errorf("got %+v", r)
	}
	for line, want := range map[string]string{"ctl app show ": "web", "ctl deployment show ": id, "ctl logs " + id + " ": "stage-0\tWAIT_APPROVAL SUCCESS"} {
		if out := s.run("", "__complete "+line); !strings.HasPrefix(out, want) {
			s.t.Errorf("for %q shells are told %q, want %q", line, out, want)
		}
	}
	if out := s.run("", "ctl logs "+id+" WAIT_APPROVAL"); !strings.Contains(out, "approved") {
		s.t.Errorf("got %s", out)
	}
	if out := s.run("", "ctl logs "+id+" stage-0 --follow"); !strings.Contains(out, "waiting for you") || !strings.Contains(out, "approved") {
		s.t.Errorf("got %s", out)
	}
	if r := s.try("", "ctl deployment cancel "+id); r.code != exitFailed || !strings.Contains(r.err, "already SUCCESS") {
		s.t.Errorf("got %+v", r)
	}
	if r := s.try("", "ctl deployment rollback-to "+id); r.code != exitFailed || !strings.Contains(r.err, "already runs") {
		s.t.Errorf("got %+v for a rollback to what runs", r)
	}
	if r := s.try("", "ctl stage skip "+id+" stage-0"); r.code != exitFailed {
		s.t.Errorf("got %+v for a deployment that has ended", r)
	}
}

// skipOne deploys and skips the stage that measures.
func (s *shell) skipOne() {
	s.t.Helper()
	skipped := make(chan result, 1)
	go func() { skipped <- s.try("", "ctl app sync web --strategy pipeline --wait") }()
	id := s.runningDeployment()
	if r := s.try("", "ctl stage approve "+id+" stage-0"); r.code != exitFailed || !strings.Contains(r.err, "ANALYSIS") {
		s.t.Errorf("got %+v for the approval of a stage that measures", r)
	}
	if out := s.run("", "ctl deployment show "+id); !strings.Contains(out, "pipecd ctl stage skip "+id+" stage-0\n") {
		s.t.Errorf("got %s", out)
	}
	s.run("", "ctl stage skip "+id+" stage-0 --wait")
	if r := <-skipped; r.code != exitOK || !strings.Contains(r.out, "skipped stage-0") || !strings.Contains(r.out, "ANALYSIS             SUCCESS") {
		s.t.Errorf("got %+v", r)
	}
}

// cancelOne cancels a deployment, which is followed to its end and is a failure.
func (s *shell) cancelOne() {
	s.t.Helper()
	cancelled := make(chan result, 1)
	go func() { cancelled <- s.try("", "ctl app sync web --wait -o json") }()
	id := s.runningDeployment()
	s.run("", "ctl deployment cancel "+id+" --wait")
	r := <-cancelled
	if r.code != exitFailed || !strings.Contains(r.err, "CANCELLED: cancelled by hand") {
		s.t.Errorf("got %+v", r)
	}
	for line := range strings.Lines(r.out) {
		if !json.Valid([]byte(line)) {
			s.t.Errorf("not JSON: %s", line)
		}
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
	if r := s.try("", "project add a,b"+data); r.code != exitUsage || !strings.Contains(r.err, "must not contain spaces, commas") {
		t.Errorf("got %+v for an odd id", r)
	}
	nowhere := filepath.Join(s.dir, "nowhere")
	if r := s.try("", "project list --data-dir="+nowhere); r.code != exitUsage || !strings.Contains(r.err, "there is no database "+nowhere+"/pipecd.db") {
		t.Errorf("got %+v for a directory that is not there", r)
	}
	if _, err := os.Stat(nowhere); !os.IsNotExist(err) {
		t.Errorf("a list made the directory: %v", err)
	}
	if out := s.run("", "project list"+data); !strings.Contains(out, "shop") || !strings.Contains(out, "boss") {
		t.Errorf("got %s", out)
	}
	file := s.write("cp.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {}\n")
	address, stop := s.serve(file)
	s.run("", "ctl login --project shop --username boss --password-file "+s.write("password", password[1]+"\n")+" --address "+address)
	if r := s.try("", "project list"+data); r.code != exitFailed || !strings.Contains(r.err, "in use by another pipecd process") {
		t.Errorf("got %+v while the server runs", r)
	}
	stop()
	if r := s.try("", "ctl app list"); r.code != exitFailed || !strings.Contains(r.err, "does not answer") {
		t.Errorf("got %+v after the server stopped", r)
	}
	// The key, and so the session, survives a restart; the port does not here.
	s.serve(file)
}

func TestWrongUse(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	bad := s.write("bad.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore: {type: ORACLE}\n  adress: x\n")
	mysql := s.write("mysql.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore:\n    type: MYSQL\n    config: {url: 'root:hunter2@tcp(127.0.0.1:1)/d'}\n")
	minio, _, _ := s.storeFiles()
	keys := s.write("keys.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  datastore:\n    type: MYSQL\n    config: {url: 'c:3306', database: d, usernameFile: /does/not/exist, passwordFile: /does/not/exist}\n"+
		"  filestore:\n    type: MINIO\n    config: {endpoint: 'http://x', bucket: b, accessKeyFile: /does/not/exist}\n")
	short := s.write("short-secret", "0123456789abcdef0123456789abcdef\n\nhunter2\n")
	weak := s.write("weak.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  webhook:\n    secretFile: "+short+"\n")
	lost := s.write("lost.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec: {webhook: {secretFile: /does/not/exist}}\n")
	odd := s.write("odd.yaml", "apiVersion: pipecd.dev/v1beta1\nkind: ControlPlane\nspec:\n  projects: [{id: \"Bad Id!, /../x\"}]\n")
	values := s.write("values.yaml", "config:\n  data: |\n    kind: ControlPlane\nmysql: {}\n")
	empty := s.write("empty", "")
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
		{"server --config-file=" + mysql + data, exitFailed, []string{"connecting to the database d at 127.0.0.1:1: it does not answer"}},
		{"server --config-file=" + minio + data, exitFailed, []string{"the bucket pipecd at http://127.0.0.1:1", "does not answer"}},
		{"server --config-file=" + keys + data, exitUsage, []string{
			"keys.yaml:6:", "spec.datastore.config.usernameFile", "spec.datastore.config.passwordFile", "keys.yaml:9:", "spec.filestore.config.accessKeyFile",
			"expected accessKeyFile and secretKeyFile together",
		}},
		{"server --config-file=" + weak + data, exitUsage, []string{"weak.yaml:5:17: spec.webhook.secretFile: the secret on line 3 has 7 characters; at least 16 are needed"}},
		{"server --config-file=" + lost + data, exitUsage, []string{`lost.yaml:3:30: spec.webhook.secretFile: the file "/does/not/exist" does not exist`}},
		{"server --config-file=" + good + data + " --tls", exitUsage, []string{"--tls is not supported"}},
		{"server --config-file=" + good + data + " --log-level=loud", exitUsage, []string{"--log-level"}},
		{"server --config-file=" + good + data + " --encryption-key-file=/does/not/exist", exitUsage, []string{"--encryption-key-file: the encryption key file", "/does/not/exist", "openssl rand"}},
		{"server --config-file=" + good + data + " --encryption-key-file=" + empty, exitUsage, []string{"--encryption-key-file: the encryption key file " + empty + " holds 0 bytes"}},
		{"server --config-file=" + odd + data, exitUsage, []string{
			"odd.yaml:4:15: warning: spec.projects[0]: the project has no staticAdmin", "odd.yaml:4:19: spec.projects[0].id: the id must not contain spaces, commas",
		}},
		{"server --config-file=" + values + data, exitUsage, []string{"values.yaml:2:9: config.data: these are values of a Helm chart"}},
		{"server --port=99999", exitUsage, []string{`--port is "99999"; it must be a port from 0 to 65535; see`}},
		{"server --admin-port=x", exitUsage, []string{`--admin-port is "x"; it must be a port from 0 to 65535`}},
		{"server --grace-period=x", exitUsage, []string{`--grace-period is "x"; it must be a duration such as 30s`}},
		{"server --confg-file=x", exitUsage, []string{"unknown flag: --confg-file, did you mean --config-file; see `pipecd server --help`"}},
		{"quickstart --port=80000", exitUsage, []string{`--port is "80000"; it must be a port`}},
		{"ctl deployment list --limit=x", exitUsage, []string{`--limit is "x"; it must be a whole number`}},
		{"sever", exitUsage, []string{`unknown command "sever"`, "did you mean server"}},
		{"ctl ap list", exitUsage, []string{`unknown command "ap"`}},
		{"ctl app list --bogus", exitUsage, []string{"--bogus"}},
		{"ctl app sync", exitUsage, []string{"APPLICATION is missing"}},
		{"ctl app sync a b", exitUsage, []string{`unexpected argument "b"`}},
		{"ctl app list -o yaml", exitUsage, []string{"--output"}},
		{"ctl login --project x --username y --address localhost:8080", exitUsage, []string{"--address"}},
		{"ctl login --username y", exitUsage, []string{"--project"}},
		{"ctl login --project x --username y", exitUsage, []string{"the password is empty"}},
		{"ctl app show", exitUsage, []string{"APPLICATION is missing"}},
		{"ctl app list", exitFailed, []string{"not logged in"}},
	} {
		s.refuses(test.line, test.code, test.says)
	}
}

// refuses runs a command that fails, and looks for secrets in what it says.
func (s *shell) refuses(line string, code int, says []string) {
	s.t.Helper()
	r := s.try("", line)
	if r.code != code {
		s.t.Errorf("%s: exit code %d, want %d", line, r.code, code)
	}
	for _, want := range says {
		if !strings.Contains(r.err, want) {
			s.t.Errorf("%s: got %q, want it to say %q", line, r.err, want)
		}
	}
	if strings.Contains(r.err, "a:b@tcp") || strings.Contains(r.err, "hunter2") {
		s.t.Errorf("%s: the output holds a secret: %s", line, r.err)
	}
}

// Every command explains itself, and gives examples that begin with a program.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	root := newRoot(env{getenv: s.getenv, out: io.Discard, err: io.Discard}, func() {})
	commands := 0
	commandline.Walk(root, func(c *cobra.Command) {
		commands++
		if c.Short == "" || !strings.Contains(c.Example, "pipecd ") {
			t.Errorf("%s explains itself as %q, with the example %q", c.CommandPath(), c.Short, c.Example)
		}
	})
	if commands < 30 {
		t.Errorf("only %d commands were looked at", commands)
	}
	for _, line := range []string{"", "server", "ctl app sync", "completion bash"} {
		if out := s.run("", line+" --help"); !strings.Contains(out, "Usage:") || !strings.Contains(out, "Examples:") {
			t.Errorf("%s: got %s", line, out)
		}
	}
	if out := s.run("", "version"); out == "" || s.run("", "--version") != out || s.run("", "-v") != out {
		t.Errorf("version says %q, --version %q", out, s.run("", "--version"))
	}
	if out := s.run("", "__complete ctl app list -o "); !strings.HasPrefix(out, "table\njson\n") {
		t.Errorf("shells are told %q", out)
	}
}

func TestFindStage(t *testing.T) {
	t.Parallel()
	d := &model.Deployment{ID: "d", Stages: []model.Stage{
		{ID: "stage-0", Name: model.StageECSTrafficRouting}, {ID: "stage-1", Name: model.StageAnalysis}, {ID: "stage-2", Name: model.StageECSTrafficRouting},
	}}
	for stage, want := range map[string]string{"stage-2": "stage-2", "ANALYSIS": "stage-1", "analysis": "stage-1"} {
		if got, err := findStage(d, stage); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %s", stage, got, err, want)
		}
	}
	for stage, want := range map[string]string{
		"ECS_TRAFFIC_ROUTING": "2 stages named ECS_TRAFFIC_ROUTING; use an id: stage-0, stage-2",
		"ECS_SYNC":            `no stage "ECS_SYNC"; its stages are stage-0 ECS_TRAFFIC_ROUTING, stage-1 ANALYSIS, stage-2 ECS_TRAFFIC_ROUTING`,
	} {
		if _, err := findStage(d, stage); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", stage, err, want)
		}
	}
}

func TestEmptyListsAreThere(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := writeJSON(&out, &webv1.ListApplicationsResponse{Cursor: "c"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(out.String()), ""); got != `{"applications":[],"cursor":"c"}` {
		t.Errorf("got %s", got)
	}
}
