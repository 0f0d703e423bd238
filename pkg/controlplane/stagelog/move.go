package stagelog

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pipecd/pkg/model"
)

const (
	// moveRecords and moveBytes (of text) are how much of one log waits in the journal before it is moved.
	moveRecords = 1000
	moveBytes   = 1 << 20
	// moveAge is how long anything waits there.
	moveAge = 5 * time.Minute
	// SweepInterval is how often one of the processes looks for what waited that long.
	SweepInterval = 30 * time.Second
	// endKept is how long the end of a log stays in the journal, where other processes that write to it find it.
	endKept = time.Hour

	movers      = 4
	moveTimeout = 2 * time.Minute

	// DefaultBacklog is how much of all logs may wait in the journal, and recordOverhead what each record counts beside
	// its content.
	DefaultBacklog   = 1 << 30
	recordOverhead   = 512
	backlogInterval  = 15 * time.Second
	backlogTimeout   = 10 * time.Second
	maxQueued        = 10_000
	sweepPage        = 100
	bytesPerMebibyte = 1 << 20
)

// queue holds the logs that are to be moved now, each once.
type queue struct {
	mu    sync.Mutex
	logs  map[string]struct{}
	woken chan struct{}
}

func newQueue() *queue { return &queue{logs: make(map[string]struct{}), woken: make(chan struct{}, 1)} }

// add adds a log; when there are too many it is left to the sweep.
func (q *queue) add(log string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.logs) < maxQueued {
		q.logs[log] = struct{}{}
	}
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.woken <- struct{}{}:
	default:
	}
}

// next returns a log, or false when ctx is done.
func (q *queue) next(ctx context.Context) (string, bool) {
	for {
		select {
		case <-ctx.Done():
			return "", false
		case <-q.woken:
		}
		q.mu.Lock()
		for log := range q.logs {
			delete(q.logs, log)
			if len(q.logs) > 0 {
				q.wake() // another mover
			}
			q.mu.Unlock()
			return log, true
		}
		q.mu.Unlock()
	}
}

// Run moves logs that ended or became large here, and watches how much waits,
// until ctx is done. Every process that writes logs runs it.
func (l *Logs) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for range movers {
		all.Go(func() {
			for {
				log, ok := l.queue.next(ctx)
				if !ok {
					return
				}
				if err := l.moveBounded(ctx, log); err != nil && ctx.Err() == nil {
					l.logger.WarnContext(ctx, "a log could not be moved to the file store now; it stays in the database until it can be",
						slog.String("log", log), slog.Any("error", err))
				}
			}
		})
	}
	all.Go(func() {
		for {
			l.watchBacklog(ctx)
			timer := time.NewTimer(backlogInterval/2 + rand.N(backlogInterval)) //nolint:gosec // not for secrets
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
		}
	})
}

// watchBacklog lets nothing more be written while too much waits.
func (l *Logs) watchBacklog(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, backlogTimeout)
	defer cancel()
	backlog, err := l.journal.BacklogOfLogs(ctx)
	if err != nil {
		return // the database does not answer: then nothing is written anyway
	}
	used := backlog.Bytes + int64(backlog.Records)*recordOverhead
	if used < l.maxBacklog {
		l.full.Store(nil)
		return
	}
	why := model.Errorf(model.CodeExhausted,
		"the file store has not taken the logs of stages since %s, and %d MiB of them wait in the database, which is all that may; "+
			"see why the file store cannot be written to: logs are taken again as soon as it can",
		backlog.Since.UTC().Format(time.RFC3339), used/bytesPerMebibyte)
	if l.full.Swap(&why) == nil {
		l.logger.ErrorContext(ctx, why.Error(), slog.Int("records", backlog.Records), slog.Int64("bytes", backlog.Bytes))
	}
}

// Sweep moves what has waited for long, whoever wrote it, and forgets what only
// had to be known for a while. One process of those that share the stores does it
// now and then; more at once are harmless.
func (l *Logs) Sweep(ctx context.Context) error {
	if err := l.journal.ForgetLogEnds(ctx, endKept); err != nil {
		return err
	}
	for {
		logs, err := l.journal.WaitingLogs(ctx, moveAge, sweepPage)
		if err != nil {
			return err
		}
		if err := l.moveAll(ctx, logs); err != nil || len(logs) < sweepPage {
			return err
		}
	}
}

// moveAll moves the logs. What is wrong with one of them keeps no other from being
// moved, but a filestore that is away does.
func (l *Logs) moveAll(ctx context.Context, logs []string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	group.SetLimit(movers)
	for _, log := range logs {
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the one that stopped the others tells
			}
			err := l.moveBounded(ctx, log)
			if model.IsRetryable(err) {
				stop()
			}
			return err
		})
	}
	return group.Wait()
}

func (l *Logs) moveBounded(ctx context.Context, log string) error {
	ctx, cancel := context.WithTimeout(ctx, moveTimeout)
	defer cancel()
	return l.move(ctx, log)
}

// move stores what the journal has of the log in the filestore and then settles
// it. It may be cut off anywhere and done again, and by several at once; see the
// package's comment.
func (l *Logs) move(ctx context.Context, log string) error {
	in, err := readJournal(ctx, l.journal, log, 0)
	if err != nil || len(in.names) == 0 {
		return err
	}
	stored, err := l.loadObjects(ctx, log)
	if err != nil {
		return err
	}
	var blocks []model.LogBlock
	for _, b := range in.batches {
		blocks = append(blocks, b.blocks...)
	}
	blocks, err = stored.missing(inOrder(blocks))
	if err != nil {
		return err
	}
	if err := l.putBatches(ctx, log, blocks); err != nil {
		return err
	}
	// The end last: whoever sees it sees everything before it.
	for _, mark := range []struct {
		name          string
		wanted, there bool
	}{{markFull, in.full, stored.full}, {markDone, in.done, stored.done}} {
		if !mark.wanted || mark.there {
			continue
		}
		if err := l.files.Put(ctx, prefixOf(log)+mark.name, []byte("{}\n")); err != nil {
			return model.Wrap(model.CodeOf(err), err, "storing the log "+log)
		}
	}
	return l.journal.SettleLog(ctx, log, in.names)
}

func (l *Logs) putBatches(ctx context.Context, log string, blocks []model.LogBlock) error {
	for len(blocks) > 0 {
		n := batchLength(blocks, maxBatchBytes)
		name, content, err := encode(blocks[:n])
		if err != nil {
			return err
		}
		if err := l.files.Put(ctx, prefixOf(log)+name.String(), content); err != nil {
			return model.Wrap(model.CodeOf(err), err, fmt.Sprintf("storing %d lines of the log %s", n, log))
		}
		blocks = blocks[n:]
	}
	return nil
}
