package apiclient

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"pipecd/pkg/model"
	"pipecd/pkg/observe"
)

const (
	// firstAnswer is how long the control plane may take to answer a hello, and
	// the heartbeat until it named one.
	firstAnswer = 15 * time.Second
	// maxHeartbeat is the longest heartbeat the contract allows.
	maxHeartbeat = 20 * time.Second
	minHeartbeat = 100 * time.Millisecond
	// steadyAfter is how long a stream must last before the next reconnect is
	// fast again, so that one that breaks at once does not become a busy loop.
	steadyAfter = 10 * time.Second
	// farewell is how long the control plane may take to end the stream after a
	// goodbye.
	farewell = 2 * time.Second

	pollInterval  = 5 * time.Second
	streamRetry   = 3 * time.Minute // how long to poll before the stream is tried again
	pollDeadline  = 20 * time.Second
	jitterPercent = 10

	// maxStatInterval is the longest pause between signs of life while polling.
	// PipeCD shows an agent as offline two minutes after the last one.
	maxStatInterval = time.Minute
)

// Handler hears what the control plane says. Its methods are called one after
// the other from one goroutine; while one runs nothing else is heard, so they
// hand over and return. ctx is that of Session.Run.
type Handler interface {
	// Leased says that this process may act, under epoch. It is repeated after
	// every reconnect; another epoch than before means that another process may
	// have acted in between.
	Leased(ctx context.Context, epoch int64)
	// Standby says that another process holds the lease: stop acting. Leased
	// follows when it is free.
	Standby(ctx context.Context, holder Holder)
	// Polling says that the control plane knows no stream and hence no lease:
	// act without.
	Polling(ctx context.Context)
	// Command brings a command. The same one may come again, after a reconnect
	// and with every poll, until it was reported as handled and perhaps once
	// more; telling repeats apart, by id and for a bounded time, is the handler's
	// business.
	Command(ctx context.Context, c *model.Command)
	// RepositoryChanged says that something changed in a repository of this
	// agent: look now.
	RepositoryChanged(ctx context.Context, repoID string)
	// ApplicationsChanged says that applications of this agent were added or
	// changed: list them now.
	ApplicationsChanged(ctx context.Context)
	// Disconnected says that the control plane is away, once per outage. The
	// lease may run out meanwhile; calls are refused with CodeFenced if so.
	Disconnected(ctx context.Context, err error)
}

// Holder is the process that holds the lease of this agent.
type Holder struct {
	InstanceID string
	Host       string
}

// String names the holder for people.
func (h Holder) String() string {
	if h.Host == "" {
		return "instance " + h.InstanceID
	}
	return "instance " + h.InstanceID + " on " + h.Host
}

// Session keeps the stream to the control plane open.
type Session struct {
	client *Client
	log    *slog.Logger
	mode   mode
	said   bool      // that there is no stream
	stat   time.Time // when the next sign of life is due, while polling
}

// mode is what the handler was told last.
type mode int

const (
	modeNew mode = iota
	modeStream
	modePolling
	modeAway
)

// NewSession returns a session of the client. Use one session per client, once.
func NewSession(c *Client) *Session {
	return &Session{client: c, log: c.options.Logger.With(
		slog.String("address", c.options.Address), slog.String("instance", c.options.InstanceID))}
}

// Run keeps the stream open until ctx ends, then gives the lease back with a
// goodbye and returns nil. A stream that breaks, or on which the control plane
// was silent for two and a half heartbeats, is opened again, at once at first
// and then with growing pauses. A control plane that does not know the stream is
// polled for commands, told regularly that the agent lives, and asked for the
// stream again every few minutes.
func (s *Session) Run(ctx context.Context, h Handler) error {
	pause := newPause()
	for ctx.Err() == nil {
		lasted, err := s.connect(ctx, h)
		switch {
		case ctx.Err() != nil:
			continue // to the end
		case isUnknownCall(err):
			s.poll(ctx, h)
			pause.Reset()
			continue
		case lasted >= steadyAfter:
			pause.Reset()
		}
		wait := pause.NextBackOff()
		s.away(ctx, h, err, wait)
		sleep(ctx, wait)
	}
	return nil
}

// away tells the handler once per outage and the log every time.
func (s *Session) away(ctx context.Context, h Handler, err error, wait time.Duration) {
	err = s.client.reading("keeping the stream to the control plane open").explain(ctx, err)
	s.log.WarnContext(ctx, err.Error()+"; trying again in "+wait.Round(time.Millisecond).String(),
		slog.String("code", string(model.CodeOf(err))))
	s.observe(ctx, false)
	s.client.options.Observer.Count(ctx, observe.StreamsLost, 1)
	if s.mode != modeAway {
		s.mode = modeAway
		h.Disconnected(ctx, err)
	}
}

// observe tells whether the stream is open.
func (s *Session) observe(ctx context.Context, open bool) {
	value := 0.0
	if open {
		value = 1
	}
	s.client.options.Observer.Set(ctx, observe.StreamOpen, value)
}

// poll asks for commands for a while.
func (s *Session) poll(ctx context.Context, h Handler) {
	if !s.said {
		s.said = true
		s.log.InfoContext(ctx, "the control plane knows no stream; polling it for commands, without a lease",
			slog.Duration("interval", pollInterval))
	}
	if s.mode != modePolling {
		s.mode = modePolling
		s.client.holder.Store(nil)
		h.Polling(ctx)
	}
	until := time.Now().Add(jittered(streamRetry))
	for time.Now().Before(until) && ctx.Err() == nil {
		s.pollOnce(ctx, h)
		s.giveSign(ctx)
		sleep(ctx, jittered(pollInterval))
	}
}

func (s *Session) pollOnce(ctx context.Context, h Handler) {
	once, cancel := context.WithTimeout(ctx, pollDeadline)
	defer cancel()
	commands, err := s.client.ListUnhandledCommands(once)
	if err != nil {
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, err.Error(), slog.String("code", string(model.CodeOf(err))))
		}
		return
	}
	for _, c := range commands {
		h.Command(ctx, c)
	}
}

// giveSign tells the control plane that this agent lives, when it is due: nothing
// else does while there is no stream.
func (s *Session) giveSign(ctx context.Context) {
	if time.Now().Before(s.stat) {
		return
	}
	wait, err := s.client.reportStat(ctx)
	s.stat = time.Now().Add(wait - pollInterval/2) // at the poll that is nearest to it, however that is jittered
	if err != nil && ctx.Err() == nil {
		s.stat = time.Time{}
		s.log.WarnContext(ctx, err.Error(), slog.String("code", string(model.CodeOf(err))))
	}
}

// jittered returns d, up to a tenth more or less, so that agents that started
// together do not ask together.
func jittered(d time.Duration) time.Duration {
	spread := int64(d) * jitterPercent / 100
	return d + time.Duration(rand.Int64N(2*spread+1)-spread)
}
