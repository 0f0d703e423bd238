package gitcli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
)

// maxTree bounds a tree and a commit in bytes: some 500,000 names in one
// directory.
const maxTree = 32 << 20

// mirrorConfig is what a mirror must keep doing whoever runs git in it: record
// every tip it ever had, never forget one, and collect garbage only in the
// foreground of a fetch, where it ends with it.
const mirrorConfig = `[core]
	logAllRefUpdates = always
	hooksPath = /dev/null
[gc]
	reflogExpire = never
	reflogExpireUnreachable = never
	autoDetach = false
[maintenance]
	autoDetach = false
`

// mirror is the bare repository that stands for one remote.
type mirror struct {
	source *Source
	id     string
	dir    string
	// writing is held by whoever changes the mirror; capacity 1.
	writing chan struct{}
	// opening guards opened and lock; capacity 1.
	opening chan struct{}
	opened  atomic.Bool
	lock    *os.File
	// suspect is set when a read found the mirror incomplete. The next fetch
	// replaces it.
	suspect atomic.Bool
	objects *objectReader

	mu       sync.Mutex
	branches map[git.Repository]*flights
}

// mirrorName is unique for id and remote, and begins so that a person finds it.
// A changed password makes no other mirror.
func mirrorName(repo git.Repository) (prefix, name string) {
	remote := repo.Remote
	if u, err := url.Parse(remote); err == nil && u.Scheme != "" {
		u.User = nil
		remote = u.String()
	}
	safe := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			return c
		}
		return '_'
	}, repo.ID)
	prefix = fmt.Sprintf("%.40s-%s-", safe, shortSum(repo.ID))
	return prefix, prefix + shortSum(remote)
}

func shortSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

func newMirror(s *Source, repo git.Repository) *mirror {
	_, name := mirrorName(repo)
	m := &mirror{
		source: s, id: repo.ID, dir: filepath.Join(s.options.Dir, mirrorsDir, name+".git"),
		writing: make(chan struct{}, 1), opening: make(chan struct{}, 1),
		branches: make(map[git.Repository]*flights),
	}
	m.objects = newObjectReader(m.catFile)
	return m
}

// catFile prepares the process that reads objects. It ends with the Source.
func (m *mirror) catFile() *exec.Cmd {
	return m.source.runner.command(m.source.ctx, command{args: []string{"--git-dir=" + m.dir, "cat-file", "--batch"}})
}

// ref is where the mirror keeps the branch. The name is one element, so that
// "a" and "a/b" can exist one after the other.
func ref(branch string) string { return "refs/pipecd/branches/" + url.PathEscape(branch) }

// kept is where the mirror keeps a commit that was fetched by hash.
func kept(hash string) string { return "refs/pipecd/kept/" + hash }

// exists reports whether the mirror has ever been fetched.
func (m *mirror) exists() bool {
	_, err := os.Stat(filepath.Join(m.dir, "HEAD"))
	return err == nil
}

// object reads an object by hash or ref.
func (m *mirror) object(ctx context.Context, name string, limit int64) (object, error) {
	if err := m.open(ctx); err != nil {
		return object{}, err
	}
	if !m.exists() {
		return object{}, errMissing
	}
	return m.objects.read(ctx, name, limit)
}

// part reads an object that another object refers to. If it is not there, the
// mirror is damaged.
func (m *mirror) part(ctx context.Context, hash, kind string, limit int64) (object, error) {
	obj, err := m.object(ctx, hash, limit)
	switch {
	case err == nil && obj.kind == kind:
		return obj, nil
	case ctx.Err() != nil || errors.Is(err, errClosed):
		return object{}, err
	case err == nil:
		return object{}, fmt.Errorf("%w: %s is a %s, not a %s", errMalformed, hash, obj.kind, kind)
	default:
		m.suspect.Store(true)
		return object{}, fmt.Errorf("%w: reading %s %s: %w", errDamaged, kind, hash, err)
	}
}

// tree reads and parses a tree.
func (m *mirror) tree(ctx context.Context, hash string) ([]treeEntry, error) {
	obj, err := m.part(ctx, hash, "tree", maxTree)
	if err != nil {
		return nil, err
	}
	if obj.data == nil {
		return nil, model.Errorf(model.CodeExhausted, "a directory of repository %q is too large to be read", m.id)
	}
	return parseTree(obj.data, len(hash)/2)
}

// commit reads and parses a commit, named by hash or ref. It returns errMissing
// if there is none of that name.
func (m *mirror) commit(ctx context.Context, name string) (commit git.Commit, tree string, err error) {
	obj, err := m.object(ctx, name, maxTree)
	if err != nil {
		return git.Commit{}, "", err
	}
	// A hash of the shorter kind would match as the beginning of a longer one.
	isOther := git.ValidHash(name) && obj.hash != name
	if obj.kind != "commit" || obj.data == nil || isOther {
		return git.Commit{}, "", fmt.Errorf("%w: %s is not a commit", errMissing, name)
	}
	commit, tree, err = parseCommit(obj.data)
	commit.Hash = obj.hash
	return commit, tree, err
}

