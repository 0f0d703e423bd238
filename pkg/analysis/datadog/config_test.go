package datadog_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pipecd/pkg/analysis"
	"pipecd/pkg/analysis/datadog"
	"pipecd/pkg/model"
)

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"":                             "https://api.datadoghq.com/api/v1/query",
		"datadoghq.com":                "https://api.datadoghq.com/api/v1/query",
		"us5.datadoghq.com":            "https://api.us5.datadoghq.com/api/v1/query",
		" ap2.datadoghq.com ":          "https://api.ap2.datadoghq.com/api/v1/query",
		"Datadoghq.EU":                 "https://api.datadoghq.eu/api/v1/query",
		"app.datadoghq.com":            "https://api.datadoghq.com/api/v1/query",
		"api.ddog-gov.com":             "https://api.ddog-gov.com/api/v1/query",
		"http://127.0.0.1:1234":        "http://127.0.0.1:1234/api/v1/query",
		"http://127.0.0.1:1234/":       "http://127.0.0.1:1234/api/v1/query",
		"https://dd.example.com/a/b/":  "https://dd.example.com/a/b/api/v1/query",
		"https://[::1]:8443":           "https://[::1]:8443/api/v1/query",
		"datadoghq.com/path":           "",
		"127.0.0.1":                    "",
		"localhost:8080":               "",
		"localhost":                    "",
		"ftp://datadoghq.com":          "",
		"https://":                     "",
		"https://user:pw@datadoghq.eu": "",
		"https://datadoghq.com/?q=1":   "",
		"https://datadoghq.com/#x":     "",
		"data doghq.com":               "",
		"-.com":                        "",
		"http://[::1":                  "",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			var sent string
			provider, err := datadog.New(datadog.Config{
				Address: address, Keys: keys(t), Logger: slog.New(slog.DiscardHandler),
				HTTPClient: &http.Client{Transport: canned{
					status: http.StatusOK, body: strings.NewReader(`{"status":"ok","series":[]}`),
					sent: func(r *http.Request) { sent = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path },
				}},
			})
			if want == "" {
				if model.CodeOf(err) != model.CodeInvalid || strings.Contains(err.Error(), "pw") {
					t.Errorf("New: got %v, want code %s", err, model.CodeInvalid)
				}
				return
			}
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			if _, err := provider.Query(t.Context(), analysis.Query{Expr: expr, Window: window()}); err != nil {
				t.Fatalf("Query: %v", err)
			}
			if sent != want {
				t.Errorf("sent to %s, want %s", sent, want)
			}
		})
	}
}

