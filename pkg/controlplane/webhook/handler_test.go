package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/controlplane/notify"
	"pipecd/pkg/model"
)

const (
	oldSecret = "an old secret of the host"
	newSecret = "a new secret of the host"
)

// connected are connected agents of which three follow shop's main branch.
func connected() *notify.Hub {
	hub := new(notify.Hub)
	for _, repositories := range map[string][]model.GitRepository{
		"ssh":   {{ID: "a", Remote: "git@github.com:acme/shop.git", Branch: "main"}, {ID: "b", Remote: "git@github.com:acme/other.git", Branch: "main"}},
		"https": {{ID: "shop", Remote: "https://github.com/Acme/Shop", Branch: "main"}, {ID: "twice", Remote: "ssh://git@ssh.github.com:443/acme/shop", Branch: "main"}},
		"any":   {{ID: "shop", Remote: "git@gitlab.example.com:acme/shop.git"}, {ID: "hub", Remote: "https://***@github.com/acme/shop.git"}},
		"dev":   {{ID: "shop", Remote: "git@github.com:acme/shop.git", Branch: "dev"}},
		"none":  {{ID: "local", Remote: "", Branch: "main"}},
	} {
		var topics []notify.Topic
		for _, r := range repositories {
			if topic, ok := Follows(r); ok {
				topics = append(topics, topic)
			}
		}
		hub.Watch(topics...)
	}
	return hub
}

// newHandler returns the only server of a control plane.
func newHandler(secrets *Secrets, logger *slog.Logger) *Handler {
	return New(Options{Secrets: secrets, Hub: connected(), Logger: logger})
}

// TestOthersAreTold: with several servers the answer does not claim to know
// them all, and the push is passed on.
func TestOthersAreTold(t *testing.T) {
	t.Parallel()
	for repository, says := range map[string]string{
		"acme/shop":    "3 agents were told to look at github.com/acme/shop, branch main. Agents that are connected to other servers are told too.",
		"acme/unknown": "No agent that is connected to this server follows branch main of github.com/acme/unknown. Agents that are connected to other",
	} {
		hub := connected()
		var passed []notify.Topic
		hub.Forward(func(topics []notify.Topic) { passed = append(passed, topics...) })
		h := New(Options{Secrets: secrets(t), Hub: hub, Shared: true, Logger: slog.New(slog.DiscardHandler)})
		w := httptest.NewRecorder()
		body := strings.ReplaceAll(fmt.Sprintf(gitHubPush, "refs/heads/main"), "acme/shop", repository)
		h.ServeHTTP(w, gitHub("push", body, newSecret).request(t))
		if w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), says) {
			t.Errorf("got %d %q, want %q", w.Code, w.Body.String(), says)
		}
		if !slices.Contains(passed, notify.Push("github.com/"+repository, "main")) || !slices.Contains(passed, notify.Push("github.com/"+repository, "")) {
			t.Errorf("passed on: %v", passed)
		}
	}
}

