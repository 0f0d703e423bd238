package webapi

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

// glance is a look at when everything that a stream follows changed last: a few
// small queries, however many topics there are.
type glance struct {
	ids   map[datastore.Noun]map[string]bool // what is needed
	lists map[datastore.Noun]bool

	at        time.Time
	revisions map[datastore.Noun]map[string]datastore.Revision // what was found
	marks     map[datastore.Noun]datastore.ListRevision
}

// newGlance returns a glance at a time of the datastore.
func newGlance(now time.Time) *glance {
	return &glance{
		ids:       map[datastore.Noun]map[string]bool{},
		lists:     map[datastore.Noun]bool{},
		at:        now,
		revisions: map[datastore.Noun]map[string]datastore.Revision{},
		marks:     map[datastore.Noun]datastore.ListRevision{},
	}
}

func (g *glance) need(noun datastore.Noun, id string) {
	if id == "" {
		return
	}
	if g.ids[noun] == nil {
		g.ids[noun] = map[string]bool{}
	}
	g.ids[noun][id] = true
}

func (g *glance) needList(noun datastore.Noun) { g.lists[noun] = true }

func (g *glance) revision(noun datastore.Noun, id string) datastore.Revision {
	return g.revisions[noun][id]
}

// online reports whether the agent gave a sign of life recently.
func (g *glance) online(pipedID string) bool {
	p := model.Piped{LastSeenAt: g.revision(datastore.NounPiped, pipedID).SeenAt}
	return p.Online(g.at)
}

// find asks the datastore.
func (g *glance) find(ctx context.Context, from datastore.Revisions, projectID string) error {
	var err error
	for noun, ids := range g.ids {
		if g.revisions[noun], err = from.Revisions(ctx, noun, slices.Collect(maps.Keys(ids))); err != nil {
			return err
		}
	}
	for noun := range g.lists {
		if g.marks[noun], err = from.ListRevision(ctx, noun, projectID, g.at.Add(-model.PipedOnlineWindow)); err != nil {
			return err
		}
	}
	return nil
}

// glance marks the topics that changed although nobody said so. Where it fails,
// the next one makes up for it.
func (u *subscription) glance(ctx context.Context) {
	g := newGlance(u.service.clock.Now())
	for _, t := range u.topics {
		if !t.ended {
			t.needs(g)
		}
	}
	short, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if err := g.find(short, u.service.store, u.user.ProjectID); err != nil {
		if ctx.Err() == nil {
			u.service.logger.WarnContext(ctx, "what others wrote could not be looked for now", slog.Any("error", err))
		}
		return
	}
	for _, t := range u.topics {
		if !t.ended && t.differs(g) {
			t.dirty = true
		}
	}
}