func TestKeysFrom(t *testing.T) {
	t.Parallel()
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good, data := file(apiKey+"\r\n"), base64.StdEncoding.EncodeToString([]byte(appKey+"\n"))
	empty := file(" \n")
	for name, tt := range map[string]struct {
		source datadog.KeySource
		code   model.Code
		says   string
	}{
		"file and data":    {datadog.KeySource{APIKeyFile: good, ApplicationKeyData: data}, "", ""},
		"nothing":          {datadog.KeySource{}, model.CodeInvalid, "applicationKeyFile or applicationKeyData"},
		"one missing":      {datadog.KeySource{APIKeyFile: good}, model.CodeInvalid, "applicationKey"},
		"both ways":        {datadog.KeySource{APIKeyFile: good, APIKeyData: data, ApplicationKeyData: data}, model.CodeInvalid, "both apiKeyFile and apiKeyData"},
		"empty file":       {datadog.KeySource{APIKeyFile: empty, ApplicationKeyData: data}, model.CodeInvalid, empty},
		"absent file":      {datadog.KeySource{APIKeyFile: "/does/not/exist", ApplicationKeyData: data}, model.CodeNotFound, "/does/not/exist"},
		"a folder":         {datadog.KeySource{APIKeyFile: t.TempDir(), ApplicationKeyData: data}, model.CodeInvalid, "Datadog key"},
		"not base64":       {datadog.KeySource{APIKeyFile: good, ApplicationKeyData: "%%%" + appKey}, model.CodeInvalid, "applicationKeyData is not base64"},
		"empty data":       {datadog.KeySource{APIKeyFile: good, ApplicationKeyData: "Cg=="}, model.CodeInvalid, "applicationKeyData is empty"},
		"two lines":        {datadog.KeySource{APIKeyFile: file(apiKey + "\n" + appKey), ApplicationKeyData: data}, model.CodeInvalid, "white space"},
		"not a key":        {datadog.KeySource{APIKeyFile: file(strings.Repeat("x", 10000)), ApplicationKeyData: data}, model.CodeInvalid, "longer than"},
		"too short":        {datadog.KeySource{APIKeyFile: file("a\n"), ApplicationKeyData: data}, model.CodeInvalid, "holds only 1 characters"},
		"problems of both": {datadog.KeySource{APIKeyFile: empty}, model.CodeInvalid, "has no applicationKey"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := datadog.KeysFrom(tt.source)
			if model.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want code %q", err, tt.code)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), appKey) || strings.Contains(err.Error(), apiKey)) {
				t.Errorf("%q must say %q and no key", err, tt.says)
			}
			text, jsonErr := json.Marshal(got)
			if jsonErr != nil {
				t.Fatal(jsonErr)
			}
			for _, printed := range []string{fmt.Sprintf("%v %+v %#v %s", got, got, got, got), fmt.Sprintf("%+v", struct{ k datadog.Keys }{got}), string(text)} {
				if strings.Contains(printed, apiKey) || strings.Contains(printed, appKey) {
					t.Errorf("printing the keys shows them: %s", printed)
				}
			}
		})
	}
}

func TestKeysReachTheWire(t *testing.T) {
	t.Parallel()
	source := datadog.KeySource{
		APIKeyData:         base64.StdEncoding.EncodeToString([]byte(apiKey)),
		ApplicationKeyData: base64.StdEncoding.EncodeToString([]byte(" " + appKey + "\n")),
	}
	got, err := datadog.KeysFrom(source)
	if err != nil {
		t.Fatal(err)
	}
	var header http.Header
	provider, err := datadog.New(datadog.Config{Keys: got, Logger: slog.New(slog.DiscardHandler), HTTPClient: &http.Client{Transport: canned{
		status: http.StatusOK, body: strings.NewReader(`{"status":"ok","series":[]}`),
		sent: func(r *http.Request) { header = r.Header },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Query(t.Context(), analysis.Query{Expr: expr, Window: window()}); err != nil {
		t.Fatal(err)
	}
	if header.Get("Dd-Api-Key") != apiKey || header.Get("Dd-Application-Key") != appKey {
		t.Error("the keys did not arrive as written")
	}
}

func TestNewWithoutKeys(t *testing.T) {
	t.Parallel()
	if _, err := datadog.New(datadog.Config{Logger: slog.New(slog.DiscardHandler)}); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("got %v, want code %s", err, model.CodeInvalid)
	}
	if _, err := datadog.New(datadog.Config{Keys: keys(t)}); model.CodeOf(err) != model.CodeInvalid {
		t.Errorf("without a logger: got %v, want code %s", err, model.CodeInvalid)
	}
}

// TestRedirectsAreNotFollowed: the keys stay with the host they are meant for.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var hosts []string
	provider := newProvider(t, "", &http.Client{Transport: canned{
		status: http.StatusFound, header: http.Header{"Location": {"https://elsewhere.example/"}}, body: strings.NewReader(""),
		sent: func(r *http.Request) { hosts = append(hosts, r.URL.Host) },
	}})
	_, err := provider.Query(t.Context(), analysis.Query{Expr: expr, Window: window()})
	if model.CodeOf(err) != model.CodeInvalid || len(hosts) != 1 || hosts[0] != "api.datadoghq.com" {
		t.Errorf("got %v after requests to %v, want code %s after one", err, hosts, model.CodeInvalid)
	}
}