func signature(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

const (
	gitHubPush = `{"ref":%q,"after":"3f78","repository":{"full_name":"acme/shop","url":"https://api.github.com/x","clone_url":"https://github.com/acme/shop.git",
		"ssh_url":"git@github.com:acme/shop.git","git_url":"git://github.com/acme/shop.git","html_url":"https://github.com/acme/shop"},"commits":[{"id":"3f78"}]}`
	gitLabPush = `{"object_kind":"push","event_name":%q,"ref":"refs/heads/main","project":{"git_http_url":"https://gitlab.example.com:8443/acme/shop.git",
		"git_ssh_url":"git@gitlab.example.com:acme/shop.git","web_url":"https://gitlab.example.com/acme/shop"}}`
)

// delivery is what a host sends.
type delivery struct {
	method string // POST if empty
	header map[string]string
	body   string
}

func gitHub(event, body, signedWith string) delivery {
	return delivery{body: body, header: map[string]string{
		headerGitHubEvent: event, headerSignature: signature(signedWith, body), "Content-Type": "application/json",
	}}
}

func gitLab(event, body, token string) delivery {
	return delivery{body: body, header: map[string]string{headerGitLabEvent: event, headerToken: token, "Content-Type": "application/json"}}
}

func (d delivery) with(name, value string) delivery {
	header := map[string]string{}
	maps.Copy(header, d.header)
	header[name] = value
	d.header = header
	return d
}

func (d delivery) request(t *testing.T) *http.Request {
	t.Helper()
	method := d.method
	if method == "" {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(t.Context(), method, "/webhook/github", strings.NewReader(d.body))
	for k, v := range d.header {
		r.Header.Set(k, v)
	}
	return r
}

func secrets(t *testing.T) *Secrets {
	t.Helper()
	s, err := parseSecrets([]byte("\n  " + oldSecret + "\r\n\n" + newSecret + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// delivered is a delivery and how it is answered.
type delivered struct {
	delivery delivery
	status   int
	says     string
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	main := fmt.Sprintf(gitHubPush, "refs/heads/main")
	form := url.Values{"payload": {main}}.Encode()
	for name, tt := range map[string]delivered{
		"push": {gitHub("push", main, newSecret), 202, "3 agents were told to look at github.com/acme/shop, branch main."},
		"push, signed with the secret that is being replaced": {gitHub("push", main, oldSecret), 202, "3 agents"},
		"push as a form": {gitHub("push", form, newSecret).with("Content-Type", "application/x-www-form-urlencoded"), 202, "3 agents"},
		"push to a branch of one agent": {
			gitHub("push", fmt.Sprintf(gitHubPush, "refs/heads/dev"), newSecret), 202,
			"2 agents were told to look at github.com/acme/shop, branch dev.", // one of them names no branch
		},
		"push to a branch that one agent without a branch has": {gitHub("push", fmt.Sprintf(gitHubPush, "refs/heads/x/y"), newSecret), 202, "1 agent was told to look at"},
		"push of a tag": {gitHub("push", fmt.Sprintf(gitHubPush, "refs/tags/v1"), newSecret), 202, "refs/tags/v1 is none"},
		"push to a repository of nobody": {
			gitHub("push", strings.ReplaceAll(main, "acme/shop", "acme/unknown"), newSecret), 202,
			"No agent that is connected now follows branch main of github.com/acme/unknown",
		},
		"ping":          {gitHub("ping", `{"zen":"x"}`, newSecret), 200, "The secret is right."},
		"another event": {gitHub("issues", `{}`, newSecret), 202, `"issues" is not a push`},
		"no event":      {gitHub("", `{}`, newSecret), 202, "is not a push"},

		"push of GitLab":             {gitLab("Push Hook", fmt.Sprintf(gitLabPush, "push"), newSecret), 202, "1 agent was told to look at gitlab.example.com/acme/shop"},
		"push of a GitLab system":    {gitLab("System Hook", fmt.Sprintf(gitLabPush, "push"), oldSecret), 202, "1 agent"},
		"another event of a system":  {gitLab("System Hook", fmt.Sprintf(gitLabPush, "tag_push"), newSecret), 202, `"tag_push" is not a push`},
		"another event of GitLab":    {gitLab("Issue Hook", `{}`, newSecret), 202, `"Issue Hook" is not a push`},
		"GitLab with another secret": {gitLab("Push Hook", fmt.Sprintf(gitLabPush, "push"), newSecret+"x"), 401, "another secret"},

		"signed with another secret":               {gitHub("push", main, "somebody else's secret"), 401, "another secret"},
		"changed after it was signed":              {gitHub("push", main, newSecret).with(headerSignature, signature(newSecret, main+" ")), 401, "another secret"},
		"with an empty secret":                     {gitHub("push", main, ""), 401, "another secret"},
		"with the older digest":                    {gitHub("push", main, newSecret).with(headerSignature, "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"), 401, "another secret"},
		"with no digest":                           {gitHub("push", main, newSecret).with(headerSignature, "sha256="), 401, "another secret"},
		"with half a digest":                       {gitHub("push", main, newSecret).with(headerSignature, signature(newSecret, main)[:40]), 401, "another secret"},
		"with a wrong signature and a right token": {gitHub("push", main, "x").with(headerToken, newSecret), 401, "another secret"},
		"unsigned":                                 {delivery{body: main, header: map[string]string{headerGitHubEvent: "push"}}, 401, "is not signed"},
		"unsigned and huge":                        {delivery{body: strings.Repeat("x", maxBody+1)}, 401, "is not signed"},

		"no JSON":            {gitHub("push", "{", newSecret), 400, "not the JSON of a push"},
		"no form":            {gitHub("push", "payload=%zz", newSecret).with("Content-Type", "application/x-www-form-urlencoded"), 400, "not the form"},
		"no repository":      {gitHub("push", `{"ref":"refs/heads/main"}`, newSecret), 400, "no address"},
		"no ref":             {gitHub("push", fmt.Sprintf(gitHubPush, ""), newSecret), 400, "no ref"},
		"another type":       {gitHub("push", `{"ref":1}`, newSecret), 400, "not the JSON of a push"},
		"nothing":            {gitHub("push", "", newSecret), 400, "not the JSON of a push"},
		"too large":          {gitHub("push", strings.Repeat("x", maxBody+1), newSecret), 413, "larger than 5 MiB"},
		"as large as can be": {gitHub("ping", strings.Repeat("x", maxBody), newSecret), 200, "The secret is right."},
		"another method":     {delivery{method: http.MethodGet}, 405, "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.check(t)
		})
	}
}

func (tt delivered) check(t *testing.T) {
	t.Helper()
	var log strings.Builder
	h := newHandler(secrets(t), slog.New(slog.NewTextHandler(&log, nil)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, tt.delivery.request(t))
	if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
		t.Errorf("got %d %q, want %d and %q", w.Code, w.Body.String(), tt.status, tt.says)
	}
	if all := log.String() + w.Body.String(); strings.Contains(all, oldSecret) || strings.Contains(all, newSecret) {
		t.Errorf("a secret was told: %s", all)
	}
	if got := w.Header().Get("Allow"); (got != "") != (tt.status == http.StatusMethodNotAllowed) {
		t.Errorf("Allow is %q", got)
	}
}

func TestOff(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newHandler(nil, slog.New(slog.DiscardHandler)).ServeHTTP(w, gitHub("push", "{}", newSecret).request(t))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "spec.webhook.secretFile") {
		t.Errorf("got %d %q", w.Code, w.Body.String())
	}
}

// TestWithoutASecretNothingIsGenuine: an empty file must not be a key that fits
// an empty token.
func TestWithoutASecretNothingIsGenuine(t *testing.T) {
	t.Parallel()
	none, err := parseSecrets([]byte("\n \n"))
	if err != nil {
		t.Fatal(err)
	}
	h := newHandler(none, slog.New(slog.DiscardHandler))
	for _, d := range []delivery{gitHub("ping", "{}", ""), gitLab("Push Hook", "{}", " ")} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, d.request(t))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("got %d %q", w.Code, w.Body.String())
		}
	}
}

