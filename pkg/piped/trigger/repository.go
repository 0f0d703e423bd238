package trigger

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"pipecd/pkg/config"
	"pipecd/pkg/git"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	"pipecd/pkg/piped/appsource"
)

// Options are what a Repository is made with.
type Options struct {
	Repository   git.Repository
	Source       git.Source
	Applications func() []*model.Application // of this repository, enabled ones; the values are the caller's own copies
	Providers    appsource.Providers
	ControlPlane ControlPlane
	PipedID      string
	Interval     time.Duration // between looks
	Logger       *slog.Logger
	Observer     observe.Observer // is told about looks and what they led to; nil means nobody looks
	Created      func()           // called after a deployment was created, must not block

	// Discover is told of each new head after the deployments it asks for were created, must not block, and may be nil.
	// With it the repository is watched also while it has no applications.
	Discover func(head string)
}

// Repository watches one repository. Poke and Sync may be called from any
// goroutine.
type Repository struct {
	opts   Options
	create creator
	poke   chan struct{}
	sync   chan model.Command

	// What follows belongs to the goroutine of Run.
	apps      map[string]*model.Application
	index     *index
	invalid   map[string]bool // applications whose files cannot be used at processed
	unseen    map[string]bool // applications to be compared from their own last triggered commit
	processed string          // head up to which all applications but unseen were looked at
	searched  string          // head that Discover was told of
	fetched   string
	trouble   string                     // last problem that was logged, so that it is logged once
	failing   time.Time                  // since when the repository cannot be read; zero while it can
	before    map[string]model.SyncState // of applications of which is told that it cannot
	later     []model.Command            // SYNC and ROLL_BACK commands to be tried again
}

// New returns a Repository; Run makes it work.
func New(opts Options) *Repository {
	const queue = 64
	opts.Observer = observe.Or(opts.Observer)
	logger := opts.Logger.With(slog.String("repository", opts.Repository.ID))
	return &Repository{
		opts:    opts,
		create:  creator{controlPlane: opts.ControlPlane, pipedID: opts.PipedID, logger: logger, created: opts.Created, to: opts.Observer},
		poke:    make(chan struct{}, 1),
		sync:    make(chan model.Command, queue),
		apps:    map[string]*model.Application{},
		index:   newIndex(),
		invalid: map[string]bool{},
		unseen:  map[string]bool{},
		before:  map[string]model.SyncState{},
	}
}

// Poke makes the repository be looked at now.
func (r *Repository) Poke() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// Sync asks for a deployment of the head for a SYNC command. It reports false
// when too many are waiting; the command is then to be offered again.
func (r *Repository) Sync(cmd model.Command) bool {
	select {
	case r.sync <- cmd:
		return true
	default:
		return false
	}
}

// Run watches until ctx ends.
func (r *Repository) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case cmd := <-r.sync:
			r.noteProblem(ctx, r.syncNow(ctx, cmd))
			if len(r.later) > 0 {
				timer.Reset(jittered(r.pause()))
			}
			continue
		case <-r.poke:
		case <-timer.C:
		}
		later := r.later
		r.later = nil
		for _, cmd := range later {
			r.noteProblem(ctx, r.syncNow(ctx, cmd))
		}
		err := r.look(ctx)
		r.note(ctx, err)
		r.tell(ctx, err)
		timer.Reset(jittered(r.pause()))
	}
}

// pause is how long to wait before the next look: less while a person waits, or
// after a look that failed, because what asked for it is over.
func (r *Repository) pause() time.Duration {
	const impatient, anxious = 3 * time.Second, 30 * time.Second
	switch {
	case len(r.later) > 0:
		return min(impatient, r.opts.Interval)
	case r.trouble != "":
		return min(anxious, r.opts.Interval)
	default:
		return r.opts.Interval
	}
}

// jittered spreads d by a tenth downwards, so that agents do not ask the host
// all at once and no look comes later than the interval.
func jittered(d time.Duration) time.Duration {
	return d - rand.N(d/10+1) //nolint:gosec // spreads load
}

// note logs a problem of a look once, and once that it is over.
func (r *Repository) note(ctx context.Context, err error) {
	if err == nil && r.trouble != "" {
		r.create.logger.InfoContext(ctx, "the repository can be read again")
		r.trouble = ""
	}
	r.noteProblem(ctx, err)
}

