package datastoretest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func (w *world) newEvent(change func(*model.Event)) *model.Event {
	e := &model.Event{ID: model.NewID(), Name: "pushed", Data: "v1", ProjectID: w.project, CreatedAt: w.now, UpdatedAt: w.now}
	if change != nil {
		change(e)
	}
	return e
}

func (w *world) addEvent(t *testing.T, change func(*model.Event)) *model.Event {
	t.Helper()
	e := w.newEvent(change)
	must(t, w.AddEvent(t.Context(), e))
	return e
}

func (w *world) eventNoun() noun {
	return noun{
		name: "event",
		add: func(ctx context.Context) (string, error) {
			e := w.newEvent(nil)
			return e.ID, w.AddEvent(ctx, e)
		},
		get: func(ctx context.Context, id string) (any, error) { return orNil(w.GetEvent(ctx, id)) },
		update: func(ctx context.Context, id string, change func(value) error) (any, error) {
			return orNil(w.UpdateEvent(ctx, model.Fence{}, id, func(e *model.Event) error { return change(value{&e.ID, &e.StatusDescription}) }))
		},
	}
}

func eventID(e *model.Event) string { return e.ID }

func (w *world) events(f datastore.EventFilter) lister[model.Event] {
	return func(ctx context.Context, page datastore.Page) ([]*model.Event, string, error) {
		return w.ListEvents(ctx, f, page)
	}
}

// testLatestEvent: the newest with exactly the name and the labels, whatever its status.
func testLatestEvent(t *testing.T, w *world) {
	labels := map[string]string{"app": "web", "env": "prod"}
	add := func(n int, change func(*model.Event)) *model.Event {
		return w.addEvent(t, func(e *model.Event) {
			e.CreatedAt, e.Labels = w.at(n), labels
			if change != nil {
				change(e)
			}
		})
	}
	add(1, nil)
	want := add(3, func(e *model.Event) { e.Status = model.EventOutdated })
	add(2, nil)
	add(9, func(e *model.Event) { e.Name = "other" })
	add(9, func(e *model.Event) { e.Labels = map[string]string{"app": "web"} })
	add(9, func(e *model.Event) { e.Labels = nil })
	add(9, func(e *model.Event) { e.ProjectID = model.NewID() })
	got, err := w.LatestEvent(t.Context(), w.project, model.EventKey("pushed", labels))
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = w.LatestEvent(t.Context(), w.project, model.EventKey("pushed", map[string]string{"app": "db"}))
	wantCode(t, err, model.CodeNotFound)
	wantCode(t, w.AddEvent(t.Context(), want), model.CodeAlreadyExists)
}

func testEventFilters(t *testing.T, w *world) {
	var all []string // oldest first
	statuses := map[model.EventStatus][]string{}
	for i := range 9 {
		e := w.addEvent(t, func(e *model.Event) { e.CreatedAt, e.Status = w.at(i), model.EventStatus(int32(i%4)) })
		all = append(all, e.ID)
		statuses[e.Status] = append(statuses[e.Status], e.ID)
	}
	w.addEvent(t, func(e *model.Event) { e.ProjectID = model.NewID() })
	check := func(name string, f datastore.EventFilter, want []string) {
		t.Helper()
		f.ProjectID, f.Ascending = w.project, true
		if diff := cmp.Diff(want, walk(t, 2, eventID, w.events(f))); diff != "" {
			t.Errorf("%s, oldest first (-want +got):\n%s", name, diff)
		}
		f.Ascending = false
		var reversed []string
		for _, id := range want {
			reversed = append([]string{id}, reversed...)
		}
		if diff := cmp.Diff(reversed, walk(t, 2, eventID, w.events(f))); diff != "" {
			t.Errorf("%s, newest first (-want +got):\n%s", name, diff)
		}
	}
	check("all", datastore.EventFilter{}, all)
	check("from", datastore.EventFilter{From: w.at(3)}, all[3:])
	check("to", datastore.EventFilter{To: w.at(3)}, all[:3])
	check("between", datastore.EventFilter{From: w.at(2), To: w.at(2).Add(time.Microsecond)}, all[2:3])
	for status, ids := range statuses {
		check(status.String(), datastore.EventFilter{Status: &status}, ids)
	}
}
