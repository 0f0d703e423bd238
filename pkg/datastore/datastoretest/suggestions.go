package datastoretest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func testSuggestions(t *testing.T, w *world) {
	ctx := t.Context()
	first, second := w.newPiped("a"), w.newPiped("b")
	must(t, w.AddPiped(ctx, first))
	must(t, w.AddPiped(ctx, second))
	info := func(p *model.Piped, path string) model.ApplicationInfo {
		return model.ApplicationInfo{
			Name: "name of " + path, Kind: model.KindECS, Labels: map[string]string{"env": "prod"}, Description: "found", PipedID: p.ID,
			RepoID: "repo", Path: path, ConfigFilename: model.DefaultConfigFilename,
		}
	}
	put := func(p *model.Piped, found ...model.ApplicationInfo) {
		t.Helper()
		must(t, w.PutSuggestions(ctx, model.Fence{PipedID: p.ID}, p.ID, found))
	}
	check := func(want ...model.ApplicationInfo) {
		t.Helper()
		got, err := w.ListSuggestions(ctx, w.project)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	check()
	put(first, info(first, "z"), info(first, "b"))
	put(second, info(second, "a"))
	check(info(second, "a"), info(first, "b"), info(first, "z"))
	put(first, info(first, "c")) // replaces
	check(info(second, "a"), info(first, "c"))

	added := w.addApplication(t, func(a *model.Application) { a.GitPath.Path = "c" })
	check(info(second, "a"))
	_, err := w.UpdateApplication(ctx, model.Fence{}, added.ID, func(a *model.Application) error { a.Deleted = true; return nil })
	must(t, err)
	check(info(second, "a"), info(first, "c")) // it is free again
	w.addApplication(t, func(a *model.Application) { a.ProjectID, a.GitPath.Path = model.NewID(), "c" })
	check(info(second, "a"), info(first, "c")) // another project's

	put(first)
	put(second)
	check()
	wantCode(t, w.PutSuggestions(ctx, model.Fence{}, "nobody", []model.ApplicationInfo{info(first, "x")}), model.CodeNotFound)
	tooMany := make([]model.ApplicationInfo, model.MaxSuggestions+1)
	wantCode(t, w.PutSuggestions(ctx, model.Fence{}, first.ID, tooMany), model.CodeInvalid)
}

func testSuggestionFence(t *testing.T, w *world) {
	ctx := t.Context()
	p := w.newPiped("a")
	must(t, w.AddPiped(ctx, p))
	lease, _, err := w.AcquireLease(ctx, p.ID, datastore.LeaseRequest{InstanceID: "i", TTL: time.Hour})
	must(t, err)
	found := []model.ApplicationInfo{{Name: "n", RepoID: "repo", Path: "x"}}
	wantCode(t, w.PutSuggestions(ctx, model.Fence{PipedID: p.ID, Epoch: lease.Epoch + 1}, p.ID, found), model.CodeFenced)
	list, err := w.ListSuggestions(ctx, w.project)
	must(t, err)
	if len(list) > 0 {
		t.Errorf("a refused write left %v", list)
	}
	must(t, w.PutSuggestions(ctx, model.Fence{PipedID: p.ID, Epoch: lease.Epoch}, p.ID, found))
}
