package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzDelivery takes deliveries of who knows the secret, and of who does not.
func FuzzDelivery(f *testing.F) {
	secret := strings.Repeat("s", minSecretLength)
	secrets, err := parseSecrets([]byte(secret))
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		"", "{}", "null", "[]", `{"ref":"refs/heads/main","repository":{"ssh_url":"git@example.com:a/b.git"}}`, "payload=%7B%7D", "payload=%",
		`{"ref":"refs/heads/main","project":{"git_http_url":"https://example.com/a/b"},"event_name":"push"}`, `{"repository":{"clone_url":"://"}}`,
	} {
		for _, event := range []string{"push", "ping", "Push Hook", "System Hook", ""} {
			f.Add([]byte(body), event, "application/json", "sha256=00")
		}
		f.Add([]byte(body), "push", "application/x-www-form-urlencoded; x", "")
	}
	h := newHandler(secrets, slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, body []byte, event, contentType, forged string) {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = mac.Write(body)
		genuine := "sha256=" + hex.EncodeToString(mac.Sum(nil))
		for _, signature := range []string{genuine, forged} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook/github", bytes.NewReader(body))
			r.Header.Set(headerSignature, signature)
			r.Header.Set("Content-Type", contentType)
			r.Header.Set(headerGitHubEvent, event)
			r.Header.Set(headerGitLabEvent, event)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code >= http.StatusInternalServerError || strings.Contains(w.Body.String(), secret) && !bytes.Contains(body, []byte(secret)) {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
			if signature != genuine && w.Code != http.StatusUnauthorized && !strings.EqualFold(signature, genuine) {
				t.Errorf("the signature %q was taken: %d", signature, w.Code)
			}
		}
	})
}

// FuzzSecrets reads files with secrets.
func FuzzSecrets(f *testing.F) {
	f.Add([]byte("0123456789abcdef\n\r\n fedcba9876543210\x00 "))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSecrets(data)
		if err != nil {
			return
		}
		if len(s.all) > maxSecrets || len(s.all) > 0 && strings.Contains(s.String(), string(s.all[0])) {
			t.Errorf("%s", s)
		}
		if s.sign(http.Header{headerToken: {""}}, nil) {
			t.Error("nothing is a secret")
		}
	})
}