// join fetches the branch together with everyone else who wants it.
func (m *mirror) join(ctx context.Context, repo git.Repository) error {
	m.mu.Lock()
	shared, known := m.branches[repo]
	if !known {
		shared = &flights{
			ctx: m.source.ctx, spawn: m.source.spawn,
			work: func(ctx context.Context) error { return m.fetchBranch(ctx, repo) },
		}
		m.branches[repo] = shared
	}
	m.mu.Unlock()
	return shared.join(ctx)
}

// fetchBranch updates the branch and makes sure that its tip can be read.
func (m *mirror) fetchBranch(ctx context.Context, repo git.Repository) error {
	release, err := m.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	if !m.exists() {
		m.source.log.InfoContext(ctx, "cloning repository", slog.String("repository", m.id))
		return m.rebuild(ctx, repo)
	}
	if !m.suspect.Load() {
		err := m.fetch(ctx, m.dir, repo, "+refs/heads/"+repo.Branch+":"+ref(repo.Branch))
		if err == nil {
			err = m.verify(ctx, repo)
		}
		if !errors.Is(err, errDamaged) {
			return err
		}
		m.source.log.WarnContext(ctx, "mirror of repository is damaged", slog.String("repository", m.id), slog.Any("error", err))
	}
	m.source.log.WarnContext(ctx, "replacing the damaged mirror of repository", slog.String("repository", m.id))
	return m.rebuild(ctx, repo)
}

// fetchCommit asks the remote for one commit and keeps it.
func (m *mirror) fetchCommit(ctx context.Context, repo git.Repository, hash string) error {
	release, err := m.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	err = m.fetch(ctx, m.dir, repo, "+"+hash+":"+kept(hash))
	var failed *processError
	if errors.As(err, &failed) && notOurs.MatchString(failed.stderr) {
		return m.source.unknown(repo, hash, "neither in the mirror nor at the remote any more")
	}
	return err
}

// acquire waits for the turn to change the mirror.
func (m *mirror) acquire(ctx context.Context) (release func(), err error) {
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	select {
	case m.writing <- struct{}{}:
		return func() { <-m.writing }, nil
	case <-ctx.Done():
		return nil, m.source.explain(context.Cause(ctx), git.Repository{ID: m.id}, "waiting for the mirror")
	}
}

func (m *mirror) fetch(ctx context.Context, dir string, repo git.Repository, refspec string) error {
	t := m.source.access.target(repo.Remote)
	args := append([]string{"--git-dir=" + dir}, t.args...)
	args = append(args, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", t.url, refspec)
	_, err := m.source.runner.run(ctx, command{
		args: args, env: t.env, secrets: t.secrets, timeout: m.source.options.FetchTimeout, transfer: true, hold: m.lock,
	})
	if err != nil {
		return m.source.explain(err, repo, "fetching branch "+repo.Branch)
	}
	return nil
}

// verify reads the commit at the tip and its root. A fetch that had nothing to
// do has looked at neither.
func (m *mirror) verify(ctx context.Context, repo git.Repository) error {
	ctx, cancel := m.source.reading(ctx)
	defer cancel()
	_, tree, err := m.commit(ctx, ref(repo.Branch))
	if err == nil {
		_, err = m.tree(ctx, tree)
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, errClosed) {
		return err
	}
	return fmt.Errorf("%w: reading the tip of branch %s: %w", errDamaged, repo.Branch, err)
}

// rebuild makes the mirror anew beside the old one and then takes its place, so
// that what the old one has is there until something better is.
func (m *mirror) rebuild(ctx context.Context, repo git.Repository) error {
	head, err := m.source.lsRemote(ctx, repo)
	if err != nil {
		return err
	}
	fresh := m.dir + newSuffix
	if err := m.initialize(ctx, fresh, len(head) == sha256.Size*2); err != nil {
		return err
	}
	if err := m.fetch(ctx, fresh, repo, "+refs/heads/"+repo.Branch+":"+ref(repo.Branch)); err != nil {
		return errors.Join(err, os.RemoveAll(fresh))
	}
	err = m.objects.paused(func() error { return replaceDir(m.dir, fresh) })
	if err != nil {
		return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("putting the mirror of repository %q in its place", m.id))
	}
	m.suspect.Store(false)
	return nil
}

// initialize makes an empty mirror.
func (m *mirror) initialize(ctx context.Context, dir string, longHashes bool) error {
	doing := fmt.Sprintf("making the mirror of repository %q", m.id)
	if err := os.RemoveAll(dir); err != nil {
		return model.Wrap(model.CodeUnavailable, err, doing)
	}
	args := []string{"init", "--quiet", "--bare", "--template="}
	if longHashes {
		args = append(args, "--object-format=sha256")
	}
	_, err := m.source.runner.run(ctx, command{args: append(args, "--", dir), timeout: m.source.options.ReadTimeout, hold: m.lock})
	if err != nil {
		return model.Wrap(model.CodeUnavailable, err, doing)
	}
	f, err := os.OpenFile(filepath.Join(dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return model.Wrap(model.CodeUnavailable, err, doing)
	}
	_, err = f.WriteString(mirrorConfig)
	return model.Wrap(model.CodeUnavailable, errors.Join(err, f.Close()), doing)
}

// replaceDir puts fresh in the place of dir.
func replaceDir(dir, fresh string) error {
	old := dir + oldSuffix
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return err
	}
	return os.RemoveAll(old)
}
