package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	modelpb "pipecd/pkg/rpc/gen/model"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

// fault is something that is taken away and comes back.
type fault struct {
	name    string
	on      kind
	what    string
	inflict func(ctx context.Context, w *world) error
}

func faults() []fault {
	return []fault{
		{"kill", shared, "replicas are killed at random moments, six times, and start again", killReplicas},
		{"stop", shared, "each replica is stopped as an operator does, and starts again", stopReplicas},
		{"mariadb-restart", shared, "MariaDB is restarted", restartMariaDB},
		{"mariadb-kill", shared, "MariaDB is killed, is away for 5 seconds, and starts again", killMariaDB},
		{"mariadb-frozen", shared, "MariaDB is frozen for 30 seconds", freezeMariaDB},
		{"minio-restart", shared, "MinIO is restarted", restartMinIO},
		{"minio-away", shared, "MinIO is away for 10 seconds", awayMinIO},
		{"clock-ahead", shared, "the clock of one replica is 5 minutes ahead for 15 seconds", func(ctx context.Context, w *world) error { return wrongClock(ctx, w, wrongBy) }},
		{"clock-behind", shared, "the clock of one replica is 5 minutes behind for 15 seconds", func(ctx context.Context, w *world) error { return wrongClock(ctx, w, -wrongBy) }},
		{"disk-full", single, "the disk of the local stores is full for 12 seconds", fullDisk},
		{"disk-full-kill", single, "the disk of the local stores is full, and the server is killed meanwhile", fullDiskAndKill},
	}
}

const wrongBy = 5 * time.Minute

// moment waits for a random time of up to so long.
func (w *world) moment(ctx context.Context, most time.Duration) {
	pause(ctx, time.Duration(w.random.Int64N(int64(most))))
}

func (w *world) anyReplica() *replica { return w.replicas[w.random.IntN(len(w.replicas))] }

func killReplicas(ctx context.Context, w *world) error {
	const times, between, away = 6, 2500 * time.Millisecond, 1500 * time.Millisecond
	for range times {
		w.moment(ctx, between)
		r := w.anyReplica()
		r.kill()
		w.moment(ctx, away)
		if err := r.start(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

func stopReplicas(ctx context.Context, w *world) error {
	for _, r := range w.replicas {
		w.moment(ctx, time.Second)
		r.stop()
		if err := r.start(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

func restartMariaDB(ctx context.Context, w *world) error {
	w.moment(ctx, time.Second)
	return errors.Join(w.mariadb.Stop(), w.mariadb.Start(ctx))
}

func killMariaDB(ctx context.Context, w *world) error {
	w.moment(ctx, time.Second)
	if err := w.mariadb.Kill(); err != nil {
		return err
	}
	pause(ctx, 5*time.Second)
	return w.mariadb.Start(ctx)
}

func freezeMariaDB(ctx context.Context, w *world) error {
	w.moment(ctx, time.Second)
	if err := w.mariadb.Freeze(); err != nil {
		return err
	}
	pause(ctx, 30*time.Second)
	return w.mariadb.Thaw()
}

func restartMinIO(ctx context.Context, w *world) error {
	w.moment(ctx, time.Second)
	return errors.Join(w.minio.Stop(), w.minio.Start(ctx))
}

func awayMinIO(ctx context.Context, w *world) error {
	w.moment(ctx, time.Second)
	if err := w.minio.Kill(); err != nil {
		return err
	}
	pause(ctx, 10*time.Second)
	return w.minio.Start(ctx)
}

// wrongClock lets a replica run with a clock that is off, and then with a right
// one again. Meanwhile no replica may hold an agent for gone.
func wrongClock(ctx context.Context, w *world, off time.Duration) error {
	const lasts, slack = 15 * time.Second, 5 * time.Second
	r := w.anyReplica()
	r.kill()
	if err := r.start(ctx, off); err != nil {
		return err
	}
	got, err := r.clock(ctx)
	if err != nil {
		return err
	}
	if (got - off).Abs() > slack {
		return fmt.Errorf("the clock of %s is off by %s, which is not what was to be tried", r.name, got.Round(time.Second))
	}
	if err := w.everybodyGoesOn(ctx, "with the clock of "+r.name+" off by "+got.Round(time.Second).String()); err != nil {
		return err
	}
	for until := time.Now().Add(lasts); time.Now().Before(until) && ctx.Err() == nil; pause(ctx, time.Second) {
		if err := w.everybodyIsOnline(ctx); err != nil {
			return err
		}
	}
	r.kill()
	return r.start(ctx, 0)
}

// everybodyIsOnline asks any replica how the agents are.
func (w *world) everybodyIsOnline(ctx context.Context) error {
	return w.ask(ctx, func(ctx context.Context) error {
		list, err := w.person.web.ListPipeds(ctx, &webv1.ListPipedsRequest{PageSize: 500}) //nolint:mnd // all
		if err != nil {
			return err
		}
		for _, p := range list.GetPipeds() {
			if s := p.GetPiped().GetStatus(); s != modelpb.Piped_ONLINE {
				w.ledger.isLostf("%s is shown as %s while it works", p.GetPiped().GetName(), s)
			}
		}
		return nil
	})
}

func fullDisk(ctx context.Context, w *world) error {
	return onFullDisk(ctx, w, func() error {
		pause(ctx, 12*time.Second)
		return nil
	})
}

func fullDiskAndKill(ctx context.Context, w *world) error {
	err := onFullDisk(ctx, w, func() error {
		pause(ctx, 5*time.Second)
		w.moment(ctx, 2*time.Second)
		w.replicas[0].kill()
		return nil
	})
	return errors.Join(err, w.replicas[0].start(ctx, 0))
}

// onFullDisk does something while there is no space. Somebody has to have met it.
func onFullDisk(ctx context.Context, w *world, do func() error) error {
	w.moment(ctx, time.Second)
	w.exhausted.Store(0)
	free, err := fillDisk(w.dataDir(0))
	if err != nil {
		return err
	}
	err = errors.Join(do(), free())
	if n := w.exhausted.Load(); n == 0 {
		err = errors.Join(err, errors.New("nobody was refused for lack of space, so nothing was tried"))
	} else {
		w.sayf("  %d writes were refused for lack of space", n)
	}
	return err
}