// TestBodiesInMemoryAreBounded: while as many as may be are being read, the next
// is refused and not kept waiting; afterwards there is room again.
func TestBodiesInMemoryAreBounded(t *testing.T) {
	t.Parallel()
	h := newHandler(secrets(t), slog.New(slog.DiscardHandler))
	ping := gitHub("ping", "{}", newSecret)
	answers := make(chan int, maxAtOnce)
	var ends []func()
	for range maxAtOnce {
		body, feed := io.Pipe()
		r := ping.request(t)
		r.Body = body
		go func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			answers <- w.Code
		}()
		if _, err := io.WriteString(feed, "{"); err != nil { // returns when the handler reads
			t.Fatal(err)
		}
		ends = append(ends, func() { _, _ = io.WriteString(feed, "}"); _ = feed.Close() })
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, ping.request(t))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("one too many got %d", w.Code)
	}
	for _, end := range ends {
		end()
		if code := <-answers; code != http.StatusOK {
			t.Errorf("one that was read got %d", code)
		}
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, ping.request(t))
	if w.Code != http.StatusOK {
		t.Errorf("afterwards got %d", w.Code)
	}
}

func TestBrokenDelivery(t *testing.T) {
	t.Parallel()
	for status, err := range map[int]error{http.StatusBadRequest: io.ErrUnexpectedEOF, http.StatusRequestTimeout: os.ErrDeadlineExceeded} {
		r := gitHub("ping", "", newSecret).request(t)
		r.Body = io.NopCloser(iotest.ErrReader(err))
		w := httptest.NewRecorder()
		newHandler(secrets(t), slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%v: got %d %q", err, w.Code, w.Body.String())
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	s := secrets(t)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("secrets", s))
	got := []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s)}
	if diff := cmp.Diff([]string{"2 secrets", "2 secrets", "2 secrets"}, got); diff != "" || strings.Contains(log.String(), newSecret) {
		t.Errorf("%s%s", diff, log.String())
	}
}
