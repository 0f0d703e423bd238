package quickstart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Play runs one scenario unattended, in a directory that is removed afterwards,
// and kills the agent with SIGKILL so long after the release it is about. A
// killAfter of 0 kills nobody; killed says whether the moment came before the
// end. The error says which promise did not hold.
func Play(ctx context.Context, s Streams, name string, killAfter time.Duration) (killed bool, err error) {
	all := scenarios()
	i := slices.IndexFunc(all, func(x scenario) bool { return x.name == name })
	if i < 0 {
		return false, fmt.Errorf("%w: there is no scenario %q", ErrUsage, name)
	}
	dir, err := openDirectory("")
	if err != nil {
		return false, err
	}
	defer func() {
		if err == nil {
			dir.close()
		} else {
			s.sayf("  What the run left is in %s", dir.path)
		}
	}()
	w, err := newWorld(ctx, options{dir: dir, sayf: s.sayf, paint: s.Paint, logger: slog.New(slog.DiscardHandler), literal: all[i].literal})
	defer func() { err = errors.Join(err, w.end(ctx)) }()
	if err != nil {
		return false, err
	}
	if killAfter > 0 {
		w.onRelease = func() { w.killLater(killAfter) }
	}
	err = play(ctx, s, w, all[i])
	return w.killed.Load(), err
}

// end ends the world, also when ctx is done.
func (w *world) end(ctx context.Context) error {
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	return w.close(closing)
}

// closeLimit is how long ending everything may take.
const closeLimit = 15 * time.Second

// killLater kills the agent after the time, unless the world ends before.
func (w *world) killLater(after time.Duration) {
	timer := time.AfterFunc(after, func() {
		if err := w.agent.kill(); err != nil {
			w.sayf("! the agent could not be killed: %s", err)
			return
		}
		w.killed.Store(true)
		w.sayf("! killed the agent %s after the release", after.Round(time.Millisecond))
	})
	w.onClose(func(context.Context) error {
		timer.Stop()
		return nil
	})
}
