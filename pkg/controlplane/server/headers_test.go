package server_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"pipecd/pkg/controlplane/server"
)

// Every kind of answer has the headers that keep browsers from using it for
// anything else.
func TestEveryAnswerHasSecurityHeaders(t *testing.T) {
	t.Parallel()
	w := setupWith(t, t.TempDir(), func(o *server.Options) {
		o.UI = fstest.MapFS{
			"index.html":      {Data: []byte("<!doctype html><head></head>")},
			"assets/index.js": {Data: []byte("1")},
		}
	})
	html, json := http.Header{"Accept": {"text/html"}}, browser()
	cross := browser()
	cross.Set("Origin", "https://evil.example")
	public, admin := "http://"+w.addresses.Public, "http://"+w.addresses.Admin
	for _, c := range []struct {
		what, method, url string
		header            http.Header
		status            int
	}{
		{"the page", http.MethodGet, public + "/", html, http.StatusOK},
		{"a page of a route", http.MethodGet, public + "/deployments", html, http.StatusOK},
		{"an asset", http.MethodGet, public + "/assets/index.js", nil, http.StatusOK},
		{"what is not there", http.MethodGet, public + "/assets/old.js", nil, http.StatusNotFound},
		{"a redirect", http.MethodGet, public + "//x", html, http.StatusTemporaryRedirect},
		{"a method that is not allowed", http.MethodDelete, public + "/healthz", nil, http.StatusNotFound},
		{"health", http.MethodGet, public + "/healthz", nil, http.StatusOK},
		{"a webhook", http.MethodPost, public + "/webhook/github", nil, http.StatusNotFound},
		{"an answer", http.MethodPost, public + "/" + webService + "Logout", json, http.StatusOK},
		{"a refusal", http.MethodPost, public + "/" + webService + "GetMe", json, http.StatusUnauthorized},
		{"a call that is not", http.MethodPost, public + "/" + webService + "Nothing", json, http.StatusNotImplemented},
		{"another site", http.MethodPost, public + "/" + webService + "Logout", cross, http.StatusForbidden},
		{"a GET of a call", http.MethodGet, public + "/" + webService + "GetMe", json, http.StatusMethodNotAllowed},
		{"a call of an agent", http.MethodPost, public + "/grpc.service.pipedservice.PipedService/ReportStat", json, http.StatusUnauthorized},
		{"the operators' health", http.MethodGet, admin + "/healthz", nil, http.StatusOK},
		{"metrics", http.MethodGet, admin + "/metrics", nil, http.StatusOK},
		{"the index of profiles", http.MethodGet, admin + "/debug/pprof/", html, http.StatusOK},
		{"another site's page at the operators' port", http.MethodGet, admin + "/debug/pprof/", http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, c.url, bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != nil {
			r.Header = c.header.Clone()
		}
		resp := w.do(r)
		if resp.StatusCode != c.status {
			t.Errorf("%s: %s, want %d", c.what, resp.Status, c.status)
		}
		wantSecured(t, c.what, resp.Header, strings.HasSuffix(c.url, "index.js"))
	}
}

// wantSecured checks the headers of an answer, which browsers may keep for ever or
// not.
func wantSecured(t *testing.T, what string, h http.Header, immutable bool) {
	t.Helper()
	policy := h.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("%s: the policy %q lacks %s", what, policy, part)
		}
	}
	if strings.Contains(policy, "script-src") && !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe-eval") {
		t.Errorf("%s: the policy is %q", what, policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
	if cache := h.Get("Cache-Control"); h.Get("Referrer-Policy") == "" || cache == "" || strings.Contains(cache, "immutable") != immutable {
		t.Errorf("%s: Referrer-Policy %q, Cache-Control %q", what, h.Get("Referrer-Policy"), cache)
	}
	if h.Get("Server") != "" || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s: %v", what, h)
	}
}
