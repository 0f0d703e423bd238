package reporter

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"pipecd/pkg/observe"
	"pipecd/pkg/piped/apiclient"
)

// Sender is the control plane as the reporter needs it. *apiclient.Client is
// one. It may repeat a batch itself until ctx ends.
type Sender interface {
	ReportStageLogs(ctx context.Context, b apiclient.LogBatch) error
}

// Reporter opens stage logs. It is safe for concurrent use.
type Reporter struct {
	sender Sender
	logger *slog.Logger
	to     observe.Observer

	mu      sync.Mutex
	highest int64 // index used last, by any log
	waiting int   // lines in the buffers of all logs
}

// New returns a reporter that sends to s. A nil logger logs nothing, and a nil
// observer means that nobody looks.
func New(s Sender, logger *slog.Logger, to observe.Observer) *Reporter {
	return &Reporter{sender: s, logger: cmp.Or(logger, slog.New(slog.DiscardHandler)), to: observe.Or(to)}
}

// waits tells that so many lines more, or less, wait to be sent.
func (r *Reporter) waits(ctx context.Context, more int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting += more
	r.to.Set(ctx, observe.LogLinesWaiting, float64(r.waiting))
}

// Open opens the log of a stage's run; retried says which run of the stage it
// is, from 0. The log must be closed: until then a goroutine works for it.
// Opening the same log again, after it was closed or in another process,
// continues it.
func (r *Reporter) Open(deploymentID, stageID string, retried int32) *StageLog {
	// The log outlives whoever opened it until Close says how long.
	ctx, cancel := context.WithCancelCause(context.Background())
	l := &StageLog{
		reporter: r,
		batch:    apiclient.LogBatch{DeploymentID: deploymentID, StageID: stageID, RetriedCount: retried, Checkpoint: true},
		logger:   r.logger.With(slog.String("deployment", deploymentID), slog.String("stage", stageID)),
		index:    r.base(time.Now()),
		wake:     make(chan struct{}, 1),
		closing:  make(chan struct{}),
		done:     make(chan struct{}),
		cancel:   cancel,
	}
	go l.run(ctx)
	return l
}

// base returns the first index of a log that is opened at now.
func (r *Reporter) base(now time.Time) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.highest = max(now.UnixMilli(), r.highest+1)
	return r.highest
}

// used records that a log gave the index to a line.
func (r *Reporter) used(index int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.highest = max(r.highest, index)
}
