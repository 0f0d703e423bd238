package gitcli_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"pipecd/pkg/git"
	"pipecd/pkg/git/gitcli"
	"pipecd/pkg/git/gittest"
	"pipecd/pkg/model"
)

// world is a mirror that has been fetched once.
type world struct {
	bare *gittest.Bare
	repo git.Repository
	dir  string
	src  *gitcli.Source
	hash string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{bare: gittest.NewBare(t), dir: t.TempDir()}
	w.repo = git.Repository{ID: "infra/repo", Remote: w.bare.Path, Branch: "main"}
	w.hash = w.bare.Commit(t, "main", gittest.Change{Write: map[string]string{"d/f": "1"}})
	w.src = open(t, gitcli.Options{Dir: w.dir})
	w.fetch(t)
	return w
}

func (w *world) fetch(t *testing.T) {
	t.Helper()
	if err := w.src.Fetch(t.Context(), w.repo); err != nil {
		t.Fatalf("Fetch: %v", err)
	}
}

func (w *world) restart(t *testing.T) {
	t.Helper()
	if err := w.src.Close(); err != nil {
		t.Fatal(err)
	}
	w.src = open(t, gitcli.Options{Dir: w.dir})
}

func (w *world) mirror(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(w.dir, "mirrors", "*.git"))
	if err != nil || len(found) != 1 {
		t.Fatalf("mirrors: %v, %v; want exactly one", found, err)
	}
	return found[0]
}

func (w *world) read(hash string) (string, error) {
	snap, err := w.src.Snapshot(context.Background(), w.repo, hash)
	if err != nil {
		return "", err
	}
	b, err := snap.ReadFile("d/f")
	return string(b), errors.Join(err, snap.Close())
}

// TestGarbageCollectionKeepsEveryTip: also a collector that takes everything
// it may leaves the commits of before a force push.
func TestGarbageCollectionKeepsEveryTip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bare.Commit(t, "main", gittest.Change{Orphan: true, Write: map[string]string{"d/f": "2"}})
	w.fetch(t)
	w.restart(t)
	cmd := exec.CommandContext(t.Context(), "git", "--git-dir="+w.mirror(t), "gc", "--quiet", "--prune=now")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git gc: %v: %s", err, out)
	}
	if got, err := w.read(w.hash); err != nil || got != "1" {
		t.Errorf("the old commit after a collection has d/f = %q, %v", got, err)
	}
}

// damages are what a kill or a power cut does to a mirror.
func damages() map[string]func(t *testing.T, mirror string) {
	return map[string]func(t *testing.T, mirror string){
		"stale locks": func(t *testing.T, mirror string) {
			t.Helper()
			ref := filepath.Join(mirror, "refs", "pipecd", "branches", "main.lock")
			for _, name := range []string{ref, filepath.Join(mirror, "packed-refs.lock"), filepath.Join(mirror, "config.lock"), filepath.Join(mirror, "shallow.lock")} {
				writeFile(t, name, "", 0o600)
			}
			writeFile(t, filepath.Join(mirror, "objects", "pack", "tmp_pack_abc"), "half", 0o600)
		},
		"empty objects": func(t *testing.T, mirror string) {
			t.Helper()
			eachObject(t, mirror, func(name string) { writeFile(t, name, "", 0o600) })
		},
		"lost objects": func(t *testing.T, mirror string) {
			t.Helper()
			eachObject(t, mirror, func(name string) { remove(t, name) })
		},
		"empty ref": func(t *testing.T, mirror string) {
			t.Helper()
			writeFile(t, filepath.Join(mirror, "refs", "pipecd", "branches", "main"), "", 0o600)
		},
		"no HEAD": func(t *testing.T, mirror string) {
			t.Helper()
			remove(t, filepath.Join(mirror, "HEAD"))
		},
		"garbage HEAD": func(t *testing.T, mirror string) {
			t.Helper()
			writeFile(t, filepath.Join(mirror, "HEAD"), "\x00\x00", 0o600)
		},
		"garbage config": func(t *testing.T, mirror string) {
			t.Helper()
			writeFile(t, filepath.Join(mirror, "config"), "[core\n", 0o600)
		},
		"killed while replacing": func(t *testing.T, mirror string) {
			t.Helper()
			if err := os.Rename(mirror, mirror+".old"); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(mirror+".new", 0o700); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// TestHeals damages a mirror in the ways a kill or a power cut does.
func TestHeals(t *testing.T) {
	t.Parallel()
	for name, damage := range damages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mirror := w.mirror(t)
			if err := w.src.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, mirror)
			w.src = open(t, gitcli.Options{Dir: w.dir})
			next := w.bare.Commit(t, "main", gittest.Change{Write: map[string]string{"d/f": "2"}})
			w.fetch(t)
			for hash, want := range map[string]string{w.hash: "1", next: "2"} {
				if got, err := w.read(hash); err != nil || got != want {
					t.Errorf("d/f after healing = %q, %v; want %q", got, err, want)
				}
			}
			if got := w.mirror(t); got != mirror {
				t.Errorf("mirror is %s, want %s", got, mirror)
			}
		})
	}
}

