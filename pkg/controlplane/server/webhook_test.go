package server_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"pipecd/pkg/controlplane/server"
	"pipecd/pkg/controlplane/webhook"
	agentv1 "pipecd/pkg/rpc/gen/pipecd/agent/v1"
	"pipecd/pkg/telemetry/telemetrytest"
)

// push is what a host sends of the repository that the tests' agents have,
// under another of its addresses.
func push(branch string) string {
	return fmt.Sprintf(`{"ref":"refs/heads/%s","repository":{"clone_url":"https://github.EXAMPLE.com/Shop.git"}}`, branch)
}

// deliver sends a delivery signed with the secret and returns the answer.
func (w *world) deliver(path, event, body, secret string) (status int, text string) {
	w.t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, body)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.addresses.Public+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(path, "gitlab") {
		req.Header.Set("X-Gitlab-Event", event)
		req.Header.Set("X-Gitlab-Token", secret)
	} else {
		req.Header.Set("X-Github-Event", event)
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	resp := w.do(req)
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// looks wants the next message to be a hint at the repository.
func (c *connection) looks() {
	c.t.Helper()
	if got := c.next().GetRepository().GetRepoId(); got != repoID {
		c.t.Errorf("got a hint at %q, want %q", got, repoID)
	}
}

// TestWebhookReachesTheAgents of every project that follow the repository and
// are connected.
func TestWebhookReachesTheAgents(t *testing.T) {
	t.Parallel()
	secrets := readSecrets(t, []byte("the secret of the host\nits secret of before\n"))
	w := setupWith(t, t.TempDir(), func(o *server.Options) { o.Webhook = secrets })
	dev, other := w.agent("dev", "a"), w.agent("other", "b")
	w.agent("dev", "never connected")
	wantTold := func(path, event, body, secret string, status int, says string) {
		t.Helper()
		if got, text := w.deliver(path, event, body, secret); got != status || !strings.Contains(text, says) {
			t.Errorf("got %d %q, want %d and %q", got, text, status, says)
		}
	}
	const gitHub, gitLab = "/webhook/github", "/webhook/gitlab"
	wantTold(gitHub, "push", push("main"), "the secret of the host", 202, "No agent that is connected now follows branch main of github.example.com/shop")

	a, b := w.connect(dev, "process"), w.connect(other, "process")
	a.lease()
	b.lease()
	standby := w.connect(dev, "another process")
	standby.next()
	wantTold(gitHub, "ping", "{}", "the secret of the host", 200, "The secret is right")
	wantTold(gitHub, "push", push("main"), "the secret of the host", 202, "2 agents were told to look at github.example.com/shop")
	a.looks()
	b.looks()
	wantTold(gitHub, "push", push("dev"), "the secret of the host", 202, "No agent")
	wantTold(gitHub, "push", push("main"), "not the secret of the host", 401, "another secret")

	// The same again is another hint, and the agent decides what is new.
	b.cancel()
	wantCode(t, b.end(), codes.Canceled)
	w.until(func() bool { return telemetrytest.Values(t, w.telemetry.Registry())["pipecd_agents_connected"] == 1 })
	wantTold(gitLab, "Push Hook", push("main"), "its secret of before", 202, "1 agent was told")
	a.looks()

	values := telemetrytest.Values(t, w.telemetry.Registry())
	if got := values[`pipecd_http_requests_total{code="401",handler="/webhook/github"}`]; got != 1 {
		t.Errorf("%v refusals are counted: %v", got, values)
	}
}

// TestWebhookIsOff where no secret is configured, and no page is shown instead.
func TestWebhookIsOff(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if got, text := w.deliver("/webhook/github", "push", push("main"), "x"); got != http.StatusNotFound || !strings.Contains(text, "spec.webhook.secretFile") {
		t.Errorf("got %d %q", got, text)
	}
}

// TestWebhookDuringACommand: hints and commands share the stream.
func TestWebhookDuringACommand(t *testing.T) {
	t.Parallel()
	secrets := readSecrets(t, []byte("the secret of the host"))
	w := setupWith(t, t.TempDir(), func(o *server.Options) { o.Webhook = secrets })
	dev := w.agent("dev", "a")
	c := w.connect(dev, "process")
	c.lease()
	for range 20 {
		if got, text := w.deliver("/webhook/github", "push", push("main"), "the secret of the host"); got != http.StatusAccepted {
			t.Fatalf("got %d %q", got, text)
		}
	}
	w.application("dev", dev, "web")
	hints := 0
	for {
		m := c.next()
		if m.GetApplications() != nil {
			break
		}
		if m.GetRepository() == nil {
			t.Fatalf("got %v", m)
		}
		hints++
	}
	if hints == 0 || hints == 20 {
		t.Errorf("20 deliveries at once became %d hints", hints)
	}
	c.send(&agentv1.ConnectRequest{Item: &agentv1.ConnectRequest_Goodbye{Goodbye: &agentv1.Goodbye{}}})
}

// until asks until ok says so.
func (w *world) until(ok func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			w.t.Fatal("it never came to this")
		}
	}
}

func readSecrets(t *testing.T, content []byte) *webhook.Secrets {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secrets")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := webhook.ReadSecrets(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
