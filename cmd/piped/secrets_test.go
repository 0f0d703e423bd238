package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/controlplane/webhook"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/model"
	"pipecd/pkg/telemetry"
)

// mark stands in every secret of this test, so that what holds it tells one.
const mark = "S3CR3T-MARK"

// marked are secrets in the forms in which they could come to light.
func marked() []string {
	forms := []string{mark}
	for shift := range 3 { // base64 of a text depends on where it begins
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + mark + "xx"))
		forms = append(forms, encoded[4:12])
	}
	return forms
}

// book collects all that anybody can see of both programs.
type book struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // has a value after something was written
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.wrote <- struct{}{}:
	default:
	}
	return b.text.Write(p)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await returns when everything wanted was written.
func (b *book) await(t *testing.T, wanted ...string) {
	t.Helper()
	timeout := time.After(time.Minute)
	for _, want := range wanted {
		for !strings.Contains(b.String(), want) {
			select {
			case <-b.wrote:
			case <-timeout:
				t.Fatalf("%q did not come:\n%s", want, b)
			}
		}
	}
}

// secretive is a control plane whose secrets are marked.
type secretive struct {
	t         *testing.T
	book      *book
	dir       string
	addresses server.Addresses
	cookie    string
}

func newSecretive(t *testing.T) *secretive {
	t.Helper()
	s := &secretive{t: t, book: &book{wrote: make(chan struct{}, 1)}, dir: t.TempDir()}
	hash, err := bcrypt.GenerateFromPassword([]byte(mark+"-password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := webhook.ReadSecrets(write(t, t.TempDir(), "secrets", mark+"-webhook\n"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(s.dir, "pipecd.db")})
	if err != nil {
		t.Fatal(err)
	}
	files, err := local.Open(filepath.Join(s.dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	tel := telemetry.New(telemetry.Options{Catalog: telemetry.ControlPlane(), Version: "test"})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan server.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, server.Options{
			Store: store, Files: files, SessionKey: []byte(mark + "-of-sessions-that-is-long-enough"), Webhook: hooks,
			Projects: []*model.Project{{ID: "dev", StaticAdmin: &model.StaticAdmin{Username: "admin", PasswordHash: string(hash)}}},
			Listen:   "127.0.0.1:0", AdminListen: "127.0.0.1:0", Version: "test", GracePeriod: time.Second, Observer: tel, Metrics: tel.Registry(),
			Logger: slog.New(slog.NewTextHandler(s.book, &slog.HandlerOptions{Level: slog.LevelDebug})), Ready: func(a server.Addresses) { ready <- a },
		})
	}()
	select {
	case s.addresses = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		for _, err := range []error{<-ended, store.Close(), files.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// ask sends a request and writes the answer down, unless it is one that has a
// secret to tell.
func (s *secretive) ask(url, body string, header map[string]string, tells bool) (answer string, cookies []*http.Cookie) {
	s.t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Connect-Protocol-Version": {"1"}, "Cookie": {s.cookie}}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if !tells {
		fmt.Fprintf(s.book, "\n%s answered %s %v\n%s\n", url, resp.Status, resp.Header, text)
	}
	return string(text), resp.Cookies()
}

func (s *secretive) web(method string) string {
	return "http://" + s.addresses.Public + "/pipecd.web.v1.WebService/" + method
}

// register logs in and returns the id and the key of a new agent: the only answer
// that tells a secret.
func (s *secretive) register() (id, key string) {
	s.t.Helper()
	_, cookies := s.ask(s.web("Login"), `{"projectId":"dev","username":"admin","password":"`+mark+`-password"}`, nil, true)
	if len(cookies) != 1 {
		s.t.Fatal("not logged in")
	}
	s.cookie = "token=" + cookies[0].Value
	text, _ := s.ask(s.web("RegisterPiped"), `{"name":"an agent"}`, nil, true)
	var made struct{ ID, Key string }
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Key == "" {
		s.t.Fatal(text, err)
	}
	return made.ID, made.Key
}

// provoke makes errors with secrets in what is sent.
func (s *secretive) provoke(pipedID string) {
	public := "http://" + s.addresses.Public
	s.ask(s.web("Login"), `{"projectId":"dev","username":"admin","password":"`+mark+`-wrong"}`, nil, false)
	s.ask(s.web("Login"), `{"projectId":"dev","password":"`+mark+`"}`, nil, false)
	s.ask(s.web("Login"), `{"password":"`+mark, nil, false)
	s.ask(s.web("Login"), `{"password":{"`+mark+`":1}}`, map[string]string{"X": "y"}, false)
	s.ask(s.web("GetMe"), `{}`, map[string]string{"Cookie": "token=" + mark}, false)
	for _, credential := range []string{"PIPED-TOKEN dev," + pipedID + "," + mark, "PIPED-TOKEN " + mark, "Bearer " + mark} {
		s.ask(public+"/grpc.service.pipedservice.PipedService/ReportStat", `{}`, map[string]string{"Authorization": credential}, false)
	}
	for name, value := range map[string]string{"X-Gitlab-Token": mark + "-wrong-one", "X-Hub-Signature-256": "sha256=" + mark} {
		s.ask(public+"/webhook/github", `{}`, map[string]string{name: value}, false)
	}
	s.ask(public+"/webhook/gitlab", `{`, map[string]string{"X-Gitlab-Token": mark + "-webhook", "X-Gitlab-Event": "Push Hook"}, false)
}

// look writes down what the ports for operators show.
func (s *secretive) look(admin string) {
	for _, path := range []string{
		"/metrics", "/healthz", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1",
		"/debug/pprof/threadcreate?debug=1", "/debug/pprof/block?debug=1", "/debug/pprof/mutex?debug=1", "/debug/vars", "/",
	} {
		s.ask("http://"+admin+path, "", nil, false)
	}
}

// secretFiles writes an agent's configuration in which everything that is secret
// is marked.
func (s *secretive) secretFiles(id, key, git string) (dir, file string) {
	dir, _ = files(s.t, "")
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	write(s.t, dir, "credentials", "[default]\naws_access_key_id = the-id\naws_secret_access_key = "+mark+"-aws\n")
	write(s.t, dir, "datadog-key", mark+"-datadog")
	values := map[string]string{
		"DIR": dir, "ADDRESS": s.addresses.Public, "ID": id, "KEY": encoded(key), "GIT": strings.NewReplacer("PASSWORD", encoded(mark+"-git"), "DIR", dir).Replace(git),
		"DATA": encoded(mark + "-data"), "MARK": mark,
	}
	return dir, write(s.t, dir, "piped.yaml", os.Expand(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: dev
  pipedID: $ID
  pipedKeyData: $KEY
  apiAddress: $ADDRESS
  syncInterval: 1s
  git: {$GIT}
  repositories:
    - {repoId: a, remote: "http://${MARK}:${MARK}@127.0.0.1:1/a.git", branch: main}
    - {repoId: b, remote: "http://127.0.0.1:1/b.git", branch: main}
    - {repoId: c, remote: "git@127.0.0.1:c.git", branch: main}
  chartRepositories:
    - {name: charts, address: "https://u:${MARK}@example.com", username: u, password: ${MARK}}
  platformProviders:
    - {name: ecs, type: ECS, config: {region: eu-west-1, credentialsFile: $DIR/credentials}}
    - {name: k8s, type: KUBERNETES, config: {token: ${MARK}}}
  analysisProviders:
    - {name: files, type: DATADOG, config: {apiKeyFile: $DIR/datadog-key, applicationKeyFile: $DIR/datadog-key}}
    - {name: data, type: DATADOG, config: {apiKeyData: $DATA, applicationKeyData: $DATA, address: "https://u:${MARK}@127.0.0.1:1"}}
  notifications:
    receivers:
      - {name: slack, slack: {hookURL: "https://hooks.slack.com/services/${MARK}"}}
      - {name: hook, webhook: {url: "https://example.com/?token=${MARK}", signatureValue: ${MARK}}}
  secretManagement: {type: KEY_PAIR, config: {privateKeyData: $DATA, publicKeyData: cHVibGlj}}
`, func(name string) string { return values[name] }))
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Nothing that is secret is in the logs of either program, in what they answer, in
// what they measure, in the configuration that people are shown, or in the store.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()

	for name, git := range map[string]string{"key": "sshKeyFile: DIR/ssh-key", "password": "username: u, password: PASSWORD"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keepSecrets(t, git)
		})
	}
}

// keepSecrets runs both programs, the agent with the credentials of Git.
func keepSecrets(t *testing.T, git string) {
	t.Helper()
	s := newSecretive(t)
	id, key := s.register()
	dir, file := s.secretFiles(id, key, git)
	admin := freePort(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		_, port, _ := net.SplitHostPort(admin)
		ended <- execute(ctx, []string{
			"run", "--config-file=" + file, "--data-dir=" + filepath.Join(dir, "data"), "--insecure", "--admin-port=" + port, "--log-level=debug", "--log-encoding=json",
		}, s.book, s.book)
	}()
	t.Cleanup(stop)
	s.book.await(t, "piped connected", "/a.git", "/b.git")
	s.provoke(id)
	s.ask(s.web("GetPiped"), `{"pipedId":"`+id+`"}`, nil, false)
	s.ask(s.web("ListPipeds"), `{}`, nil, false)
	s.look(s.addresses.Admin)
	s.look(admin)
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("the agent ended with %d", code)
	}
	s.stored()
	shown := s.book.String()
	for _, want := range []string{"goroutine ", "# TYPE ", `pipedKeyData: \"******\"`, "syncInterval: 1s", "Unauthenticated"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not among what was looked at", want)
		}
	}
	for _, secret := range append(marked(), key, base64.StdEncoding.EncodeToString([]byte(key)), "PRIVATE KEY", s.cookie[len("token="):]) {
		for line := range strings.Lines(shown) {
			if strings.Contains(line, secret) {
				t.Errorf("%q is shown: %.600s", secret, line)
			}
		}
	}
}

// stored writes down what the control plane keeps.
func (s *secretive) stored() {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(s.book, "\n%s holds %q\n", path, content)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
