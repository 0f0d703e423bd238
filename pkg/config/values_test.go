package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pipecd/pkg/model"
)

// decodeText decodes one value as if it stood in a document.
func decodeText(t *testing.T, text string, target any) Problems {
	t.Helper()
	c := &collector{file: "f"}
	root := parse(c, []byte("v: "+text))
	if root == nil {
		t.Fatalf("%s: %v", text, c.sorted())
	}
	d := newDocument(c)
	d.decode(root.child("v"), reflect.ValueOf(target).Elem(), "v")
	return c.sorted()
}

func TestDuration(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		text string
		want time.Duration
		says string
	}{
		{"30s", 30 * time.Second, ""},
		{"1h30m", 90 * time.Minute, ""},
		{`" 5m "`, 5 * time.Minute, ""},
		{"60000000000", time.Minute, ""},
		{"6e10", time.Minute, ""},
		{"0", 0, ""},
		{"1000000", time.Millisecond, ""},
		{"999999", 999999, "a number without a unit is nanoseconds"},
		{"60", 60, "write 60s for seconds"},
		{`"60"`, 0, "add a unit: 60s or 60m"},
		{"-1s", 0, "not negative"},
		{"-5", 0, "not negative"},
		{"1.5", 0, "expected a duration"},
		{"1e300", 0, "expected a duration"},
		{".nan", 0, "expected a duration"},
		{".inf", 0, "expected a duration"},
		{"soon", 0, "expected a duration"},
		{"true", 0, "expected a duration"},
		{"[1s]", 0, "expected a duration"},
		{"9999999999999h", 0, "expected a duration"},
	} {
		var got Duration
		ps := decodeText(t, tc.text, &got)
		if got.Std() != tc.want || !strings.Contains(ps.Error(), tc.says) || (tc.says == "") != (len(ps) == 0) {
			t.Errorf("%s: got %s and %q, want %s and %q", tc.text, got, ps.Error(), tc.want, tc.says)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]Percent{"10": 10, `"10"`: 10, "10%": 10, `"10%"`: 10, "0": 0, "-5": -5, "120": 120, "30.0": 30, "3e1": 30} {
		got := Percent(-1)
		if ps := decodeText(t, text, &got); len(ps) > 0 || got != want {
			t.Errorf("%s: got %d, want %d; %v", text, got, want, ps)
		}
	}
	for _, text := range []string{"10.5", "ten", `""`, `"%"`, "10%%", "true", "{a: b}", "[10]", "99999999999", ".inf", "0x1F"} {
		var got Percent
		if ps := decodeText(t, text, &got); ps.Err() == nil || got != 0 {
			t.Errorf("%s: got %d without an error", text, got)
		}
	}
	if s := Percent(20).String(); s != "20%" {
		t.Errorf("got %s", s)
	}
}

