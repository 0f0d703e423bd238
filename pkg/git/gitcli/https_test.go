package gitcli_test

import (
	"crypto/subtle"
	"encoding/pem"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

const (
	webUser     = "deployer"
	webPassword = "p@ss:w/ord 100%'\"$(id)"
)

// webServer serves every repository below / by its absolute path, over TLS and
// to one user.
type webServer struct {
	url      string // with a trailing slash missing, as paths begin with one
	caFile   string
	requests atomic.Int64
}

func startWeb(t *testing.T) *webServer {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	if err != nil {
		t.Skipf("no git on this machine: %v", err)
	}
	backend, err := exec.LookPath(filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"))
	if err != nil {
		t.Skipf("git on this machine has no http-backend: %v", err)
	}
	handler := &cgi.Handler{Path: backend, Env: []string{
		"GIT_PROJECT_ROOT=/", "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	}}
	s := &webServer{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		name, password, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(name+"\n"+password), []byte(webUser+"\n"+webPassword)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		if protocol := r.Header.Get("Git-Protocol"); protocol != "" {
			h := *handler
			h.Env = append(append([]string{}, h.Env...), "GIT_PROTOCOL="+protocol)
			h.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	s.caFile = filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, s.caFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), 0o644)
	return s
}

func (s *webServer) options() gitcli.Options {
	return gitcli.Options{CAFile: s.caFile, Username: webUser, Password: webPassword}
}

func TestTransferHTTPS(t *testing.T) {
	t.Parallel()
	server := startWeb(t)
	gittest.RunTransfer(t, func(t *testing.T) gittest.Harness {
		t.Helper()
		bare := gittest.NewBare(t)
		return harness(t, bare, server.url+bare.Path, server.options())
	})
}

func TestHTTPSErrors(t *testing.T) {
	t.Parallel()
	server := startWeb(t)
	bare := gittest.NewBare(t)
	want := bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	remote := server.url + bare.Path
	wrong, none, untrusted, inURL := server.options(), server.options(), server.options(), server.options()
	wrong.Password = "wrong-" + webPassword
	none.Username, none.Password = "", ""
	untrusted.CAFile = ""
	inURL.Username, inURL.Password = "", ""
	tests := map[string]struct {
		options  gitcli.Options
		remote   string
		code     model.Code // "" is success
		sentence string
	}{
		"password":        {server.options(), remote, "", ""},
		"password in URL": {inURL, strings.Replace(remote, "https://", "https://deployer:p%40ss%3Aw%2Ford%20100%25'%22$(id)@", 1), "", ""},
		"wrong password":  {wrong, remote, model.CodePermissionDenied, "git.password"},
		"wrong in URL":    {inURL, strings.Replace(remote, "https://", "https://deployer:wrong-secret@", 1), model.CodePermissionDenied, "git.password"},
		"no password":     {none, remote, model.CodePermissionDenied, "git.password"},
		"no certificate":  {untrusted, remote, model.CodeFailedPrecondition, "TLS certificate"},
		"no repository":   {server.options(), remote + ".none", model.CodeNotFound, remote + ".none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := open(t, tt.options)
			got, err := src.Head(t.Context(), git.Repository{ID: "web", Remote: tt.remote, Branch: "main"})
			if tt.code == "" && (err != nil || got != want) {
				t.Fatalf("Head() = %q, %v; want %s", got, err, want)
			}
			if tt.code == "" {
				return
			}
			if err == nil || model.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.sentence) {
				t.Fatalf("Head() error %v, want code %s and %q", err, tt.code, tt.sentence)
			}
			if strings.Contains(err.Error(), webPassword) || strings.Contains(err.Error(), "wrong-") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// TestHTTPSRedirect: a redirect to another host gets no password.
func TestHTTPSRedirect(t *testing.T) {
	t.Parallel()
	server := startWeb(t)
	bare := gittest.NewBare(t)
	bare.Commit(t, "main", gittest.Change{Write: map[string]string{"f": "1"}})
	var leaked atomic.Bool
	thief := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Store(true)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="thief"`)
		http.Error(w, "your password, please", http.StatusUnauthorized)
	}))
	t.Cleanup(thief.Close)
	front := httptest.NewTLSServer(http.RedirectHandler(thief.URL+bare.Path+"/info/refs?service=git-upload-pack", http.StatusFound))
	t.Cleanup(front.Close)
	src := open(t, server.options())
	_, err := src.Head(t.Context(), git.Repository{ID: "web", Remote: front.URL + bare.Path, Branch: "main"})
	if model.CodeOf(err) != model.CodePermissionDenied {
		t.Errorf("Head through a redirect: %v, want permission_denied", err)
	}
	if leaked.Load() {
		t.Error("the password went to the host of the redirect")
	}
}
