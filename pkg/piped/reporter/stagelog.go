package reporter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/apiclient"
)

const (
	// settle is how long the first lines of a burst wait for company.
	settle = 100 * time.Millisecond
	// interval is the shortest time between two batches.
	interval = time.Second
	// closeLimit bounds Close when its context does not.
	closeLimit = time.Minute
	// maxPause is the longest pause between two attempts to send.
	maxPause = 10 * time.Second
	// fewTries is how often a batch is sent that meets a limit or an internal
	// error; a control plane that is away is waited for.
	fewTries = 3
)

// StageLog is the log of one run of a stage. It is safe for concurrent use.
type StageLog struct {
	reporter *Reporter
	batch    apiclient.LogBatch // what every batch has in common
	logger   *slog.Logger
	cancel   context.CancelCauseFunc

	wake    chan struct{} // there is something to send
	closing chan struct{} // closed by Close
	done    chan struct{} // closed when the goroutine ended
	err     error         // what could not be sent; the goroutine's until done

	mu        sync.Mutex
	buffer    buffer
	index     int64 // of the next entry
	closed    bool
	completed bool
}

// Info writes a line.
func (l *StageLog) Info(msg string) { l.write(model.LogInfo, msg) }

// Success writes a line that says something worked.
func (l *StageLog) Success(msg string) { l.write(model.LogSuccess, msg) }

// Error writes a line that says something failed.
func (l *StageLog) Error(msg string) { l.write(model.LogError, msg) }

// Infof is Info with a format.
func (l *StageLog) Infof(format string, args ...any) { l.Info(fmt.Sprintf(format, args...)) }

// Successf is Success with a format.
func (l *StageLog) Successf(format string, args ...any) { l.Success(fmt.Sprintf(format, args...)) }

// Errorf is Error with a format.
func (l *StageLog) Errorf(format string, args ...any) { l.Error(fmt.Sprintf(format, args...)) }

// write puts a line into the buffer; after Close it is ignored. It never waits.
func (l *StageLog) write(severity model.LogSeverity, msg string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	waiting, dropped := l.buffer.len(), l.buffer.dropped
	l.buffer.add(model.LogBlock{Index: l.index, Log: cut(msg), Severity: severity, CreatedAt: time.Now()})
	l.account(context.Background(), waiting, l.buffer.dropped-dropped) // a line belongs to no call
	l.reporter.used(l.index)
	l.index++
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// account tells how the number of waiting lines changed since it was before, and
// how many were lost. mu is held.
func (l *StageLog) account(ctx context.Context, before, lost int) {
	ctx = context.WithoutCancel(ctx) // what happened is counted, also at the end
	l.reporter.waits(ctx, l.buffer.len()-before)
	l.reporter.to.Count(ctx, observe.LogLinesLost, lost)
}

// take removes the next batch from the buffer.
func (l *StageLog) take(ctx context.Context) (blocks []model.LogBlock, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.buffer.len()
	blocks, more = l.buffer.take()
	l.account(ctx, before, 0)
	return blocks, more
}

// discard forgets what could not be sent.
func (l *StageLog) discard(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.buffer.len()
	lost := before
	if l.buffer.dropped > 0 {
		lost-- // the mark for lines that were counted already
	}
	l.buffer = buffer{}
	l.account(ctx, before, lost)
}

// Close sends what is left and returns when that is done, ctx ended, or a minute
// passed. completed says that nothing will follow, in this process or another.
// The error says how much was lost. Closing again does nothing and returns the
// same.
func (l *StageLog) Close(ctx context.Context, completed bool) error {
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	l.mu.Lock()
	if !l.closed {
		l.closed, l.completed = true, completed
		close(l.closing)
	}
	l.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)) })
	defer stop()
	<-l.done
	return l.err
}

// run is the log's goroutine.
func (l *StageLog) run(ctx context.Context) {
	defer close(l.done)
	defer l.cancel(nil)
	defer l.discard(ctx)
	var last time.Time
	for l.waitForLines(last) {
		l.keep(l.deliver(ctx, false))
		last = time.Now()
	}
	l.keep(l.deliver(ctx, l.completed))
}

// waitForLines returns true when it is time for a batch and false when the log
// was closed.
func (l *StageLog) waitForLines(last time.Time) bool {
	select {
	case <-l.closing:
		return false
	case <-l.wake:
	}
	timer := time.NewTimer(max(settle, interval-time.Since(last)))
	defer timer.Stop()
	select {
	case <-l.closing:
		return false
	case <-timer.C:
		return true
	}
}

// keep remembers the first thing that could not be sent.
func (l *StageLog) keep(err error) {
	if l.err == nil {
		l.err = err
	}
}

// deliver sends all that waits; final also ends the log. A batch that is refused
// is lost, the next one may be accepted.
func (l *StageLog) deliver(ctx context.Context, final bool) error {
	var lost error
	for {
		blocks, more := l.take(ctx)
		b := l.batch
		b.Blocks, b.Completed = blocks, final && !more
		if len(blocks) == 0 && !b.Completed {
			return lost
		}
		err := l.send(ctx, b)
		if err == nil && more && ctx.Err() != nil {
			err, blocks = context.Cause(ctx), nil
		}
		if err != nil {
			l.reporter.to.Count(ctx, observe.LogLinesLost, len(blocks))
			err = fmt.Errorf("%d lines of the log of stage %s were not sent: %w", len(blocks)+l.waiting(ctx), b.StageID, err)
			l.logger.WarnContext(ctx, err.Error(), slog.String("code", string(model.CodeOf(err))))
			if lost == nil {
				lost = err
			}
		}
		if !more || ctx.Err() != nil {
			return lost
		}
	}
}

// waiting returns how many entries are lost with the current batch: all when
// the time to send is over.
func (l *StageLog) waiting(ctx context.Context) int {
	if ctx.Err() == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.len()
}

// send sends one batch until it is accepted or refused or ctx ends.
func (l *StageLog) send(ctx context.Context, b apiclient.LogBatch) error {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = maxPause
	for try := 1; ; try++ {
		err := l.reporter.sender.ReportStageLogs(ctx, b)
		if err == nil || ctx.Err() != nil || !worthRepeating(err, try) {
			return err
		}
		if !l.sleep(ctx, pause.NextBackOff()) {
			return err
		}
	}
}

func worthRepeating(err error, try int) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch model.CodeOf(err) {
	case model.CodeUnavailable:
		return true
	case model.CodeExhausted, model.CodeInternal:
		return try < fewTries
	case model.CodeInvalid, model.CodeNotFound, model.CodeAlreadyExists, model.CodeFailedPrecondition, model.CodeUnauthenticated,
		model.CodePermissionDenied, model.CodeFenced, model.CodeUnimplemented:
		return false
	default:
		return false
	}
}

// sleep waits for d and reports whether ctx lasted that long. When the log is
// being closed meanwhile it does not wait longer: there may be little time.
func (l *StageLog) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	closing := l.closing
	select {
	case <-closing:
		closing = nil
	default:
	}
	select {
	case <-ctx.Done():
		return false
	case <-closing:
		return true
	case <-timer.C:
		return true
	}
}