// TestSecret looks for a secret in everything that can be made of it.
func TestSecret(t *testing.T) {
	t.Parallel()

	const word = "hunter2"
	holder := struct{ Key Secret }{Key: word}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).InfoContext(t.Context(), "m", slog.Any("key", holder.Key))
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		fmt.Sprint(holder), fmt.Sprintf("%+v", holder), fmt.Sprintf("%#v", holder), fmt.Sprintf("%q", holder.Key), string(encoded), log.String(),
	} {
		if strings.Contains(s, word) || !strings.Contains(s, masked) {
			t.Errorf("shown as %s", s)
		}
	}
	if holder.Key.Reveal() != word || Secret("").String() != "" {
		t.Error("the secret itself cannot be had, or no secret looks like one")
	}
	for _, doc := range []string{
		"spec: {pipedKeyData: hunter2!, git: {password: hunter2!, sshKeyData: hunter2!}}",
		"spec: {secretManagement: {type: KEY_PAIR, config: {privateKeyData: hunter2!}}, notifications: {receivers: [{slack: {hookURL: [hunter2]}}]}}",
		"spec: {analysisProviders: [{name: a, type: DATADOG, config: {apiKeyData: hunter2!, applicationKeyData: {hunter2: 1}}}]}",
	} {
		_, ps := LoadPiped("f", []byte("apiVersion: pipecd.dev/v1beta1\nkind: Piped\n"+doc))
		if ps.Err() == nil || strings.Contains(ps.Error(), "hunter2!") {
			t.Errorf("no error, or the secret is in it: %s", ps.Error())
		}
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()

	p, ps := LoadPiped("piped.yaml", read(t, "full", "piped.yaml"))
	if err := ps.Err(); err != nil {
		t.Fatal(err)
	}
	out, err := p.Masked()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		"cGlwZWQta2V5", "Z2l0LXBhc3N3b3Jk", "url-password", "chart-password", "registry-password", "other-secret", "YXBpLWtleQ", "YXBwLWtleQ",
		"slack-hook", "b2F1dGgtdG9rZW4", "plain-oauth-token", "web-hook", "signature-secret", "cHJpdmF0ZQ",
	} {
		if !bytes.Contains(read(t, "full", "piped.yaml"), []byte(secret)) {
			t.Errorf("the document has no %s to hide", secret)
		}
		if bytes.Contains(out, []byte(secret)) {
			t.Errorf("%s is shown", secret)
		}
	}
	for _, shown := range []string{
		"projectID: quickstart", "region: eu-west-1", "apiKeyFile: /etc/datadog-api-key", "git.example.com/apps.git", "publicKeyData: cHVibGlj", "syncInterval: 2m0s",
	} {
		if !bytes.Contains(out, []byte(shown)) {
			t.Errorf("%s is not shown in\n%s", shown, out)
		}
	}
	if p.Repositories[0].Remote != "https://deployer:url-password@git.example.com/apps.git" {
		t.Errorf("the configuration itself was changed: %s", p.Repositories[0].Remote)
	}
	_, ps = LoadPiped("masked.yaml", bytes.ReplaceAll(out, []byte(masked), []byte("YXBp")))
	if err := ps.Err(); err != nil {
		t.Errorf("the masked document does not load:\n%v", err)
	}
}

func TestMaskAddress(t *testing.T) {
	t.Parallel()

	for in, want := range map[string]string{
		"git@github.com:a/b.git":            "git@github.com:a/b.git",
		"ssh://git@github.com/a/b.git":      "ssh://git@github.com/a/b.git",
		"https://github.com/a/b.git":        "https://github.com/a/b.git",
		"https://token@github.com/a/b.git":  "https://******@github.com/a/b.git",
		"https://u:p@github.com/a/b.git":    "https://******@github.com/a/b.git",
		"https://u:p@ss%zz@github.com/a.gi": "https://******@github.com/a.gi",
		"file:///srv/git/a.git":             "file:///srv/git/a.git",
	} {
		if got := maskAddress(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, make([]byte, MaxBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path, want string
		code       model.Code
	}{
		{filepath.Join(dir, "none.yaml"), "none.yaml: the file does not exist", model.CodeNotFound},
		{dir, "expected a file, found a directory", model.CodeInvalid},
		{large, "large.yaml: the file is larger than 1048576 bytes", model.CodeInvalid},
	} {
		_, err := ReadFile(tc.path)
		if model.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", tc.path, err)
		}
		if p, ps := ReadPipedFile(tc.path); p != nil || !strings.Contains(ps.Error(), tc.want) {
			t.Errorf("%s: got %v", tc.path, ps)
		}
	}
	if p, ps := ReadPipedFile("testdata/full/piped.yaml"); p == nil || ps.Err() != nil {
		t.Errorf("the full file: %v", ps)
	}
	if cp, ps := ReadControlPlaneFile("testdata/user/control-plane.yaml"); cp == nil || len(ps) > 0 {
		t.Errorf("the user's file: %v", ps)
	}
	fsys := fstest.MapFS{"a/app.pipecd.yaml": {Data: []byte("a")}, "link": {Mode: os.ModeNamedPipe}}
	if data, err := ReadFS(fsys, "a/app.pipecd.yaml"); err != nil || string(data) != "a" {
		t.Errorf("got %q, %v", data, err)
	}
	for name, want := range map[string]string{"a": "found a directory", "link": "found a special file", "b": "does not exist"} {
		if _, err := ReadFS(fsys, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
