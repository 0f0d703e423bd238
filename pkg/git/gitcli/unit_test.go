package gitcli

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	about := subject{
		repo: git.Repository{ID: "infra", Remote: "git@git.example.com:org/infra.git", Branch: "main"},
		key:  "/etc/piped/key", knownHosts: "/data/known_hosts",
	}
	tests := map[string]struct {
		stderr   string
		code     model.Code
		sentence string
		damaged  bool
	}{
		"dns ssh":        {"ssh: Could not resolve hostname git.example.com: Name or service not known\nfatal: Could not read from remote repository.", model.CodeUnavailable, "git.example.com of repository \"infra\" cannot be found", false},
		"dns https":      {"fatal: unable to access 'https://x/': Could not resolve host: x", model.CodeUnavailable, "cannot be found", false},
		"refused":        {"ssh: connect to host x port 22: Connection refused\nfatal: Could not read from remote repository.", model.CodeUnavailable, "cannot be reached", false},
		"server error":   {"fatal: unable to access 'https://x/': The requested URL returned error: 503", model.CodeUnavailable, "cannot be reached", false},
		"rate":           {"fatal: unable to access 'https://x/': The requested URL returned error: 429", model.CodeUnavailable, "cannot be reached", false},
		"public key":     {"git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.", model.CodePermissionDenied, "git.example.com refused the SSH key (/etc/piped/key)", false},
		"password":       {"remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://x/'", model.CodePermissionDenied, "git.password", false},
		"github missing": {"remote: Repository not found.\nfatal: repository 'https://x/' not found", model.CodeNotFound, "does not exist at git@git.example.com:org/infra.git", false},
		"github ssh":     {"ERROR: Repository not found.\nfatal: Could not read from remote repository.", model.CodeNotFound, "does not exist", false},
		"branch":         {"fatal: couldn't find remote ref refs/heads/main", model.CodeNotFound, "branch \"main\" does not exist in repository \"infra\"", false},
		"changed key":    {"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", model.CodeFailedPrecondition, "/data/known_hosts", false},
		"unknown key":    {"No ED25519 host key is known for x and you have requested strict checking.\nHost key verification failed.", model.CodeFailedPrecondition, "is not in /data/known_hosts", false},
		"no ssh":         {"error: cannot run ssh: No such file or directory\nfatal: unable to fork", model.CodeFailedPrecondition, "install an SSH client", false},
		"disk":           {"fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output", model.CodeExhausted, "make room", false},
		"lock":           {"error: cannot lock ref 'refs/x': Unable to create '/d/x.lock': File exists.", model.CodeUnavailable, "damaged", true},
		"corrupt":        {"error: object file /d/objects/aa/bb is empty\nfatal: loose object aabb is corrupt", model.CodeUnavailable, "damaged", true},
		"remote corrupt": {"remote: fatal: loose object aabb is corrupt\nfatal: the remote end hung up unexpectedly", model.CodeUnavailable, "cannot be reached", false},
		"novel":          {"fatal: the moon is in the wrong phase", model.CodeUnavailable, "moon", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := explain(&processError{verb: "fetch", stderr: tt.stderr, err: errors.New("exit status 128")}, about, "fetching")
			if model.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.sentence) {
				t.Errorf("explain() = %v (%s), want code %s and %q", err, model.CodeOf(err), tt.code, tt.sentence)
			}
			if errors.Is(err, errDamaged) != tt.damaged {
				t.Errorf("explain() = %v, damage to the mirror: want %v", err, tt.damaged)
			}
		})
	}
}

func TestCleanRedacts(t *testing.T) {
	t.Parallel()
	a := &access{}
	target := a.target("https://me:p%40ss%20word@host/r")
	if strings.Contains(target.url, "p%40ss") || strings.Contains(strings.Join(target.args, " "), "p@ss") {
		t.Errorf("the password is on the command line: %+v", target)
	}
	got := clean("fatal: p@ss word p%40ss+word p%40ss%20word bWU6cEBzcyB3b3Jk \x1b[31mred", target.secrets)
	if want := "fatal: xxxxx xxxxx xxxxx xxxxx [31mred"; got != want {
		t.Errorf("clean() = %q, want %q", got, want)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options Options
		code    model.Code
	}{
		"no directory":         {Options{}, model.CodeInvalid},
		"key twice":            {Options{Dir: t.TempDir(), SSHKeyFile: "x", SSHKeyData: []byte("y")}, model.CodeInvalid},
		"not a key":            {Options{Dir: t.TempDir(), SSHKeyData: []byte("y")}, model.CodeInvalid},
		"missing key":          {Options{Dir: t.TempDir(), SSHKeyFile: "/nonexistent/key"}, model.CodeFailedPrecondition},
		"password alone":       {Options{Dir: t.TempDir(), Password: "p"}, model.CodeInvalid},
		"alias and config":     {Options{Dir: t.TempDir(), SSHConfigFile: "/x", SSHHost: "a", SSHHostName: "b"}, model.CodeInvalid},
		"alias with line ends": {Options{Dir: t.TempDir(), SSHHost: "a\nProxyCommand x", SSHHostName: "b"}, model.CodeInvalid},
		"no git":               {Options{Dir: t.TempDir(), GitBinary: "no-such-git"}, model.CodeFailedPrecondition},
	}
	for name, tt := range tests {
		if _, err := New(tt.options); err == nil || model.CodeOf(err) != tt.code {
			t.Errorf("%s: New() error %v, want code %s", name, err, tt.code)
		}
	}
}