// noteProblem is note for what may succeed although nothing was read.
func (r *Repository) noteProblem(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && err.Error() != r.trouble {
		r.trouble = err.Error()
		r.create.logger.WarnContext(ctx, "the repository could not be looked at; it is tried again", slog.Any("error", err))
	}
}

// look looks at the repository once and tells the observer how that went.
func (r *Repository) look(ctx context.Context) error {
	ctx, end := r.opts.Observer.Begin(ctx, observe.Operation{Kind: observe.Look, Name: r.opts.Repository.ID})
	err := r.lookAt(ctx)
	end("", err)
	return err
}

// lookAt brings the index up to date with the head and creates the deployments
// that its changes ask for.
func (r *Repository) lookAt(ctx context.Context) error {
	r.refresh()
	if len(r.apps) == 0 && r.opts.Discover == nil {
		return nil
	}
	head, err := r.opts.Source.Head(ctx, r.opts.Repository)
	if err != nil {
		return asUnreadable(err)
	}
	if head == r.processed && len(r.unseen) == 0 {
		return nil
	}
	tree, err := r.open(ctx, head)
	if err != nil {
		return asUnreadable(err)
	}
	defer tree.Close() //nolint:errcheck // a snapshot is only read
	wanted, err := r.wanted(ctx, tree)
	if err != nil {
		return asUnreadable(err)
	}
	if head != r.processed {
		r.opts.Observer.Count(ctx, observe.CommitsSeen, 1, r.opts.Repository.ID)
	}
	r.processed = head
	err = r.trigger(ctx, tree.Commit(), wanted)
	if r.opts.Discover != nil && head != r.searched {
		r.searched = head
		r.opts.Discover(head)
	}
	return err
}

// refresh takes over the list of applications. One that is new here is compared
// from its own last triggered commit.
func (r *Repository) refresh() {
	listed := map[string]bool{}
	for _, app := range r.opts.Applications() {
		listed[app.ID] = true
		known, ok := r.apps[app.ID]
		if !ok || known.GitPath != app.GitPath || known.PlatformProvider != app.PlatformProvider {
			r.unseen[app.ID] = true
		}
		if ok {
			keepNewer(app, known)
		}
		r.apps[app.ID] = app
	}
	for id := range r.apps {
		if !listed[id] {
			delete(r.apps, id)
			delete(r.unseen, id)
			delete(r.invalid, id)
			r.index.remove(id)
		}
	}
}

// keepNewer carries over what was triggered and reported here after the list was
// read; a stale list would make one head trigger twice.
func keepNewer(app, known *model.Application) {
	if t := known.LastTriggered; t != nil && (app.LastTriggered == nil || app.LastTriggered.StartedAt.Before(t.StartedAt)) {
		app.LastTriggered = t
	}
	if app.SyncState.Timestamp.Before(known.SyncState.Timestamp) {
		app.SyncState = known.SyncState
	}
}

// open fetches the head if needed and opens its tree. The commits
// to compare with are fetched with it, so that a lost mirror can still be compared.
func (r *Repository) open(ctx context.Context, head string) (git.Snapshot, error) {
	if head != r.fetched {
		if err := r.opts.Source.Fetch(ctx, r.opts.Repository, r.bases()...); err != nil && !errors.Is(err, git.ErrUnknownCommit) {
			return nil, err
		}
	}
	tree, err := r.opts.Source.Snapshot(ctx, r.opts.Repository, head)
	if err != nil {
		return nil, err
	}
	r.fetched = head
	return tree, nil
}

func (r *Repository) bases() []string {
	seen := map[string]bool{}
	var out []string
	if r.processed != "" {
		seen[r.processed] = true
		out = append(out, r.processed)
	}
	for id := range r.unseen {
		if app := r.apps[id]; app != nil && app.LastTriggered != nil {
			if hash := app.LastTriggered.Trigger.Considered(); git.ValidHash(hash) && !seen[hash] {
				seen[hash] = true
				out = append(out, hash)
			}
		}
	}
	return out
}

// trigger creates the deployments. One that could not be created is tried again
// at the next look.
func (r *Repository) trigger(ctx context.Context, commit git.Commit, ids []string) error {
	var failed error
	for _, id := range ids {
		if _, err := r.create.create(ctx, request{
			app: r.apps[id], commit: commit, supersedes: r.index.ruleset[id].during == config.WhileDeployingSupersede,
		}); err != nil {
			r.unseen[id] = true
			failed = errors.Join(failed, err)
			continue
		}
		delete(r.unseen, id)
	}
	return failed
}
