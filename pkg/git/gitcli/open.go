package gitcli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pipecd/pkg/model"
)

const (
	mirrorsDir = "mirrors"
	lockSuffix = ".lock"
	newSuffix  = ".new" // a mirror being built
	oldSuffix  = ".old" // a mirror being replaced
	lockWait   = 15 * time.Second
	lockPoll   = 50 * time.Millisecond
)

// open takes the mirror into possession, once per process.
func (m *mirror) open(ctx context.Context) error {
	if m.opened.Load() {
		return nil
	}
	select {
	case m.opening <- struct{}{}:
		defer func() { <-m.opening }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if m.opened.Load() {
		return nil
	}
	if m.source.ctx.Err() != nil {
		return errClosed
	}
	lock, err := m.takeLock(ctx)
	if err != nil {
		return err
	}
	if err := m.sweep(); err != nil {
		return errors.Join(model.Wrap(model.CodeUnavailable, err, fmt.Sprintf("cleaning the mirror of repository %q", m.id)), lock.Close())
	}
	m.lock = lock
	m.opened.Store(true)
	return nil
}

// close gives the mirror up.
func (m *mirror) close() error {
	m.objects.close()
	m.opening <- struct{}{}
	defer func() { <-m.opening }()
	if !m.opened.Swap(false) {
		return nil
	}
	if err := m.lock.Close(); err != nil {
		return fmt.Errorf("unlocking a mirror: %w", err)
	}
	return nil
}

// takeLock waits until no other process can write to the mirror. The lock
// belongs to the open file, which the git processes inherit: a git that
// outlived the agent that started it still holds it.
func (m *mirror) takeLock(ctx context.Context) (*os.File, error) {
	doing := fmt.Sprintf("locking the mirror of repository %q", m.id)
	name := strings.TrimSuffix(m.dir, ".git") + lockSuffix
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, model.Wrap(model.CodeFailedPrecondition, err, doing)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, errTimeout)
	defer cancel()
	for {
		err := tryLock(f)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(model.Wrap(model.CodeFailedPrecondition, err, doing), f.Close())
		}
		pause := time.NewTimer(lockPoll + rand.N(lockPoll)) // #nosec G404 -- jitter, not a secret
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, errors.Join(model.Wrap(model.CodeUnavailable, context.Cause(ctx), fmt.Sprintf(
				"the mirror of repository %q in %s is in use by another process; stop the other agent, or give each a directory of its own",
				m.id, m.source.options.Dir)), f.Close())
		}
	}
}

func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// sweep removes what killed processes left behind. The lock is held, so nobody
// uses it.
func (m *mirror) sweep() error {
	if _, err := os.Stat(m.dir); errors.Is(err, fs.ErrNotExist) {
		// Killed between the two renames of replaceDir.
		if err := os.Rename(m.dir+oldSuffix, m.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	err := errors.Join(os.RemoveAll(m.dir+newSuffix), os.RemoveAll(m.dir+oldSuffix))
	if err != nil {
		return err
	}
	return filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // never fetched
			return nil
		case err != nil:
			return err
		case d.IsDir() && isObjectFan(d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular() && isLeftover(d.Name()):
			m.source.log.Info("removing a leftover of a killed git", slog.String("repository", m.id), slog.String("file", d.Name()))
			return os.Remove(path)
		default:
			return nil
		}
	})
}

// isObjectFan recognises the 256 directories of loose objects. Leftovers there
// are harmless and go with the next garbage collection.
func isObjectFan(name string) bool {
	return len(name) == 2 && strings.Trim(name, "0123456789abcdef") == ""
}

// isLeftover recognises lock files and half-written packs.
func isLeftover(name string) bool {
	return strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "tmp_") || name == "gc.pid"
}

// dropPredecessors removes the mirrors of remotes the repository had before.
// One that somebody has locked is left alone.
func (m *mirror) dropPredecessors(prefix string) {
	names, err := filepath.Glob(filepath.Join(filepath.Dir(m.dir), prefix+"*"+lockSuffix))
	if err != nil {
		return // only for a malformed pattern, and a prefix has none
	}
	for _, name := range names {
		dir := strings.TrimSuffix(name, lockSuffix) + ".git"
		if dir == m.dir {
			continue
		}
		if err := dropMirror(name, dir); err != nil {
			m.source.log.Warn("cannot remove the mirror of a former remote", slog.String("repository", m.id), slog.Any("error", err))
		}
	}
}

func dropMirror(lockName, dir string) (err error) {
	lock, err := os.OpenFile(lockName, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if tryLock(lock) != nil {
		return nil
	}
	return errors.Join(os.RemoveAll(dir), os.RemoveAll(dir+newSuffix), os.RemoveAll(dir+oldSuffix), os.Remove(lockName))
}
