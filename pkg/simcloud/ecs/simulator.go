package ecs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"pipecd/pkg/simcloud/target"
	"pipecd/pkg/simcloud/task"
)

// Timing is how long the simulated service takes. Zero values mean at once,
// except where a default is named.
type Timing struct {
	// TaskStart is spent from PROVISIONING to RUNNING.
	TaskStart time.Duration
	// TaskStop is spent in STOPPING, after the load balancer drained the task.
	TaskStop time.Duration
	// SteadyCheck is how often the health of targets is looked at, for steady
	// state and for replacing unhealthy tasks. Descriptions always look anew.
	// Defaults to 200ms.
	SteadyCheck time.Duration
	// RestartBackoff is the pause before a task is started again that never
	// came up; it doubles with each failure up to 15 minutes. Defaults to 1s.
	RestartBackoff time.Duration
}

// Cluster is a cluster that exists from the start.
type Cluster struct {
	Name string
	// ContainerInstances is how many EC2 instances it has. With none, tasks of
	// launch type EC2 cannot be placed; Fargate tasks always can.
	ContainerInstances int
	Tags               map[string]string
}

// Config is what a Simulator is made from.
type Config struct {
	// Account is the twelve digit account id, Region the region of all ARNs.
	Account, Region string
	Clusters        []Cluster
	Timing          Timing
	// DeleteScaledSets lets DeleteTaskSet take ACTIVE sets whose scale is not
	// zero without force; see the package comment.
	DeleteScaledSets bool
	Runner           task.Runner
	Groups           target.Groups
	Log              *slog.Logger
}

// withDefaults returns a copy with every default filled in.
func (c Config) withDefaults() Config {
	const steadyCheck, restartBackoff = 200 * time.Millisecond, time.Second
	if c.Timing.SteadyCheck <= 0 {
		c.Timing.SteadyCheck = steadyCheck
	}
	if c.Timing.RestartBackoff <= 0 {
		c.Timing.RestartBackoff = restartBackoff
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.Account == "":
		return errors.New("ecs: Config.Account is empty")
	case c.Region == "":
		return errors.New("ecs: Config.Region is empty")
	case c.Runner == nil:
		return errors.New("ecs: Config.Runner is nil")
	case c.Groups == nil:
		return errors.New("ecs: Config.Groups is nil")
	}
	for _, cluster := range c.Clusters {
		if !nameRule.MatchString(cluster.Name) {
			return fmt.Errorf("ecs: cluster name %q is not valid", cluster.Name)
		}
	}
	return nil
}

// Simulator is the simulated service. It is safe for concurrent use.
type Simulator struct {
	cfg    Config
	runner task.Runner
	groups target.Groups
	log    *slog.Logger

	ctx    context.Context //nolint:containedctx // the lifetime of the tasks, ended by Close
	cancel context.CancelCauseFunc
	wait   sync.WaitGroup

	mu       sync.Mutex // guards everything below and everything reachable from it
	closed   bool
	changed  chan struct{} // closed and replaced at every change
	clusters []*cluster
	families map[string]*family
	tokens   map[tokenKey]tokenUse
	stopped  []*runningTask // finished tasks, oldest first, still described
	serial   uint64         // last number given to a task set, address or event
}

// cluster is a named place for services and tasks.
type cluster struct {
	name, arn string
	instances int
	tags      []types.Tag
	services  []*service     // in order of creation, INACTIVE ones included
	tasks     []*runningTask // not yet STOPPED
}

// errClosed is the cause with which the tasks of a closed simulator end.
var errClosed = errors.New("the simulated cloud was closed")

// New starts the service with its clusters. Close ends it.
func New(cfg Config) (*Simulator, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &Simulator{
		cfg: cfg, runner: cfg.Runner, groups: cfg.Groups, log: cfg.Log,
		ctx: ctx, cancel: cancel,
		changed:  make(chan struct{}),
		families: map[string]*family{},
		tokens:   map[tokenKey]tokenUse{},
	}
	for _, c := range cfg.Clusters {
		s.clusters = append(s.clusters, &cluster{
			name: c.Name, arn: s.arn("cluster/" + c.Name), instances: c.ContainerInstances, tags: tagsOf(c.Tags),
		})
	}
	s.wait.Go(s.watchHealth)
	return s, nil
}

// Close stops every task and returns when nothing of the simulator runs any
// more. It may be called more than once.
func (s *Simulator) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel(errClosed)
	s.wait.Wait()
}

// Changed returns a channel that is closed at the next change of any state, so
// that a test can wait without polling: take the channel, look, then wait.
func (s *Simulator) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// touch announces a change. The caller holds s.mu.
func (s *Simulator) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// after calls f in d unless the simulator is closed first. The caller holds s.mu.
func (s *Simulator) after(d time.Duration, f func()) {
	s.spawn(func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			f()
		case <-s.ctx.Done():
		}
	})
}

// spawn starts a goroutine that Close waits for. The caller holds s.mu, which
// keeps a start from racing with Close.
func (s *Simulator) spawn(f func()) {
	if !s.closed {
		s.wait.Go(f)
	}
}

// next returns a number that was not given before. The caller holds s.mu.
func (s *Simulator) next() uint64 {
	s.serial++
	return s.serial
}
