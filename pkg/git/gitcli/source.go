package gitcli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

// gitConfig is all the configuration git sees outside a mirror.
const gitConfig = `[protocol]
	allow = never
[protocol "ssh"]
	allow = always
[protocol "https"]
	allow = always
[protocol "http"]
	allow = always
[protocol "file"]
	allow = always
[core]
	hooksPath = /dev/null
	bigFileThreshold = 16m
[safe]
	directory = *
[http]
	lowSpeedLimit = 100
	lowSpeedTime = 60
[submodule]
	recurse = false
`

// Source is a git.Source over the git command line. Make one per directory
// with New and close it.
type Source struct {
	options Options
	log     *slog.Logger
	access  *access
	runner  *runner

	ctx    context.Context //nolint:containedctx // the source's lifetime; ends with Close
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	mirrors map[mirrorKey]*mirror

	spawning sync.Mutex // orders working.Go before or after the end of ctx
	working  sync.WaitGroup
}

type mirrorKey struct{ id, remote string }

var _ git.Source = (*Source)(nil)

// New prepares o.Dir and returns a Source. It starts no process and asks no
// remote. The error has code invalid for options that contradict each other or
// a key ssh cannot use, and failed_precondition if git is missing or the
// directory cannot be written.
func New(o Options) (*Source, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(o.Dir, mirrorsDir), 0o700); err != nil {
		return nil, model.Wrap(model.CodeFailedPrecondition, err, "making the directory for git mirrors")
	}
	if err := os.Chmod(o.Dir, 0o700); err != nil { //nolint:gosec // a directory needs its x bit
		return nil, model.Wrap(model.CodeFailedPrecondition, err, "making the directory for git mirrors private")
	}
	if _, err := writePrivate(filepath.Join(o.Dir, ".gitconfig"), []byte(gitConfig)); err != nil {
		return nil, err
	}
	access, err := newAccess(o)
	if err != nil {
		return nil, err
	}
	s := &Source{options: o, log: o.Logger, access: access, mirrors: make(map[mirrorKey]*mirror)}
	s.runner = &runner{binary: o.GitBinary, dir: o.Dir, env: environment(o), transfers: make(chan struct{}, o.MaxTransfers), observer: observe.Or(o.Observer)}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s, nil
}

