package agent

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/piped/apiclient"
)

// handledReporter answers commands.
type handledReporter interface {
	ReportCommandHandled(ctx context.Context, commandID string, h model.Handled) error
}

// rememberHandled is how long the id of an answered command is remembered, so
// that a repeat that was under way is not handled again.
const rememberHandled = 10 * time.Minute

// inbox remembers which commands are being handled. Commands arrive at least
// once, by the stream and by polling. It is safe for concurrent use.
type inbox struct {
	mu   sync.Mutex
	seen map[string]time.Time // when it was answered; zero while it is being handled
}

func newInbox() *inbox { return &inbox{seen: map[string]time.Time{}} }

// accept reports whether the command is new here.
func (b *inbox) accept(id string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for other, at := range b.seen {
		if !at.IsZero() && now.Sub(at) > rememberHandled {
			delete(b.seen, other)
		}
	}
	if _, ok := b.seen[id]; ok {
		return false
	}
	b.seen[id] = time.Time{}
	return true
}

// done marks the command as answered; forget lets it be accepted again.
func (b *inbox) done(id string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[id] = now
}

func (b *inbox) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.seen, id)
}

// settling is the control plane for whoever answers commands without a mailbox:
// it tells the inbox.
type settling struct {
	*apiclient.Client

	inbox *inbox
}

// ReportCommandHandled answers a command. One that can be answered later stays
// with who asks; any other comes again if it is still open.
func (s settling) ReportCommandHandled(ctx context.Context, commandID string, h model.Handled) error {
	err := s.Client.ReportCommandHandled(ctx, commandID, h)
	settle(ctx, s.inbox, commandID, err)
	return err
}

// settle tells the inbox what became of the answer to a command.
func settle(ctx context.Context, in *inbox, commandID string, err error) {
	switch code := model.CodeOf(err); {
	case err == nil, code == model.CodeFailedPrecondition, code == model.CodeNotFound:
		in.done(commandID, time.Now())
	case model.IsRetryable(err), ctx.Err() != nil: // it is tried again by who asks
	default:
		in.forget(commandID)
	}
}

// mailbox holds the commands for the stages of one deployment. It implements
// stage.Commands.
type mailbox struct {
	reporter handledReporter
	inbox    *inbox
	logger   *slog.Logger

	mu      sync.Mutex
	waiting []model.Command
	closed  bool
	arrived chan struct{} // closed and replaced when a command arrives
}

func newMailbox(reporter handledReporter, in *inbox, logger *slog.Logger) *mailbox {
	return &mailbox{reporter: reporter, inbox: in, logger: logger, arrived: make(chan struct{})}
}

// put adds a command. It reports false when the mailbox is closed.
func (m *mailbox) put(cmd model.Command) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.waiting = append(m.waiting, cmd)
	close(m.arrived)
	m.arrived = make(chan struct{})
	return true
}

// Next implements stage.Commands.
func (m *mailbox) Next(ctx context.Context, stageID string, types ...model.CommandType) (model.Command, error) {
	for {
		cmd, ok, arrived := m.take(func(c model.Command) bool { return c.StageID == stageID && slices.Contains(types, c.Type) })
		if ok {
			return cmd, nil
		}
		select {
		case <-ctx.Done():
			return model.Command{}, context.Cause(ctx)
		case <-arrived:
		}
	}
}

func (m *mailbox) take(fits func(model.Command) bool) (model.Command, bool, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.waiting, fits)
	if i < 0 {
		return model.Command{}, false, m.arrived
	}
	cmd := m.waiting[i]
	m.waiting = slices.Delete(m.waiting, i, i+1)
	return cmd, true, nil
}

// takeAll removes what waits and fits.
func (m *mailbox) takeAll(fits func(model.Command) bool) []model.Command {
	var out []model.Command
	for {
		cmd, ok, _ := m.take(fits)
		if !ok {
			return out
		}
		out = append(out, cmd)
	}
}

// close ends the mailbox and returns what is left in it.
func (m *mailbox) close() []model.Command {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	left := m.waiting
	m.waiting = nil
	return left
}

// Answer implements stage.Commands. A command that could not be answered is
// taken again when it comes again; one that also waits here need not.
func (m *mailbox) Answer(ctx context.Context, commandID string, status model.CommandStatus, reason string) error {
	h := model.Handled{Status: status, At: time.Now().UTC()}
	if reason != "" {
		h.Metadata = map[string]string{model.CommandMetadataReason: reason}
	}
	err := m.reporter.ReportCommandHandled(ctx, commandID, h)
	if err != nil && model.CodeOf(err) != model.CodeFailedPrecondition { // FailedPrecondition: it was answered before
		m.inbox.forget(commandID)
		return err
	}
	m.inbox.done(commandID, time.Now())
	m.take(func(c model.Command) bool { return c.ID == commandID })
	return nil
}

// answerCancels answers the cancel commands that took effect.
func (m *mailbox) answerCancels(ctx context.Context) {
	for _, cmd := range m.takeAll(func(c model.Command) bool { return c.Type == model.CommandCancelDeployment }) {
		if err := m.Answer(ctx, cmd.ID, model.CommandSucceeded, ""); err != nil {
			m.logger.WarnContext(ctx, "a command could not be answered; it is tried again", slog.String("command", cmd.ID), slog.Any("error", err))
		}
	}
}