// TestHealsWhatAReadFound: damage deeper than a fetch looks is found by a read,
// reported as something to retry, and gone after the next fetch.
func TestHealsWhatAReadFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	blob := "56a6051ca2b02b04ef92d5150c9ef600403cb1de" // of "1"
	remove(t, filepath.Join(w.mirror(t), "objects", blob[:2], blob[2:]))
	if _, err := w.read(w.hash); model.CodeOf(err) != model.CodeUnavailable || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("reading a lost blob: %v, want unavailable and the word damaged", err)
	}
	w.fetch(t)
	if got, err := w.read(w.hash); err != nil || got != "1" {
		t.Errorf("d/f after the next fetch = %q, %v", got, err)
	}
}

// TestKeepsDamagedMirrorWhileRemoteIsAway: nothing is thrown away before its
// replacement is complete.
func TestKeepsDamagedMirrorWhileRemoteIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	writeFile(t, filepath.Join(w.mirror(t), "refs", "pipecd", "branches", "main"), "", 0o600)
	if err := os.Rename(w.bare.Path, w.bare.Path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := w.src.Fetch(t.Context(), w.repo); model.CodeOf(err) != model.CodeNotFound {
		t.Errorf("Fetch without a remote: %v, want not_found", err)
	}
	if got, err := w.read(w.hash); err != nil || got != "1" {
		t.Errorf("d/f of the damaged mirror = %q, %v", got, err)
	}
}

// TestReaderSurvivesItsProcess: a reader killed from outside is started anew.
func TestReaderSurvivesItsProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		if got, err := w.read(w.hash); err != nil || got != "1" {
			t.Fatalf("d/f = %q, %v", got, err)
		}
		for _, pid := range processesIn(t, w.dir) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// processesIn finds the processes whose working directory is dir.
func processesIn(t *testing.T, dir string) []int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(links) == 0 {
		t.Skip("this machine has no /proc")
	}
	var found []int
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && cwd == dir {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, pid)
		}
	}
	if len(found) == 0 {
		t.Fatal("no process of the reader was found")
	}
	return found
}

func TestChangedRemote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.mirror(t)
	w.restart(t)
	other := gittest.NewBare(t)
	w.repo.Remote = other.Path
	hash := other.Commit(t, "main", gittest.Change{Write: map[string]string{"d/f": "other"}})
	w.fetch(t)
	if got, err := w.read(hash); err != nil || got != "other" {
		t.Errorf("d/f = %q, %v", got, err)
	}
	if after := w.mirror(t); after == before {
		t.Error("the mirror of the former remote was used for the new one")
	}
}

