package agent

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"pipecd/pkg/model"
)

// applicationsInterval is how often the list is read although nobody said that
// it changed.
const applicationsInterval = time.Minute

// applicationLister reads the agent's applications.
type applicationLister interface {
	ListApplications(ctx context.Context) ([]*model.Application, error)
}

// applications keeps the list of the agent's applications. It is safe for
// concurrent use.
type applications struct {
	source  applicationLister
	logger  *slog.Logger
	refresh chan struct{}
	changed func() // called when there may be something new to look at in a repository

	mu   sync.Mutex
	list map[string]*model.Application
}

func newApplications(source applicationLister, logger *slog.Logger, changed func()) *applications {
	return &applications{source: source, logger: logger, refresh: make(chan struct{}, 1), changed: changed, list: map[string]*model.Application{}}
}

// load reads the list once.
func (a *applications) load(ctx context.Context) error {
	apps, err := a.source.ListApplications(ctx)
	if err != nil {
		return err
	}
	list := make(map[string]*model.Application, len(apps))
	for _, app := range apps {
		list[app.ID] = app
	}
	a.mu.Lock()
	changed := !maps.EqualFunc(a.list, list, lookAlike)
	a.list = list
	a.mu.Unlock()
	if changed {
		a.changed()
	}
	return nil
}

// lookAlike reports whether the same is looked at for both. If so the interval
// of looks stays the operator's, however often the list is read.
func lookAlike(a, b *model.Application) bool {
	return a.GitPath == b.GitPath && a.PlatformProvider == b.PlatformProvider && a.Disabled == b.Disabled && a.Deleted == b.Deleted
}

// run reads the list again when told, and from time to time.
func (a *applications) run(ctx context.Context) {
	ticker := time.NewTicker(applicationsInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.refresh:
		case <-ticker.C:
		}
		if err := a.load(ctx); err != nil && ctx.Err() == nil {
			a.logger.WarnContext(ctx, "the list of applications could not be read; it is tried again", slog.Any("error", err))
		}
		restAfter(ctx, a.size())
	}
}

func (a *applications) size() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.list)
}

// restAfter waits after a list was read whole, the longer the more it had: many
// changes at once shall not make every one of them read all of it.
func restAfter(ctx context.Context, entries int) {
	pause(ctx, min(time.Duration(entries)*time.Millisecond, time.Second))
}

// hint asks for the list to be read now.
func (a *applications) hint() {
	select {
	case a.refresh <- struct{}{}:
	default:
	}
}

// get returns a copy of the application, nil when the agent has none with the id.
func (a *applications) get(id string) *model.Application {
	a.mu.Lock()
	defer a.mu.Unlock()
	app, ok := a.list[id]
	if !ok {
		return nil
	}
	return app.Clone()
}

// of returns copies of the enabled applications of a repository.
func (a *applications) of(repoID string) []*model.Application {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*model.Application
	for _, app := range a.list {
		if app.GitPath.Repo.ID == repoID && !app.Disabled && !app.Deleted {
			out = append(out, app.Clone())
		}
	}
	return out
}

// all returns copies of all applications.
func (a *applications) all() []*model.Application {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]*model.Application, 0, len(a.list))
	for _, app := range a.list {
		out = append(out, app.Clone())
	}
	return out
}

// update changes the kept copy, so that it is right before the next reading.
func (a *applications) update(id string, change func(*model.Application)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if app, ok := a.list[id]; ok {
		change(app)
	}
}
