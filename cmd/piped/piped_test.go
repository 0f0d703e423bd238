package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"pipecd/cmd/commandline"
	"pipecd/pkg/version"
)

// asProcess makes the test's program the agent itself.
const asProcess = "PIPED_TEST_AS_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asProcess) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// result is what a command did.
type result struct {
	code     int
	out, err string
}

func try(ctx context.Context, args ...string) result {
	var out, errOut bytes.Buffer
	code := execute(ctx, args, &out, &errOut)
	return result{code: code, out: out.String(), err: errOut.String()}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// files writes a configuration with the keys it names, for a control plane at
// the address.
func files(t *testing.T, address string) (dir, configFile string) {
	t.Helper()
	dir = t.TempDir()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "piped-key", "the-piped-key\n")
	write(t, dir, "ssh-key", string(pem.EncodeToMemory(block)))
	write(t, dir, "datadog-key", "the-datadog-key")
	write(t, dir, "credentials", "[default]\naws_access_key_id = the-id\naws_secret_access_key = the-aws-secret\n")
	return dir, write(t, dir, "piped.yaml", strings.ReplaceAll(`apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: quickstart
  pipedID: piped-1
  pipedKeyFile: DIR/piped-key
  apiAddress: `+address+`
  git: {sshKeyFile: DIR/ssh-key}
  platformProviders:
    - {name: ecs, type: ECS, config: {region: eu-west-1, credentialsFile: DIR/credentials}}
  analysisProviders:
    - {name: datadog, type: DATADOG, config: {apiKeyFile: DIR/datadog-key, applicationKeyFile: DIR/datadog-key}}
`, "DIR", dir))
}

// commandLine is a command line and what is expected of it.
type commandLine struct {
	line    string
	code    int
	out     []string // on standard output
	problem []string // on standard error
}

func TestCommandLine(t *testing.T) {
	t.Parallel()

	dir, good := files(t, "127.0.0.1:1")
	for _, tc := range []commandLine{
		{"", exitOK, []string{"Usage:", "Examples:", "--config-file=piped.yaml", "completion", "run "}, nil},
		{"--help", exitOK, []string{"Examples:", "--config-file=piped.yaml"}, nil},
		{"help run", exitOK, []string{"Examples:", "--config-file=piped.yaml --insecure", "--grace-period"}, nil},
		{"run --help", exitOK, []string{"Examples:", "--config-file=piped.yaml --insecure"}, nil},
		{"piped --help", exitOK, []string{"piped run", "Examples:"}, nil},
		{"version", exitOK, []string{version.Long() + "\n"}, nil},
		{"--version", exitOK, []string{version.Long() + "\n"}, nil},
		{"completion bash", exitOK, []string{"__start_piped"}, nil},
		{"completion zsh", exitOK, []string{"#compdef piped"}, nil},
		{"completion fish", exitOK, []string{"complete -c piped"}, nil},
		{"__complete run --log-level ", exitOK, []string{"debug\ninfo\nwarn\nerror\n"}, nil},
		{"__complete run --config-file ", exitOK, []string{"yaml\nyml\njson\n"}, nil},
		{"-v", exitOK, []string{version.Long() + "\n"}, nil},
		{"__complete r", exitOK, []string{"run\t"}, nil},

		{"rum", exitUsage, nil, []string{`Error: unknown command "rum", did you mean run; see ` + "`piped --help`"}},
		{"zzz", exitUsage, nil, []string{`Error: unknown command "zzz"; see`}},
		{"version now", exitUsage, nil, []string{`unexpected argument "now"; see ` + "`piped version --help`"}},
		{"run now", exitUsage, nil, []string{`unexpected argument "now"`}},
		{"run --confg-file=x", exitUsage, nil, []string{"unknown flag: --confg-file, did you mean --config-file; see `piped run --help`"}},
		{"run --zzzzzz", exitUsage, nil, []string{"unknown flag: --zzzzzz; see"}},
		{"run --tool-dir=x", exitUsage, nil, []string{"unknown flag: --tool-dir; see"}},
		{"run --admin-port=many", exitUsage, nil, []string{`--admin-port is "many"; it must be a port from 0 to 65535; see ` + "`piped run --help`"}},
		{"run", exitUsage, nil, []string{"no configuration: give --config-file"}},
		{"run --config-file=a --config-data=b", exitUsage, nil, []string{"not both"}},
		{"run --config-data=***", exitUsage, nil, []string{"--config-data is not base64"}},
		{"run --config-file=" + dir + "/none.yaml", exitUsage, nil, []string{dir + "/none.yaml: the file does not exist"}},
		{"run --config-file=" + dir, exitUsage, nil, []string{"expected a file, found a directory"}},
		{"run --config-file=" + good + " --log-level=loud", exitUsage, nil, []string{"--log-level: expected debug, info, warn or error"}},
	} {
		t.Run(tc.line, func(t *testing.T) {
			t.Parallel()
			tc.check(t)
		})
	}
}