// environment is the whole environment of git. Of the agent's own variables
// only those about programs, proxies and certificates pass.
func environment(o Options) []string {
	env := []string{
		"HOME=" + o.Dir, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + filepath.Join(o.Dir, ".gitconfig"), "GIT_ALLOW_PROTOCOL=ssh:https:http:file",
		"GIT_CEILING_DIRECTORIES=" + filepath.Dir(o.Dir), "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1",
		// The reflog needs someone to name.
		"GIT_COMMITTER_NAME=piped", "GIT_COMMITTER_EMAIL=piped@localhost",
	}
	if o.CAFile != "" {
		env = append(env, "GIT_SSL_CAINFO="+o.CAFile)
	}
	for _, name := range []string{
		"PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "http_proxy",
		"ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
	} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Close stops what is under way, ends the processes and removes the copy of the
// SSH key. Calls under way and later ones fail with code unavailable.
func (s *Source) Close() error {
	s.spawning.Lock()
	s.cancel(errClosed)
	s.spawning.Unlock()
	s.working.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, m := range s.mirrors {
		m.writing <- struct{}{} // its holder was told to stop
		errs = append(errs, m.close())
		<-m.writing
	}
	clear(s.mirrors)
	return errors.Join(append(errs, s.access.close())...)
}

// Head implements git.Source with "git ls-remote".
func (s *Source) Head(ctx context.Context, repo git.Repository) (string, error) {
	if err := repo.Validate(); err != nil {
		return "", err
	}
	ctx, cancel := s.living(ctx)
	defer cancel()
	return s.lsRemote(ctx, repo)
}

func (s *Source) lsRemote(ctx context.Context, repo git.Repository) (string, error) {
	t := s.access.target(repo.Remote)
	name := "refs/heads/" + repo.Branch
	args := append(append([]string{}, t.args...), "ls-remote", "--", t.url, name)
	out, err := s.runner.run(ctx, command{args: args, env: t.env, secrets: t.secrets, timeout: s.options.HeadTimeout, transfer: true})
	if err != nil {
		return "", s.explain(err, repo, "asking for branch "+repo.Branch)
	}
	for line := range strings.Lines(string(out)) {
		// The argument is a pattern that also matches the ends of longer names.
		hash, found, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if found == name && git.ValidHash(hash) {
			return hash, nil
		}
	}
	return "", model.Errorf(model.CodeNotFound, "%s", sayNoBranch(s.subject(repo)))
}

// Fetch implements git.Source.
func (s *Source) Fetch(ctx context.Context, repo git.Repository, commits ...string) error {
	m, ctx, cancel, err := s.enter(ctx, repo, commits...)
	if err != nil {
		return err
	}
	defer cancel()
	if err := m.join(ctx, repo); err != nil {
		return s.outcome(ctx, err, repo, "fetching branch "+repo.Branch)
	}
	prefix, _ := mirrorName(repo)
	m.dropPredecessors(prefix)
	for _, hash := range commits {
		if _, _, err := m.commit(ctx, hash); err == nil {
			continue
		}
		if err := m.fetchCommit(ctx, repo, hash); err != nil {
			return s.outcome(ctx, err, repo, "fetching commit "+hash)
		}
	}
	return nil
}

// Commit implements git.Source.
func (s *Source) Commit(ctx context.Context, repo git.Repository, hash string) (git.Commit, error) {
	m, ctx, cancel, err := s.enter(ctx, repo, hash)
	if err != nil {
		return git.Commit{}, err
	}
	defer cancel()
	commit, _, err := s.describe(ctx, m, repo, hash)
	return commit, err
}

// ChangedFiles implements git.Source. Trees are compared, histories are not
// looked at.
func (s *Source) ChangedFiles(ctx context.Context, repo git.Repository, from, to string) ([]string, error) {
	m, ctx, cancel, err := s.enter(ctx, repo, from, to)
	if err != nil {
		return nil, err
	}
	defer cancel()
	_, fromTree, err := s.describe(ctx, m, repo, from)
	if err != nil {
		return nil, err
	}
	_, toTree, err := s.describe(ctx, m, repo, to)
	if err != nil {
		return nil, err
	}
	paths, err := changedPaths(ctx, m.tree, fromTree, toTree)
	if err != nil {
		return nil, s.readError(m, err)
	}
	return paths, nil
}

// Snapshot implements git.Source.
func (s *Source) Snapshot(ctx context.Context, repo git.Repository, hash string) (git.Snapshot, error) {
	m, ctx, cancel, err := s.enter(ctx, repo, hash)
	if err != nil {
		return nil, err
	}
	defer cancel()
	commit, tree, err := s.describe(ctx, m, repo, hash)
	if err != nil {
		return nil, err
	}
	return &snapshot{source: s, mirror: m, commit: commit, root: treeEntry{name: ".", mode: modeTree, hash: tree}}, nil
}

// describe reads a commit.
func (s *Source) describe(ctx context.Context, m *mirror, repo git.Repository, hash string) (git.Commit, string, error) {
	ctx, cancel := s.reading(ctx)
	defer cancel()
	commit, tree, err := m.commit(ctx, hash)
	switch {
	case errors.Is(err, errMissing):
		return git.Commit{}, "", s.unknown(repo, hash, "not in the mirror; it was not fetched, or was pushed away before")
	case err != nil:
		return git.Commit{}, "", s.readError(m, err)
	}
	commit.Branch = repo.Branch
	return commit, tree, nil
}

// enter checks the arguments and finds the mirror. The context it returns ends
// with the Source.
func (s *Source) enter(ctx context.Context, repo git.Repository, hashes ...string) (*mirror, context.Context, context.CancelFunc, error) {
	if err := repo.Validate(); err != nil {
		return nil, nil, nil, err
	}
	for _, hash := range hashes {
		if !git.ValidHash(hash) {
			return nil, nil, nil, model.Errorf(model.CodeInvalid, "%.80q is not a full commit hash", hash)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, nil, nil, model.Wrap(model.CodeUnavailable, errClosed, "repository "+repo.ID)
	}
	key := mirrorKey{id: repo.ID, remote: repo.Remote}
	m, known := s.mirrors[key]
	if !known {
		m = newMirror(s, repo)
		s.mirrors[key] = m
	}
	ctx, cancel := s.living(ctx)
	return m, ctx, cancel, nil
}

// spawn runs f in a goroutine that Close waits for. It returns false, and does
// not run f, if the Source is closed.
func (s *Source) spawn(f func()) bool {
	s.spawning.Lock()
	defer s.spawning.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.working.Go(f)
	return true
}

// living joins ctx with the lifetime of the Source.
func (s *Source) living(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ctx, func() { cancel(errClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// reading bounds one read of a mirror.
func (s *Source) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.options.ReadTimeout, errTimeout)
}

func (s *Source) subject(repo git.Repository) subject {
	return subject{repo: repo, key: s.access.keyName, knownHosts: s.access.knownHosts}
}

func (s *Source) explain(err error, repo git.Repository, doing string) error {
	return explain(err, s.subject(repo), doing)
}

// outcome gives a code to the errors that have none yet: the ends of contexts.
func (s *Source) outcome(ctx context.Context, err error, repo git.Repository, doing string) error {
	if _, ok := errors.AsType[*model.Error](err); ok {
		return err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return s.explain(err, repo, doing)
}

func (s *Source) unknown(repo git.Repository, hash, where string) error {
	return model.Errorf(model.CodeNotFound, "commit %s of repository %q is %s: %w", hash, repo.ID, where, git.ErrUnknownCommit)
}

// readError gives a code to an error of reading objects.
func (s *Source) readError(m *mirror, err error) error {
	var coded *model.Error
	switch {
	case errors.As(err, &coded):
		return err
	case errors.Is(err, errDamaged):
		return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("the mirror of repository %q is damaged and will be replaced by the next fetch", m.id))
	case errors.Is(err, errMalformed):
		return model.Wrap(model.CodeInvalid, err, fmt.Sprintf("repository %q holds an object that cannot be read", m.id))
	default:
		return model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("reading the mirror of repository %q", m.id))
	}
}
