package datastoretest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipecd/pkg/datastore"
	"pipecd/pkg/model"
)

func testProjects(t *testing.T, w *world) {
	var want []string
	for _, name := range []string{"b", "B", "a", "é", "a😀", "a_"} {
		id := w.project + name
		must(t, w.AddProject(t.Context(), &model.Project{ID: id}))
		want = append(want, id)
	}
	slices.Sort(want) // by bytes
	all := walk(t, 2, func(p *model.Project) string { return p.ID }, w.ListProjects)
	if !slices.IsSorted(all) {
		t.Error("projects are not listed by id")
	}
	got := slices.DeleteFunc(all, func(id string) bool { return !strings.HasPrefix(id, w.project) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testPipedNames(t *testing.T, w *world) {
	ctx := t.Context()
	names := []string{"b", "B", "a", "a ", "é", "e", "😀", "😁"}
	for _, name := range names {
		must(t, w.AddPiped(ctx, w.newPiped(name)))
	}
	wantCode(t, w.AddPiped(ctx, w.newPiped("a")), model.CodeAlreadyExists)
	elsewhere := w.newPiped("a")
	elsewhere.ProjectID = model.NewID()
	must(t, w.AddPiped(ctx, elsewhere))

	slices.Sort(names)
	name := func(p *model.Piped) string { return p.Name }
	list := func(ctx context.Context, page datastore.Page) ([]*model.Piped, string, error) {
		return w.ListPipeds(ctx, w.project, page)
	}
	if diff := cmp.Diff(names, walk(t, 3, name, list)); diff != "" {
		t.Errorf("pipeds by name (-want +got):\n%s", diff)
	}

	p := w.newPiped("renamed")
	must(t, w.AddPiped(ctx, p))
	rename := func(to string) error {
		_, err := w.UpdatePiped(ctx, p.ID, func(p *model.Piped) error { p.Name = to; return nil })
		return err
	}
	wantCode(t, rename("a"), model.CodeAlreadyExists)
	must(t, rename("free"))
	must(t, w.AddPiped(ctx, w.newPiped("renamed")))
}

func testTouchPiped(t *testing.T, w *world) {
	ctx := t.Context()
	p := w.newPiped("p")
	must(t, w.AddPiped(ctx, p))
	seen := func() int {
		got, err := w.GetPiped(ctx, p.ID)
		must(t, err)
		list, _, err := w.ListPipeds(ctx, w.project, datastore.Page{})
		must(t, err)
		if list[0].LastSeenAt != got.LastSeenAt {
			t.Errorf("the list says %v, the piped %v", list[0].LastSeenAt, got.LastSeenAt)
		}
		return int(got.LastSeenAt.Sub(w.now).Seconds())
	}
	update := func(n int) {
		updated, err := w.UpdatePiped(ctx, p.ID, func(p *model.Piped) error { p.LastSeenAt, p.Version = w.at(n), strconv.Itoa(n); return nil })
		must(t, err)
		if got := int(updated.LastSeenAt.Sub(w.now).Seconds()); got != seen() {
			t.Errorf("the update returned %d, stored is %d", got, seen())
		}
	}
	touch := func(n int) { must(t, w.TouchPiped(ctx, p.ID, w.at(n))) }
	for _, step := range []struct {
		do   func(int)
		n    int
		want int
	}{{touch, 10, 10}, {touch, 10, 10}, {touch, 5, 10}, {touch, 11, 11}, {update, 20, 20}, {update, 7, 20}, {touch, 15, 20}, {touch, 21, 21}} {
		if step.do(step.n); seen() != step.want {
			t.Errorf("after %d the piped was seen at %d, want %d", step.n, seen(), step.want)
		}
	}
}

func testApplicationFilters(t *testing.T, w *world) {
	names, elsewhere := w.addVarious(t)
	yes, no := true, false
	type (
		filter   = datastore.ApplicationFilter
		statuses = []model.SyncStatus
	)
	for _, c := range []struct {
		filter filter
		want   []string
	}{
		{filter{}, []string{"disabled", "named", "deploying", "synced", "other piped", "plain"}},
		{filter{PipedID: w.other}, []string{"other piped"}},
		{filter{NamePart: "Web-É_%"}, []string{"named"}},
		{filter{NamePart: "B-É_%sh"}, []string{"named"}},
		{filter{NamePart: "b-_"}, nil}, // neither is a pattern
		{filter{NamePart: "%"}, []string{"named"}},
		{filter{SyncStatuses: statuses{model.SyncSynced}}, []string{"synced"}},
		{filter{SyncStatuses: statuses{model.SyncDeploying}}, []string{"deploying"}},
		{filter{SyncStatuses: statuses{model.SyncUnknown}}, []string{"disabled", "named", "other piped", "plain"}},
		{
			filter{SyncStatuses: statuses{model.SyncUnknown, model.SyncDeploying, model.SyncUnknown}},
			[]string{"disabled", "named", "deploying", "other piped", "plain"},
		},
		{filter{SyncStatuses: statuses{model.SyncUnknown, model.SyncSynced}, PipedID: w.piped}, []string{"disabled", "named", "synced", "plain"}},
		{filter{SyncStatuses: statuses{model.SyncInvalidConfig}}, nil},
		{filter{Kinds: []model.ApplicationKind{model.KindLambda}}, []string{"disabled"}},
		{filter{Kinds: []model.ApplicationKind{model.KindLambda, model.KindECS}, Disabled: &yes}, []string{"disabled"}},
		{filter{Disabled: &yes}, []string{"disabled"}},
		{filter{Disabled: &no, PipedID: w.piped}, []string{"named", "deploying", "synced", "plain"}},
		{filter{Labels: map[string]string{"env": "prod"}}, []string{"named", "synced"}},
		{filter{Labels: map[string]string{"env": "prod", "team": "a"}}, []string{"named"}},
		{filter{Labels: map[string]string{"team": "a"}}, []string{"disabled", "named"}},
		{filter{Labels: map[string]string{"team": "a"}, Disabled: &no, PipedID: w.piped, NamePart: "w", SyncStatuses: statuses{model.SyncUnknown}}, []string{"named"}},
		{filter{Labels: map[string]string{"tea": "ma"}}, nil},
	} {
		w.checkFilter(t, c.filter, c.want, names)
	}
	anywhere := walk(t, 2, applicationID, w.applications(filter{Labels: map[string]string{w.project: "x"}}))
	if !cmp.Equal(anywhere, []string{elsewhere}) {
		t.Errorf("a label without a project found %v", anywhere)
	}
	if got := walk(t, 50, applicationID, w.applications(filter{PipedID: w.other})); len(got) != 1 {
		t.Errorf("a piped without a project found %v", got)
	}
	if !slices.Contains(walk(t, 500, applicationID, w.applications(filter{})), elsewhere) {
		t.Error("a list without a filter leaves an application out")
	}
}

// addVarious adds applications that differ in what can be filtered by, and one of
// another project. It returns their names by id, and the id of the last.
func (w *world) addVarious(t *testing.T) (names map[string]string, foreign string) {
	t.Helper()
	names = map[string]string{}
	add := func(name string, change func(*model.Application)) {
		a := w.addApplication(t, func(a *model.Application) {
			a.UpdatedAt = w.at(len(names))
			change(a)
		})
		names[a.ID] = name
	}
	add("plain", func(*model.Application) {})
	add("other piped", func(a *model.Application) { a.PipedID = w.other })
	add("synced", func(a *model.Application) {
		a.SyncState.Status = model.SyncSynced
		a.Labels = map[string]string{"env": "prod"}
	})
	add("deploying", func(a *model.Application) { a.SyncState.Status = model.SyncSynced; a.Deploying = true })
	add("named", func(a *model.Application) {
		a.Name = "my web-É_%Shop"
		a.Labels = map[string]string{"env": "prod", "team": "a"}
	})
	add("disabled", func(a *model.Application) {
		a.Disabled, a.Kind = true, model.KindLambda
		a.Labels = map[string]string{"env": "dev", "team": "a"}
	})
	elsewhere := w.addApplication(t, func(a *model.Application) {
		a.ProjectID, a.PipedID, a.Labels = model.NewID(), model.NewID(), map[string]string{"env": "prod", w.project: "x"}
	})
	names[elsewhere.ID] = "elsewhere"
	return names, elsewhere.ID
}

// checkFilter lists and counts the project's applications.
func (w *world) checkFilter(t *testing.T, filter datastore.ApplicationFilter, want []string, names map[string]string) {
	t.Helper()
	filter.ProjectID = w.project
	counts, err := w.CountApplications(t.Context(), filter)
	must(t, err)
	total := 0
	for status, n := range counts {
		total += n
		if f := filter.SyncStatuses; len(f) > 0 && !slices.Contains(f, status) {
			t.Errorf("filter %+v counts %d that are %s", filter, n, status)
		}
	}
	if total != len(want) {
		t.Errorf("filter %+v counts %v, want %d in all", filter, counts, len(want))
	}
	for _, size := range []int{1, 2, 100} {
		var got []string
		for _, id := range walk(t, size, applicationID, w.applications(filter)) {
			got = append(got, names[id])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("filter %+v, pages of %d (-want +got):\n%s", filter, size, diff)
		}
	}
}

// testApplicationOrder: a change moves an application to the front, also in
// lists by label, and a label that was taken off finds it no more.
func testApplicationOrder(t *testing.T, w *world) {
	var ids []string
	for i := range 3 {
		a := w.addApplication(t, func(a *model.Application) { a.UpdatedAt, a.Labels = w.at(i), map[string]string{"env": "prod"} })
		ids = append(ids, a.ID)
	}
	check := func(f datastore.ApplicationFilter, want ...string) {
		t.Helper()
		f.ProjectID = w.project
		if diff := cmp.Diff(want, walk(t, 2, applicationID, w.applications(f))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	change := func(id string, do func(*model.Application)) {
		_, err := w.UpdateApplication(t.Context(), model.Fence{}, id, func(a *model.Application) error { do(a); return nil })
		must(t, err)
	}
	prod, dev := datastore.ApplicationFilter{Labels: map[string]string{"env": "prod"}}, datastore.ApplicationFilter{Labels: map[string]string{"env": "dev"}}
	check(prod, ids[2], ids[1], ids[0])
	change(ids[0], func(a *model.Application) { a.UpdatedAt = w.at(10) })
	check(prod, ids[0], ids[2], ids[1])
	check(datastore.ApplicationFilter{}, ids[0], ids[2], ids[1])
	change(ids[2], func(a *model.Application) { a.Labels["env"] = "dev" })
	check(prod, ids[0], ids[1])
	check(dev, ids[2])
	change(ids[2], func(a *model.Application) { a.Labels = nil })
	check(dev)
	check(datastore.ApplicationFilter{}, ids[0], ids[2], ids[1])
}

func testApplicationPlaces(t *testing.T, w *world) {
	ctx := t.Context()
	first := w.addApplication(t, func(a *model.Application) { a.GitPath.Path = "web" })
	add := func(change func(*model.Application)) (*model.Application, error) {
		a := w.newApplication(func(a *model.Application) { a.GitPath = first.GitPath; change(a) })
		return a, w.AddApplication(ctx, a)
	}
	_, err := add(func(a *model.Application) {
		a.Name, a.PipedID, a.GitPath.URL = "other name", w.other, "https://example.com"
	})
	wantCode(t, err, model.CodeAlreadyExists)
	_, err = add(func(a *model.Application) { a.GitPath.ConfigFilename = "" }) // means the default name
	wantCode(t, err, model.CodeAlreadyExists)
	for _, differs := range []func(*model.Application){
		func(a *model.Application) { a.ProjectID = model.NewID() },
		func(a *model.Application) { a.GitPath.Repo.ID = "REPO" },
		func(a *model.Application) { a.GitPath.Path = "Web" },
		func(a *model.Application) { a.GitPath.ConfigFilename = "other.yaml" },
	} {
		_, err := add(differs)
		must(t, err)
	}

	remove := func(id string, deleted bool) error {
		_, err := w.UpdateApplication(ctx, model.Fence{}, id, func(a *model.Application) error { a.Deleted = deleted; return nil })
		return err
	}
	must(t, remove(first.ID, true))
	second, err := add(func(*model.Application) {})
	must(t, err)
	wantCode(t, remove(first.ID, false), model.CodeAlreadyExists)
	must(t, remove(second.ID, true)) // two deleted ones may have one place
	must(t, remove(first.ID, false))
}

func testDeletedApplications(t *testing.T, w *world) {
	a := w.addApplication(t, func(a *model.Application) { a.Labels = map[string]string{"env": "prod"} })
	_, err := w.UpdateApplication(t.Context(), model.Fence{}, a.ID, func(a *model.Application) error {
		a.Deleted, a.DeletedAt = true, w.at(1)
		return nil
	})
	must(t, err)
	for _, f := range []datastore.ApplicationFilter{{ProjectID: w.project}, {PipedID: w.piped}, {ProjectID: w.project, Labels: a.Labels}} {
		if ids := walk(t, 10, applicationID, w.applications(f)); len(ids) > 0 {
			t.Errorf("filter %+v lists a deleted application", f)
		}
	}
	got, err := w.GetApplication(t.Context(), a.ID)
	must(t, err)
	if !got.Deleted || got.Labels["env"] != "prod" {
		t.Errorf("a deleted application was not kept: %+v", got)
	}
}

func testDeploymentFilters(t *testing.T, w *world) {
	statuses := []model.DeploymentStatus{
		model.DeploymentPending, model.DeploymentPlanned, model.DeploymentRunning, model.DeploymentRollingBack,
		model.DeploymentSuccess, model.DeploymentFailure, model.DeploymentCancelled,
	}
	var all []*model.Deployment // newest first
	for i := range 40 {
		all = append(all, w.newDeployment(func(d *model.Deployment) {
			d.CreatedAt = w.at(-i / 3) // three at a time
			d.Status = statuses[i%len(statuses)]
			d.ApplicationID = fmt.Sprintf("id-%d", i%4)
			d.ApplicationName = fmt.Sprintf("name-%d", i%4)
			d.PipedID = []string{w.piped, w.other}[i%2]
			d.Kind = []model.ApplicationKind{model.KindECS, model.KindECS, model.KindLambda}[i%3]
			d.Labels = map[string]string{"third": strconv.Itoa(i % 3), "fifth": strconv.Itoa(i % 5)}
		}))
	}
	slices.SortFunc(all, func(a, b *model.Deployment) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	for _, i := range shuffled(len(all)) {
		must(t, w.CreateDeployment(t.Context(), model.Fence{}, all[i]))
	}
	w.addDeployment(t, func(d *model.Deployment) { d.ProjectID = model.NewID(); d.PipedID = model.NewID() })
	some := []model.DeploymentStatus{model.DeploymentRunning, model.DeploymentPending, model.DeploymentRunning}
	for _, f := range []datastore.DeploymentFilter{
		{}, {PipedID: w.piped}, {ApplicationID: "id-1"}, {ApplicationNamePart: "name-2"}, {ApplicationNamePart: "AME-2"}, {ApplicationNamePart: "2-"},
		{Statuses: some}, {Statuses: statuses}, {Statuses: some, PipedID: w.other}, {Statuses: some[:1], ApplicationID: "id-2"},
		{Labels: map[string]string{"third": "1"}}, {Labels: map[string]string{"third": "1", "fifth": "2"}},
		{Labels: map[string]string{"third": "1"}, Statuses: some, PipedID: w.piped}, {Labels: map[string]string{"third": "9"}},
		{ApplicationID: "id-1", ApplicationNamePart: "name-1", PipedID: w.other},
		{Kinds: []model.ApplicationKind{model.KindLambda}}, {Kinds: []model.ApplicationKind{model.KindLambda, model.KindECS}},
		{Kinds: []model.ApplicationKind{model.KindECS}, Statuses: some, ApplicationNamePart: "-1"},
		{Kinds: []model.ApplicationKind{model.KindECS}, PipedID: w.piped}, {Statuses: some, ApplicationNamePart: "E-3"},
	} {
		f.ProjectID = w.project
		var want []string
		for _, d := range all {
			if matches(f, d) {
				want = append(want, d.ID)
			}
		}
		for _, size := range []int{1, 7, 500} {
			if diff := cmp.Diff(want, walk(t, size, deploymentID, w.deployments(f))); diff != "" {
				t.Errorf("filter %+v, pages of %d (-want +got):\n%s", f, size, diff)
			}
		}
	}
}

// matches is what a filter means, said a second time.
func matches(f datastore.DeploymentFilter, d *model.Deployment) bool {
	for k, v := range f.Labels {
		if got, ok := d.Labels[k]; !ok || got != v {
			return false
		}
	}
	return (f.PipedID == "" || f.PipedID == d.PipedID) &&
		(f.ApplicationID == "" || f.ApplicationID == d.ApplicationID) &&
		strings.Contains(strings.ToLower(d.ApplicationName), strings.ToLower(f.ApplicationNamePart)) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, d.Kind)) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, d.Status))
}

// shuffled returns 0..n-1 in an order that is neither up nor down, always the same.
func shuffled(n int) []int {
	order := make([]int, n)
	for i := range n {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return (a*7+3)%n - (b*7+3)%n })
	return order
}

func testOpenDeployments(t *testing.T, w *world) {
	var want []string
	for i, status := range []model.DeploymentStatus{
		model.DeploymentPending, model.DeploymentSuccess, model.DeploymentPlanned, model.DeploymentFailure,
		model.DeploymentRunning, model.DeploymentCancelled, model.DeploymentRollingBack,
	} {
		d := w.addDeployment(t, func(d *model.Deployment) { d.CreatedAt, d.Status = w.at(i), status })
		if !status.IsCompleted() {
			want = append(want, d.ID)
		}
	}
	w.addDeployment(t, func(d *model.Deployment) { d.PipedID = w.other })
	open := func(ctx context.Context, page datastore.Page) ([]*model.Deployment, string, error) {
		return w.ListOpenDeployments(ctx, w.piped, page)
	}
	if diff := cmp.Diff(want, walk(t, 2, deploymentID, open)); diff != "" {
		t.Errorf("open deployments, oldest first (-want +got):\n%s", diff)
	}
	_, err := w.UpdateDeployment(t.Context(), model.Fence{}, want[0], func(d *model.Deployment) error {
		return d.ReportCompleted(model.Completion{Status: model.DeploymentCancelled, CompletedAt: w.at(9)}, w.at(9))
	})
	must(t, err)
	if diff := cmp.Diff(want[1:], walk(t, 2, deploymentID, open)); diff != "" {
		t.Errorf("after one was completed (-want +got):\n%s", diff)
	}
}