// check runs the command line.
func (tc commandLine) check(t *testing.T) {
	t.Helper()
	args := strings.Fields(tc.line)
	if strings.HasSuffix(tc.line, " ") {
		args = append(args, "")
	}
	r := try(t.Context(), args...)
	if r.code != tc.code {
		t.Errorf("exit code %d, want %d", r.code, tc.code)
	}
	for _, want := range tc.out {
		if !strings.Contains(r.out, want) {
			t.Errorf("standard output %q, want it to have %q", r.out, want)
		}
	}
	for _, want := range tc.problem {
		if !strings.Contains(r.err, want) {
			t.Errorf("standard error %q, want it to have %q", r.err, want)
		}
	}
	if tc.code != exitOK && (r.out != "" || strings.Count(r.err, "\n") != 1) {
		t.Errorf("expected one line on standard error alone, got %q and %q", r.out, r.err)
	}
	if strings.Contains(r.out+r.err, "\x1b") {
		t.Error("there are colours, and this is no terminal")
	}
}

// TestWrongConfiguration: everything that is wrong is told at once, with its
// place, and no secret with it.
func TestWrongConfiguration(t *testing.T) {
	t.Parallel()

	dir, good := files(t, "pipecd:8080")
	write(t, dir, "datadog-key", " \n")
	write(t, dir, "known_hosts", "")
	if err := os.Remove(filepath.Join(dir, "credentials")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "piped-key"), 0o644); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(data), "  git: {", "  syncIntervall: 1m\n  git: {knownHostsFile: "+dir+"/known_hosts, ", 1)
	want := strings.ReplaceAll(`FILE:8:3: spec.syncIntervall: unknown field (did you mean syncInterval?)
FILE:9:25: spec.git.knownHostsFile: the file "DIR/known_hosts" is empty
FILE:11:75: spec.platformProviders[0].config.credentialsFile: the file "DIR/credentials" does not exist (correct the path, or put the file there)
FILE:13:59: spec.analysisProviders[0].config.apiKeyFile: the file "DIR/datadog-key" is empty
`, "DIR", dir)
	for name, flag := range map[string]string{
		write(t, dir, "bad.yaml", bad): "--config-file=" + filepath.Join(dir, "bad.yaml"),
		"--config-data":                "--config-data=" + base64.StdEncoding.EncodeToString([]byte(bad)),
	} {
		r := try(t.Context(), "run", flag)
		// A warning comes before the errors.
		logged, problems, _ := strings.Cut(r.err, "\n")
		if !strings.Contains(logged, "every user of this machine can read the secret in") || !strings.HasPrefix(logged, name+":6:17: warning: spec.pipedKeyFile: ") {
			t.Errorf("%s: no warning about the open key: %s", name, logged)
		}
		if r.code != exitUsage || !strings.HasPrefix(problems, strings.ReplaceAll(want, "FILE", name)) || strings.Count(problems, "\n") != 5 || !strings.Contains(problems, "applicationKeyFile") {
			t.Errorf("%s: exit code %d\ngot:\n%s\nwant:\n%s", name, r.code, problems, strings.ReplaceAll(want, "FILE", name))
		}
		if strings.Contains(r.err, "the-piped-key") {
			t.Errorf("%s: the key is shown", name)
		}
	}
}

