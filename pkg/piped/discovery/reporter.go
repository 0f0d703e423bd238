package discovery

import (
	"cmp"
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
	// Update tells the control plane what the files of applications that exist say: name, labels and description.
	Update func(ctx context.Context, apps []*model.Application) error
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
	r.Compare()
}

// Compare asks for what was found to be held against the applications now,
// because those have changed.
func (r *Reporter) Compare() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run reports until ctx ends.
func (r *Reporter) Run(ctx context.Context) {
	suggestions := telling{
		logger: r.opts.Logger, tell: r.opts.Report, what: "applications that nobody added", evenNothing: true,
	}
	updates := telling{logger: r.opts.Logger, tell: r.opts.Update, what: "what files say about applications"}
	timer := time.NewTimer(again)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-timer.C:
		}
		timer.Reset(again + rand.N(again/10)) //nolint:gosec // spreads load
		if unregistered, outdated, searched := r.compare(); searched {
			suggestions.now(ctx, unregistered)
			updates.now(ctx, outdated)
		}
	}
}

// telling tells the control plane a list when it is another than the last time.
type telling struct {
	logger      *slog.Logger
	tell        func(ctx context.Context, list []*model.Application) error
	what        string
	evenNothing bool // an empty list says something too

	told  []*model.Application
	once  bool
	never bool // the control plane does not take it
}

func (t *telling) now(ctx context.Context, list []*model.Application) {
	if t.never || t.once && reflect.DeepEqual(list, t.told) {
		return
	}
	if len(list) == 0 && !t.evenNothing {
		t.told, t.once = nil, false
		return
	}
	err := t.tell(ctx, list)
	switch {
	case err == nil:
		t.told, t.once = list, true
	case ctx.Err() != nil: // the end
	case model.CodeOf(err) == model.CodeUnimplemented:
		t.never = true
		t.logger.InfoContext(ctx, "the control plane does not take "+t.what, slog.Any("error", err))
	default:
		t.logger.WarnContext(ctx, t.what+" could not be reported; it is tried again", slog.Any("error", err))
	}
}

// compare holds what was found against the applications there are. Both lists
// are by repository and path: what is no application, and the applications whose
// files say something else than is known of them, as the files have them.
// searched is whether any repository was searched yet.
func (r *Reporter) compare() (unregistered, outdated []*model.Application, searched bool) {
	added := map[[2]string][]*model.Application{}
	for _, a := range r.opts.Applications() {
		at := [2]string{a.GitPath.Repo.ID, a.GitPath.ConfigPath()}
		added[at] = append(added[at], a)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(r.found)) {
		for _, file := range r.found[id] {
			known := added[[2]string{id, file.GitPath.ConfigPath()}]
			for _, a := range known {
				if told := saidBy(file, a); told != nil && len(outdated) < mostUpdates {
					outdated = append(outdated, told)
				}
			}
			if len(known) == 0 && len(unregistered) < model.MaxSuggestions {
				own := file.Clone()
				own.PipedID = r.opts.PipedID
				unregistered = append(unregistered, own)
			}
		}
	}
	return unregistered, outdated, len(r.found) > 0
}

// mostUpdates is how many applications are told at once; the rest follows when
// these are known.
const mostUpdates = 200

// saidBy returns the application as its file has it, nil when nothing differs. A
// file without a description leaves the one that a person wrote.
func saidBy(file, a *model.Application) *model.Application {
	description := cmp.Or(file.Description, a.Description)
	if a.Name == file.Name && a.Description == description && maps.Equal(a.Labels, file.Labels) {
		return nil
	}
	told := a.Clone()
	told.Name, told.Description, told.Labels = file.Name, description, maps.Clone(file.Labels)
	return told
}