func TestSecondProcessWaitsForTheMirror(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := open(t, gitcli.Options{Dir: w.dir})
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err := second.Commit(ctx, w.repo, w.hash)
	if err == nil || model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("Commit while another source owns the mirror: %v, want unavailable", err)
	}
	if err := w.src.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Commit(t.Context(), w.repo, w.hash); err != nil {
		t.Errorf("Commit after the other source was closed: %v", err)
	}
}

// TestCancelEndsTheProcess: a remote that never answers does not outlive the
// caller's patience.
func TestCancelEndsTheProcess(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan struct{})
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		close(accepted)
		_, _ = conn.Read(make([]byte, 1<<16)) // the request
		_, _ = conn.Read(make([]byte, 1))     // returns when git is gone
		_ = conn.Close()
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-served
	})
	src := open(t, gitcli.Options{})
	repo := git.Repository{ID: "slow", Remote: "http://" + listener.Addr().String() + "/repo", Branch: "main"}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the agent stops")
	go func() {
		<-accepted
		cancel(cause)
	}()
	if err := src.Fetch(ctx, repo); !errors.Is(err, cause) || model.CodeOf(err) != model.CodeUnavailable {
		t.Errorf("Fetch = %v, want unavailable with the cause", err)
	}
	<-served
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	src := open(t, gitcli.Options{})
	port := strconv.Itoa(gittest.FreePort(t))
	for remote, code := range map[string]model.Code{
		"http://127.0.0.1:" + port + "/r":  model.CodeUnavailable,
		"ssh://127.0.0.1:" + port + "/r":   model.CodeUnavailable,
		"https://no-such-host.invalid/r":   model.CodeUnavailable,
		"git@no-such-host.invalid:org/r":   model.CodeUnavailable,
		filepath.Join(t.TempDir(), "none"): model.CodeNotFound,
	} {
		_, err := src.Head(t.Context(), git.Repository{ID: "r", Remote: remote, Branch: "main"})
		if err == nil || model.CodeOf(err) != code || !strings.Contains(err.Error(), `"r"`) {
			t.Errorf("Head(%s) = %v, want code %s and the repository's id", remote, err, code)
		}
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	snap, err := w.src.Snapshot(t.Context(), w.repo, w.hash)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.src.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, headErr := w.src.Head(t.Context(), w.repo)
	_, commitErr := w.src.Commit(t.Context(), w.repo, w.hash)
	_, readErr := snap.ReadFile("d/f")
	for call, err := range map[string]error{
		"Head": headErr, "Commit": commitErr, "ReadFile": readErr, "Fetch": w.src.Fetch(t.Context(), w.repo),
	} {
		if err == nil || model.CodeOf(err) != model.CodeUnavailable {
			t.Errorf("%s of a closed source: %v, want unavailable", call, err)
		}
	}
}

// TestUserConfigurationHasNoSay: neither files nor variables of the user reach
// git.
func TestUserConfigurationHasNoSay(t *testing.T) { //nolint:paralleltest // it sets the environment
	home := t.TempDir()
	writeFile(t, filepath.Join(home, ".gitconfig"), "[url \"/nowhere/\"]\n\tinsteadOf = /\n[core]\n\thooksPath = /nowhere\n", 0o600)
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": home, "GIT_DIR": "/nowhere", "GIT_CONFIG_GLOBAL": filepath.Join(home, ".gitconfig"),
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url./nowhere/.insteadOf", "GIT_CONFIG_VALUE_0": "/",
		"GIT_OBJECT_DIRECTORY": "/nowhere", "GIT_SSH_COMMAND": "false", "LC_ALL": "ja_JP.UTF-8", "GIT_TRACE": "1",
	} {
		t.Setenv(name, value)
	}
	w := newWorld(t)
	if got, err := w.read(w.hash); err != nil || got != "1" {
		t.Errorf("d/f = %q, %v", got, err)
	}
}

func eachObject(t *testing.T, mirror string, do func(name string)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(mirror, "objects", "??", "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("the mirror has no loose objects: %v", err)
	}
	for _, name := range names {
		do(name)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}