// TestWrongValues: what only its user can find wrong with a value is wrong
// configuration too, and has its place.
func TestWrongValues(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct{ file, text, old, new, want string }{
		"no SSH key": {file: "ssh-key", text: "the-secret", want: "piped.yaml:8:21: spec.git.sshKeyFile: the SSH key file DIR/ssh-key is not a private key"},
		"no profile": {
			file: "credentials", text: "[default]\n", old: "region: eu-west-1", new: "region: eu-west-1, profile: no-such-profile",
			want: `piped.yaml:10:67: spec.platformProviders[0].config.profile: the AWS profile "no-such-profile" is neither in DIR/credentials nor in`,
		},
		"an id with a space": {old: "pipedID: piped-1", new: "pipedID: piped 1", want: "piped.yaml:5:12: spec.pipedID: the id must not contain spaces"},
		"a project with a comma": {
			old: "projectID: quickstart", new: `projectID: "a,b"`, want: "piped.yaml:4:14: spec.projectID: the id must not contain spaces, commas",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir, configFile := files(t, "127.0.0.1:1")
			if tc.file != "" {
				write(t, dir, tc.file, tc.text)
			}
			data, err := os.ReadFile(configFile)
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, "piped.yaml", strings.Replace(string(data), tc.old, tc.new, 1))
			r := try(t.Context(), "run", "--config-file="+configFile, "--data-dir="+filepath.Join(dir, "data"), "--admin-port=0", "--insecure")
			want := filepath.Join(dir, strings.ReplaceAll(tc.want, "DIR", dir))
			if r.code != exitUsage || !strings.HasPrefix(r.err, want) || strings.Contains(r.err, "the-secret") {
				t.Errorf("got %+v, want %s", r, want)
			}
		})
	}
}

// TestExamples: every command has an example.
func TestExamples(t *testing.T) {
	t.Parallel()

	root := newRootCommand(func() {})
	commandline.Finish(root)
	commands := 0
	commandline.Walk(root, func(c *cobra.Command) {
		commands++
		if !strings.Contains(c.Example, "piped ") {
			t.Errorf("%s has the example %q", c.CommandPath(), c.Example)
		}
	})
	if commands < 8 {
		t.Errorf("only %d commands were looked at", commands)
	}
}

// TestRun: with a good configuration the agent calls the control plane, and
// being told to stop is no failure.
func TestRun(t *testing.T) {
	t.Parallel()

	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
		stop()
	}()
	dir, configFile := files(t, l.Addr().String())
	r := try(ctx, "piped", "--config-file="+configFile, "--data-dir="+filepath.Join(dir, "data"), "--admin-port=0", "--insecure", "--cert-file=/x", "--tools-dir=/x", "--metrics")
	if r.code != exitOK || r.out != "" {
		t.Errorf("got %+v", r)
	}
	if n := strings.Count(r.err, "has no effect any more"); n != 2 {
		t.Errorf("%d flags of the past are told, want 2: %s", n, r.err)
	}
	if !strings.Contains(r.err, "--cert-file has no effect together with --insecure") {
		t.Errorf("nothing is said about --cert-file: %s", r.err)
	}
	for _, secret := range []string{"the-piped-key", "the-datadog-key", "the-aws-secret", "PRIVATE KEY", "\x1b"} {
		if strings.Contains(r.err, secret) {
			t.Errorf("%q is shown in %s", secret, r.err)
		}
	}
}

// TestProcess: what execute returns is what the process ends with.
func TestProcess(t *testing.T) {
	t.Parallel()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]int{"version": exitOK, "run --confg-file=x": exitUsage, "run --config-file=/does/not/exist": exitUsage} {
		cmd := exec.CommandContext(t.Context(), self, strings.Fields(line)...)
		cmd.Env = append(os.Environ(), asProcess+"=1")
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want || bytes.Contains(out, []byte("\x1b")) {
			t.Errorf("%s: exit code %d, want %d: %s, %v", line, got, want, out, err)
		}
	}
}
