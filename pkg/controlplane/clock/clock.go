// Package clock is the time that all processes of a control plane have in common:
// that of the datastore they share. What one process writes with a time another
// one compares with its own, such as an agent's last sign of life, so a clock
// that is minutes off would make agents look away that are not, and new rows look
// old.
package clock

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

const (
	interval = 30 * time.Second
	timeout  = 5 * time.Second
	// An answer that took longer says too little about the time.
	slowest = time.Second
	// A clock that is this far off is told to the operator.
	tolerance = 5 * time.Second
)

// Clock tells the datastore's time. The zero value and nil tell the process's
// own. It is safe for concurrent use.
type Clock struct {
	offset atomic.Int64 // what the process's clock lacks, in nanoseconds
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	if c == nil {
		return time.Now()
	}
	return time.Now().Add(time.Duration(c.offset.Load()))
}

// Set compares the process's clock with the datastore's.
func (c *Clock) Set(ctx context.Context, store datastore.Clock) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	asked := time.Now()
	now, err := store.Now(ctx)
	took := time.Since(asked)
	switch {
	case err != nil:
		return err
	case took > slowest:
		return model.Errorf(model.CodeUnavailable, "the datastore took %s to tell its time", took.Round(time.Millisecond))
	}
	c.offset.Store(int64(now.Sub(asked.Add(took / 2)))) //nolint:mnd // half of it is the way there
	return nil
}

// Run compares again and again until ctx is done. While the datastore does not
// answer the last comparison stands.
func (c *Clock) Run(ctx context.Context, store datastore.Clock, logger *slog.Logger) {
	told := time.Duration(0)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := c.Set(ctx, store); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "this machine's clock could not be compared with the datastore's", slog.Any("error", err))
		}
		if off := time.Duration(c.offset.Load()); (off - told).Abs() > tolerance {
			told = off
			logger.WarnContext(ctx, "this machine's clock differs from the datastore's, whose time is used; set one of them right", slog.Duration("behind", off))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