func TestParsePerson(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		name string
		unix int64 // -1 is the zero time
	}{
		"Ada Developer <a@b> 1700000000 +0900": {"Ada Developer", 1700000000},
		"A > B <a@b> 1700000000 -0000":         {"A > B", 1700000000},
		"A <a@b>> 1700000000 +0000":            {"A", 1700000000},
		"<> 1 +0000":                           {"", 1},
		"A <a@b>":                              {"A", -1},
		"A <a@b> x":                            {"A", -1},
		"A <a@b> 99999999999999999 +0000":      {"A", -1},
		"":                                     {"", -1},
	}
	for in, want := range tests {
		name, at := parsePerson(in)
		if name != want.name || at.IsZero() != (want.unix < 0) || !at.IsZero() && at.Unix() != want.unix {
			t.Errorf("parsePerson(%q) = %q, %v", in, name, at)
		}
	}
}

func TestParseTree(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("\x01", 20)
	good := "40000 dir\x00" + hash + "100755 run me\x00" + hash + "160000 mod\x00" + hash
	entries, err := parseTree([]byte(good), 20)
	hexed := hex.EncodeToString([]byte(hash))
	want := []treeEntry{{"dir", modeTree, hexed}, {"run me", 0o100755, hexed}, {"mod", modeSubmodule, hexed}}
	if diff := cmp.Diff(want, entries, cmp.AllowUnexported(treeEntry{})); err != nil || diff != "" {
		t.Errorf("parseTree: %v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{
		"x", "100644 f\x00short", "100644 \x00" + hash, "100644 ..\x00" + hash, "100644 .\x00" + hash, "100644 a/b\x00" + hash,
		"100644f\x00" + hash, "9 f\x00" + hash, "77777777 f\x00" + hash, good[:len(good)-1],
	} {
		if _, err := parseTree([]byte(bad), 20); !errors.Is(err, errMalformed) {
			t.Errorf("parseTree(%q) error %v, want errMalformed", bad, err)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	hash := strings.Repeat("\x01", 20)
	f.Add([]byte("40000 dir\x00" + hash + "100644 f\x00" + hash))
	f.Add([]byte("100644 a/b\x00" + hash))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, size := range []int{20, 32} {
			entries, err := parseTree(data, size)
			if err != nil {
				continue
			}
			for _, e := range entries {
				if len(e.hash) != 2*size || e.name == "" || e.name == "." || e.name == ".." || strings.ContainsAny(e.name, "/\x00") {
					t.Errorf("parseTree(%q) accepted %+v", data, e)
				}
			}
		}
	})
}

func FuzzParseCommit(f *testing.F) {
	f.Add([]byte("tree " + strings.Repeat("a", 40) + "\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n\nmessage\n"))
	f.Add([]byte("tree x\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		commit, tree, err := parseCommit(data)
		if err != nil {
			return
		}
		if !git.ValidHash(tree) || len(commit.Message) > maxMessage || strings.ToValidUTF8(commit.Message+commit.Author, "") != commit.Message+commit.Author {
			t.Errorf("parseCommit(%q) = %+v, %q", data, commit, tree)
		}
		if _, err := commit.CreatedAt.MarshalJSON(); err != nil {
			t.Errorf("parseCommit(%q) has a time without a form: %v", data, err)
		}
	})
}

// TestChangedPathsOfBomb: a tree that holds itself many times over ends in an
// error instead of a walk without end.
func TestChangedPathsOfBomb(t *testing.T) {
	t.Parallel()
	load := func(context.Context, string) ([]treeEntry, error) {
		return []treeEntry{{"d", modeTree, "t"}, {"f", modeFile, "b"}}, nil
	}
	if _, err := changedPaths(t.Context(), load, "", "t"); model.CodeOf(err) != model.CodeExhausted {
		t.Errorf("changedPaths of a bottomless tree: %v, want exhausted", err)
	}
}

// newFlights returns flights whose runs block until a value is sent on gate.
func newFlights(ctx context.Context, gate chan error) (shared *flights, runs *int) {
	runs = new(int)
	shared = &flights{
		ctx:   ctx,
		spawn: func(f func()) bool { go f(); return true },
		work: func(ctx context.Context) error {
			*runs++
			select {
			case err := <-gate:
				return err
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		},
	}
	return shared, runs
}

func TestFlightsShareTheNextRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan error)
		shared, runs := newFlights(t.Context(), gate)
		failed := errors.New("second run")
		var first, later sync.WaitGroup
		first.Go(func() {
			if err := shared.join(t.Context()); err != nil {
				t.Errorf("the first caller got %v", err)
			}
		})
		synctest.Wait()
		for range 5 {
			later.Go(func() {
				if err := shared.join(t.Context()); !errors.Is(err, failed) {
					t.Errorf("a caller during the first run got %v, want the second run's error", err)
				}
			})
		}
		synctest.Wait()
		gate <- nil
		first.Wait()
		gate <- failed
		later.Wait()
		if *runs != 2 {
			t.Errorf("%d runs for 6 callers, want 2", *runs)
		}
	})
}

func TestFlightsStopWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan error)
		shared, runs := newFlights(t.Context(), gate)
		impatient := errors.New("impatient")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, impatient)
		defer cancel()
		var callers sync.WaitGroup
		for range 2 {
			callers.Go(func() {
				if err := shared.join(ctx); !errors.Is(err, impatient) {
					t.Errorf("a caller that gave up got %v", err)
				}
			})
			synctest.Wait()
		}
		callers.Wait()
		synctest.Wait() // the abandoned runs end by themselves
		callers.Go(func() {
			if err := shared.join(t.Context()); err != nil {
				t.Errorf("a caller after abandoned runs got %v", err)
			}
		})
		gate <- nil
		callers.Wait()
		if *runs < 2 {
			t.Errorf("%d runs, want the abandoned ones and one more", *runs)
		}
	})
}
