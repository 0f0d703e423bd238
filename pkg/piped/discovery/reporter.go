package discovery

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"time"

	"pipecd/pkg/model"
)

// again is how often the list of applications is compared with what was found,
// and a report that failed is made again.
const again = time.Minute

// Options are what a Reporter is made with.
type Options struct {
	// Report tells the control plane all of what nobody added. It tries again by itself as long as that can help.
	Report func(ctx context.Context, found []*model.Application) error
	// Applications are those that exist.
	Applications func() []*model.Application
	PipedID      string
	Logger       *slog.Logger
}

// Reporter tells the control plane what was found. Its methods may be called
// from any goroutine.
type Reporter struct {
	opts Options
	wake chan struct{}

	mu    sync.Mutex
	found map[string][]*model.Application // by repository
}

// NewReporter returns a Reporter; Run makes it work.
func NewReporter(o Options) *Reporter {
	return &Reporter{opts: o, wake: make(chan struct{}, 1), found: map[string][]*model.Application{}}
}

// Look scans a new head of a repository. A tree that cannot be read is logged,
// and what was known of the repository stays.
func (r *Reporter) Look(ctx context.Context, tree Tree, repo model.GitRepository) {
	result, err := Scan(ctx, tree, repo)
	if err != nil {
		if ctx.Err() == nil {
			r.opts.Logger.WarnContext(ctx, "the repository could not be searched for applications that nobody added",
				slog.String("repository", repo.ID), slog.Any("error", err))
		}
		return
	}
	if result.Partial {
		r.opts.Logger.WarnContext(ctx, "the repository is too large to be searched whole for applications that nobody added; a part was",
			slog.String("repository", repo.ID))
	}
	r.mu.Lock()
	r.found[repo.ID] = result.Applications
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run reports until ctx ends, or until the control plane turns out not to take
// such reports.
func (r *Reporter) Run(ctx context.Context) {
	var (
		told  []*model.Application
		once  bool
		timer = time.NewTimer(again)
	)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
		timer.Reset(again + rand.N(again/10)) //nolint:gosec // spreads load
		list, searched := r.unregistered()
		if !searched || once && reflect.DeepEqual(list, told) {
			continue
		}
		err := r.opts.Report(ctx, list)
		switch {
		case err == nil:
			told, once = list, true
		case ctx.Err() != nil:
			return
		case model.CodeOf(err) == model.CodeUnimplemented:
			r.opts.Logger.InfoContext(ctx, "the control plane takes no suggestions of applications", slog.Any("error", err))
			return
		default:
			r.opts.Logger.WarnContext(ctx, "applications that nobody added could not be reported; it is tried again", slog.Any("error", err))
		}
	}
}

// unregistered returns what was found and is no application, by repository and
// path, and whether any repository was searched yet.
func (r *Reporter) unregistered() ([]*model.Application, bool) {
	added := map[[2]string]bool{}
	for _, a := range r.opts.Applications() {
		added[[2]string{a.GitPath.Repo.ID, a.GitPath.ConfigPath()}] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*model.Application
	for _, id := range slices.Sorted(maps.Keys(r.found)) {
		for _, a := range r.found[id] {
			if len(out) < model.MaxSuggestions && !added[[2]string{id, a.GitPath.ConfigPath()}] {
				own := a.Clone()
				own.PipedID = r.opts.PipedID
				out = append(out, own)
			}
		}
	}
	return out, len(r.found) > 0
}
